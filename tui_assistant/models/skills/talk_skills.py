"""Help and small talk."""

from __future__ import annotations

from collections.abc import Callable

from .base import Arguments, Context, Outcome, Skill

_HELP = (
    "I can tell the time and the date, set timers, do sums, convert units and take notes. "
    "Try: set a timer for five minutes. Or: how many ounces are in two cups. Or: make a note buy milk."
)
_JOKES = (
    "Why did the timer feel calm? It knew that everything would be over soon.",
    "I would tell you a joke about silence, but you have to wait half a second for it.",
    "There are ten kinds of people: those who count in binary, and those who don't.",
    "I asked the microphone for its opinion. It said it was only repeating what it heard.",
)


def _says(text: str) -> Callable[[Arguments, Context], Outcome]:
    def handler(_: Arguments, __: Context) -> Outcome:
        return Outcome(text)

    return handler


def _joke(_: Arguments, context: Context) -> Outcome:
    """Another one each minute, and never the same twice running."""
    jokes = [joke for joke in _JOKES if joke != context.last_answer]
    return Outcome(jokes[context.now().minute % len(jokes)])


def _talk(name: str, description: str, answer: str, *phrases: str, weight: float = 0.5) -> Skill:
    return Skill(name, description, phrases, _says(answer), lambda _: description, chatter=True, weight=weight)


HELP = Skill(
    name="help",
    description="Tells what the assistant can do.",
    phrases=(
        "help [me]",
        "what can (you do|i say|i ask|you help me with) [for me]",
        "what do you (do|know|understand)",
        "(how|what) can you help me",
        "what are (your skills|you able to do|the commands)",
        "i need help",
        "how does this work",
        "what can i (ask you|say to you|do here)",
        "(list|show|tell me) [me] (the|your|all) commands",
        "tell me what you can do",
    ),
    handler=_says(_HELP),
    restate=lambda _: "tell you what I can do",
    weight=1.0,
)

TALK_SKILLS = (
    HELP,
    _talk("hello", "greet you", "Hello. What can I do for you?",
          "(hello|hi) [there|again|computer|assistant]", "good (morning|afternoon|evening|day)",
          "are you there", "can you hear me", weight=0.7),
    _talk("thanks", "say you're welcome", "You're welcome.",
          "(thanks|thank you) [very much|so much|a lot|for that|for your help]", "many thanks",
          "(great|nice|perfect|good job|well done|awesome|cool) [thanks|thank you]", weight=0.7),
    _talk("how_are_you", "say how I am", "I'm fine, thanks. Everything runs on this machine.",
          "how are you [doing] [today]", "how is it going", "how do you feel", "are you (okay|well|fine)"),
    _talk("who_are_you", "say who I am", "I'm your assistant in the terminal.",
          "who are you", "what is your name", "what are you", "do you have a name", "who am i talking to",
          "introduce yourself", "tell me about yourself", "who (made|built) you"),
    _talk("goodbye", "say goodbye", "Goodbye.",
          "(goodbye|good bye|bye|bye bye)", "good night", "see you [later|tomorrow]", "talk to you later", "farewell"),
    Skill("joke", "tell a joke", ("tell [me] [a|another] [good|funny] joke", "another joke",
                                  "do you know [a|any] (joke|jokes)", "make me laugh", "say something funny"),
          _joke, lambda _: "tell a joke", chatter=True, weight=0.5),
)  # fmt: skip
