"""What was handed to the speaker, and what of it has been heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Stretch:
    """Consecutive samples of one item."""

    item_id: str
    begin: int  # position in the speaker's samples
    end: int
    first_ms: float  # time within the item at which it begins


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an item's sound was cut off."""

    item_id: str
    heard_ms: int
    of_ms: int = 0  # what had come of it


class Playback:
    """Maps the speaker's count of heard samples to items. Positions are samples at `rate`, the link's output rate."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._stretches: deque[_Stretch] = deque()
        self._written = 0
        self._heard = 0
        self._lengths: dict[str, int] = {}  # samples of an item written so far

    @property
    def playing(self) -> bool:
        """Something written has not been heard yet."""
        return self._heard < self._written

    @property
    def item_id(self) -> str | None:
        """The item that is being heard."""
        return self._stretches[0].item_id if self._stretches else None

    def add(self, item_id: str, samples: int) -> None:
        """`samples` of an item were handed to the speaker."""
        before = self._lengths.get(item_id, 0)
        self._lengths[item_id] = before + samples
        self._stretches.append(_Stretch(item_id, self._written, self._written + samples, before * 1000 / self.rate))
        self._written += samples

    def heard(self, position: int) -> tuple[str, ...]:
        """The speaker has played up to `position`; returns the items of which the first sound was heard just now."""
        position = min(max(position, self._heard), self._written)
        begun = tuple(
            stretch.item_id
            for stretch in self._stretches
            if stretch.first_ms == 0 and self._heard <= stretch.begin < position
        )
        self._heard = position
        while self._stretches and self._stretches[0].end <= position:
            self._stretches.popleft()
        return begun

    def flush(self) -> tuple[Cut, ...]:
        """What has not been heard is dropped: where each item was cut."""
        cuts: dict[str, Cut] = {}
        for stretch in self._stretches:
            inside_ms = max(0, self._heard - stretch.begin) * 1000 / self.rate
            if stretch.item_id not in cuts:
                came_ms = self._lengths[stretch.item_id] * 1000 // self.rate
                cuts[stretch.item_id] = Cut(stretch.item_id, int(stretch.first_ms + inside_ms), came_ms)
        self._stretches.clear()
        self._written = self._heard
        return tuple(cuts.values())
