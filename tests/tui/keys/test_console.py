"""Records as the Windows console documents them, and as its reader sorts them."""

from __future__ import annotations

from tui_assistant.tui.keys.console import UP, KeyRecord, sort_records
from tui_assistant.tui.keys.terminal import virtual_key

SPACE = 0x20


def typed(text: str, virtual: int = 0) -> list[KeyRecord]:
    """A key that goes down, in VT input mode: one record per UTF-16 unit."""
    units = text.encode("utf-16-le", "surrogatepass")
    pairs = [units[at : at + 2].decode("utf-16-le", "surrogatepass") for at in range(0, len(units), 2)]
    return [KeyRecord(True, virtual, unit) for unit in pairs]


def test_a_held_space() -> None:
    records = [*typed(" ", SPACE) * 4, KeyRecord(False, SPACE, " "), *typed("m", 0x4D), KeyRecord(False, 0x4D, "m")]
    assert list(sort_records(records, SPACE)) == ["    ", UP, "m"]


def test_only_the_watched_key_has_a_release() -> None:
    records = [*typed("a", 0x41), KeyRecord(False, 0x41, "a"), *typed("b", 0x42), KeyRecord(False, 0x42, "b")]
    assert list(sort_records(records, SPACE)) == ["ab"]
    assert list(sort_records(records, None)) == ["ab"]


def test_a_function_key_comes_as_its_sequence_and_goes_by_its_code() -> None:
    f4 = virtual_key("f4")
    records = [*typed("\x1bOS"), *typed("\x1bOS"), KeyRecord(False, 0x73, "\0")]
    assert list(sort_records(records, f4)) == ["\x1bOS\x1bOS", UP]


def test_modifiers_write_nothing_and_pairs_stay_together() -> None:
    shift = KeyRecord(True, 0, "\0", control_state=0x10)
    high, low = typed("👍")
    assert list(sort_records([shift, high, KeyRecord(False, 0x41, "a"), low], SPACE)) == ["👍"]
    assert list(sort_records([high], SPACE)) == ["\N{REPLACEMENT CHARACTER}"], "half a character"


def test_virtual_key_codes() -> None:
    assert [virtual_key(key) for key in ("space", "f1", "f24", "ctrl+t", "T", "7")] == [
        0x20, 0x70, 0x87, 0x54, 0x54, 0x37,
    ]  # fmt: skip
    assert virtual_key("full_stop") is None
