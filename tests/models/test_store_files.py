"""Models of several files: what is half here, damaged, without a known checksum, or not to be fetched at all."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import Request, StubServer, respond

from tui_assistant.errors import ModelError
from tui_assistant.models import checksums
from tui_assistant.models.catalogue import CATALOGUE, Entry, File, piper_voice
from tui_assistant.models.store import Store

PARTS = {"weights.bin": random.Random(1).randbytes(5_000_000), "words.txt": b"one\ntwo\n" * 500}
TOTAL = sum(len(content) for content in PARTS.values())


def offer(cut: int | None = None, contents: dict[str, bytes] = PARTS) -> Any:
    """`cut`: at most so many bytes of the first file before the connection breaks."""

    def handle(request: Request) -> Iterator[bytes]:
        content = contents[request.path.rpartition("/")[2]]
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        if start and start >= len(content):
            return respond(416, Content_Range=f"bytes */{len(content)}")
        return (piece for piece in answer(content, start, cut))

    return handle


def answer(content: bytes, start: int, cut: int | None) -> Iterator[bytes]:
    head = f"HTTP/1.1 {206 if start else 200} X\r\nContent-Length: {len(content) - start}\r\nConnection: close\r\n"
    if start:
        head += f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}\r\n"
    yield head.encode() + b"\r\n" + content[start:][: cut if cut else None]


def store(server: StubServer, folder: Path, kind: str = "sha256", **more: Any) -> Store:
    files = []
    for name, content in PARTS.items():
        sums = {"sha256": hashlib.sha256(content).hexdigest()} if kind == "sha256" else {}
        size = 0 if kind == "unknown" else len(content)
        files.append(File(name, f"{server.url}/m/{name}", size, **sums))
    return Store(folder / "models", {"m": Entry("m", "MIT", tuple(files), "somebody")}, **more)


def test_all_files_come_and_the_progress_is_that_of_the_whole(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    models = store(server, tmp_path)
    seen: list[tuple[int, int]] = []
    folder = models.get("m", lambda done, total: seen.append((done, total)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == PARTS
    assert seen == sorted(seen)
    assert seen[-1] == (TOTAL, TOTAL)
    assert models.path("m") == folder
    assert models.verify("m")
    assert models.remove("m")
    assert list(models.folder.iterdir()) == []


def test_half_a_model_is_said_and_gone_on_with(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer(cut=500_000)
    models = store(server, tmp_path)
    with pytest.raises(ModelError, match="the connection broke"):
        models.get("m")
    assert models.held("m") == 2_000_000
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"only 2\.0 of 5\.0 MB of the model m are here \(.* get m goes on"):
        models.path("m")
    assert time.monotonic() - began < 1
    server.handler = offer()
    models.get("m")
    ranges = [request.headers.get("range") for request in server.requests]
    assert ranges[4:] == ["bytes=2000000-", None]
    assert models.verify("m")


def test_a_file_that_was_cut_replaced_or_deleted_is_noticed_and_only_that_is_fetched(
    server: StubServer, tmp_path: Path
) -> None:
    server.handler = offer()
    models = store(server, tmp_path)
    weights = models.get("m") / "weights.bin"
    whole = weights.read_bytes()
    for spoil, line in (
        (lambda: weights.write_bytes(whole[:1_000_000]), r"only 1\.0 of 5\.0 MB"),
        (lambda: weights.write_bytes(bytes(len(whole))), r"the model m is damaged: weights\.bin is not what was"),
        (weights.unlink, r"only 0\.0 of 5\.0 MB"),
    ):
        spoil()
        if weights.exists():
            os.utime(weights, (1, 1))
        before = len(server.requests)
        began = time.monotonic()
        with pytest.raises(ModelError, match=line):
            models.path("m")
        assert time.monotonic() - began < 1
        models.get("m")
        assert [request.path for request in server.requests[before:]] == ["/m/weights.bin"]
        assert models.path("m") == weights.parent


def test_a_file_that_was_only_copied_is_looked_at_once(
    server: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.handler = offer()
    models = store(server, tmp_path)
    weights = models.get("m") / "weights.bin"
    os.utime(weights, (1, 1))
    assert models.path("m") == weights.parent
    monkeypatch.setattr(checksums, "sha256", lambda path: pytest.fail("it was read again"))
    assert models.path("m") == weights.parent


def test_what_is_not_known_beforehand_is_recorded_and_holds_from_then_on(server: StubServer, tmp_path: Path) -> None:
    models = store(server, tmp_path, "unknown")
    server.handler = offer(cut=3_000_000)
    folder = models.get("m")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == PARTS
    assert not models.entry("m").known
    assert models.installed("m")
    assert models.verify("m")
    (folder / "words.txt").write_bytes(b"other" * 800)
    assert not models.verify("m")
    server.handler = offer(contents={**PARTS, "words.txt": b"x" * 4_000})
    with pytest.raises(ModelError, match=r"not what it was when it first came \(if .* models remove m\)"):
        models.get("m")
    server.handler = offer()
    models.get("m")
    assert models.verify("m")


def test_a_part_that_is_whole_already_is_not_fetched_again(server: StubServer, tmp_path: Path) -> None:
    models = store(server, tmp_path, "unknown")
    (models.folder / "m").mkdir(parents=True)
    (models.folder / "m" / "weights.bin.part").write_bytes(PARTS["weights.bin"])
    server.handler = offer()
    models.get("m")
    assert models.verify("m")


def test_a_transfer_that_never_says_its_length_is_whole_when_it_ends(server: StubServer, tmp_path: Path) -> None:
    def handle(request: Request) -> Iterator[bytes]:
        content = PARTS[request.path.rpartition("/")[2]]
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        for start in range(0, len(content), 100_000):
            piece = content[start : start + 100_000]
            yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        yield b"0\r\n\r\n"

    server.handler = handle
    models = store(server, tmp_path, "unknown")
    folder = models.get("m")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == PARTS
    assert len(server.requests) == 2


def test_offline_mode_never_touches_the_network_and_says_so(server: StubServer, tmp_path: Path) -> None:
    models = store(server, tmp_path, offline=True)
    with pytest.raises(ModelError, match="offline mode is on: the model m is not downloaded"):
        models.get("m")
    assert server.requests == []
    server.handler = offer()
    store(server, tmp_path).get("m")
    server.requests.clear()
    assert models.get("m") == models.path("m")  # what is here may be used
    assert server.requests == []


def test_two_downloads_at_once_do_not_spoil_each_other(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    models, other = store(server, tmp_path), store(server, tmp_path)
    refused: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if not refused:
            with pytest.raises(ModelError) as raised:
                other.get("m")
            refused.append(str(raised.value))

    models.get("m", meanwhile)
    assert refused == ["another program is downloading a model (wait until it has finished)"]
    assert models.verify("m")
    assert other.get("m") == models.path("m")


def test_a_model_that_does_not_fit_is_not_begun(
    server: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 20_000_000))
    with pytest.raises(ModelError, match=r"needs 5 MB, and 20 MB are free \(make room\)"):
        store(server, tmp_path).get("m")
    assert server.requests == []


def test_a_record_that_cannot_be_read_does_not_stand_in_the_way(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    models = store(server, tmp_path)
    folder = models.get("m")
    for nonsense in ("", "[]", '{"weights.bin": 5}', '{"weights.bin": {"size": "x"}}'):
        (models.folder / "m.json").write_text(nonsense)
        assert models.path("m") == folder
        assert models.verify("m")


@pytest.mark.parametrize("size", [0, 1, 4_095, 4_096, 10_000, 4 * 2**20, 4 * 2**20 + 4_097])
def test_crc32c_agrees_with_a_loop_over_the_bits(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    state = 0xFFFFFFFF
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0x82F63B78 if value & 1 else value >> 1
        table.append(value)
    for byte in content:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    (tmp_path / "f").write_bytes(content)
    import base64

    assert base64.b64decode(checksums.crc32c(tmp_path / "f")) == (state ^ 0xFFFFFFFF).to_bytes(4)


def test_crc32c_of_the_standards_own_example(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"123456789")  # E3069283: the check value of CRC-32/ISCSI in the catalogue of CRCs
    assert checksums.crc32c(tmp_path / "f") == "4waSgw=="


def test_a_wrong_crc32c_is_refused(server: StubServer, tmp_path: Path) -> None:
    file = File("words.txt", f"{server.url}/words.txt", len(PARTS["words.txt"]), crc32c="AAAAAA==")
    models = Store(tmp_path / "models", {"m": Entry("m", "MIT", (file,))})
    server.handler = offer()
    with pytest.raises(ModelError, match="its checksum is wrong"):
        models.get("m")
    assert models.held("m") == 0


def test_every_voice_of_piper_has_an_entry_and_nothing_else(tmp_path: Path) -> None:
    models = Store(tmp_path)
    found = models.entry("piper-de_DE-thorsten-medium")
    assert [file.url.partition("/resolve/")[2] for file in found.files] == [
        "v1.0.0/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx",
        "v1.0.0/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx.json",
    ]
    assert not found.known
    for name in ("piper-", "piper-../../x", "piper-de_DE-a/b-medium", "piper-de_DE-thorsten-medium.onnx"):
        with pytest.raises(ModelError, match="there is no model called"):
            models.entry(name)
    assert piper_voice("en_US-joe-medium") is not None


def test_the_catalogue_is_complete() -> None:
    for name, entry in CATALOGUE.items():
        assert entry.name == name
        assert entry.licence in ("MIT", "BSD-2-Clause", "Apache-2.0", "CC0-1.0")
        assert entry.source
        assert entry.gives
        assert entry.known
        assert entry.size > 0
        assert all(file.url.startswith("https://") for file in entry.files)
        assert not entry.package or all(file.member for file in entry.files)
    assert round(CATALOGUE["moonshine-tiny"].size / 1e6) == 45
