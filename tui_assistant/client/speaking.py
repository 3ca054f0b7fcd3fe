"""The assistant's side: what is played of its answers, and what is told to the server when they are cut off. Pure."""

from __future__ import annotations

import base64

from tui_assistant.client.answers import Answers
from tui_assistant.client.effects import Effect, Flush, Play, PlayEnd
from tui_assistant.client.playback import Playback
from tui_assistant.client.transcript import Transcript
from tui_assistant.protocol import client, server


class Speaking:
    """Follows the events of answers; `transcript` shows where they were cut."""

    def __init__(self, rate: int, transcript: Transcript) -> None:
        """`rate`: of the link's output."""
        self.playback = Playback(rate)
        self.answers = Answers()
        self._transcript = transcript

    @property
    def asks(self) -> bool:
        """The answer that is heard ends with a question, as far as it is written."""
        item_id = self.playback.item_id or ""
        return item_id in self._transcript and self._transcript[item_id].text.rstrip().endswith("?")

    def take(self, event: server.ServerEvent) -> list[Effect]:
        """Sound goes to the player, unless its answer was cut off."""
        match event:
            case server.OutputItemAdded(response_id=response_id, item=item):
                self.answers.item_added(response_id, item)
            case _ if self.answers.drops(event):
                return []
            case server.OutputAudioDelta(item_id=item_id, delta=delta):
                pcm = base64.b64decode(delta)
                self.answers.sounds(item_id)
                self.playback.add(item_id, len(pcm) // 2)
                return [Play(item_id, pcm)]
            case server.OutputTextDelta(item_id=item_id):
                self.answers.sounds(item_id)
            case server.OutputAudioDone():
                return [PlayEnd()]
        return []

    def cancel(self) -> list[Effect]:
        """Ends the response that is being made; what of it was written and never said is taken back."""
        effects: list[Effect] = []
        for event in self.answers.cancel():
            effects.append(event)
            if isinstance(event, client.ConversationItemDelete):
                effects += self._transcript.interrupted(event.item_id, 0, 0)
        return effects

    def stop(self) -> list[Effect]:
        """Stops the sound and tells the server what was heard of it."""
        if not self.playback.playing:
            return []
        effects: list[Effect] = [Flush()]
        for cut in self.playback.flush():
            self.answers.cut(cut.item_id)
            effects.append(client.ConversationItemTruncate(item_id=cut.item_id, audio_end_ms=cut.heard_ms))
            effects += self._transcript.interrupted(cut.item_id, cut.heard_ms, cut.of_ms)
        return effects
