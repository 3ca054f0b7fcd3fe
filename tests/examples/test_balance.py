import balance

from tui_assistant.runtime.api import Phase, ScopeFrame, Snapshot


def test_each_gets_a_share_of_the_time():
    phases = [Phase.SPEECH] * 500 + [Phase.ANSWER] * 250 + [Phase.QUIET] * 250
    frames = tuple(ScopeFrame(32 * number, 1.0, -20.0, phase) for number, phase in enumerate(phases))
    you, assistant = balance.Balance().draw(Snapshot(frames=frames), 57)
    assert you == (("you         16 s ", "dim"), ("█" * 20, "voice"))
    assert assistant == (("assistant    8 s ", "dim"), ("█" * 10, "bot"))
