"""Downloads from a server on this machine: resumed, truncated, wrong, unreachable."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stub_server import Request, StubServer, respond

from tui_assistant.errors import ModelError
from tui_assistant.models.catalogue import Entry, File
from tui_assistant.models.store import Store

CONTENT = random.Random(1).randbytes(300_000)
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


def open_store(server: StubServer, folder: Path, **other: Any) -> Store:
    values = {"url": f"{server.url}/m.bin", "sha256": CHECKSUM, "size": len(CONTENT), **other}
    return Store(folder / "models", {"m": Entry("m", "MIT", (File("", **values),))})


def offer(*, ranges: bool = True, cut: int | None = None) -> Any:
    """Serves CONTENT; `cut`: at most so many bytes before the connection breaks."""

    def handle(request: Request) -> Iterator[bytes | str]:
        start = int(request.headers.get("range", "bytes=0-")[6:-1]) if ranges else 0
        rest = CONTENT[start:]
        partial = start > 0
        head = f"HTTP/1.1 {206 if partial else 200} X\r\nContent-Length: {len(rest)}\r\nConnection: close\r\n"
        if partial:
            head += f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}\r\n"
        yield head.encode() + b"\r\n" + (rest if cut is None else rest[:cut])

    return handle


def test_a_model_is_downloaded_with_progress_and_found_again(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    store = open_store(server, tmp_path)
    with pytest.raises(ModelError, match=r"not on this machine \(tui-assistant models get m\)"):
        store.path("m")
    seen: list[tuple[int, int]] = []
    path = store.get("m", lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert store.path("m") == path
    assert store.verify("m")
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(file.name for file in path.parent.iterdir()) == ["m", "m.json"]
    assert store.get("m") == path
    assert len(server.requests) == 1  # nothing is fetched twice


def test_a_broken_download_is_resumed_where_it_broke(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer(cut=80_000)
    store = open_store(server, tmp_path)
    assert store.get("m").read_bytes() == CONTENT
    assert [request.headers.get("range") for request in server.requests] == [
        None,
        "bytes=80000-",
        "bytes=160000-",
        "bytes=240000-",
    ]


def test_what_came_is_kept_for_the_next_time(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer(cut=20_000)
    store = open_store(server, tmp_path)
    with pytest.raises(ModelError, match=r"the connection broke .* again: it goes on from there"):
        store.get("m")
    assert not store.installed("m")
    server.handler = offer()
    assert store.get("m").read_bytes() == CONTENT
    assert server.requests[-1].headers["range"] == "bytes=80000-"


def test_a_server_that_cannot_resume_begins_anew(server: StubServer, tmp_path: Path) -> None:
    store = open_store(server, tmp_path)
    store.folder.mkdir()
    (store.folder / "m.part").write_bytes(b"old" * 1000)
    server.handler = offer(ranges=False)
    assert store.get("m").read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_behind(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    store = open_store(server, tmp_path, sha256="0" * 64)
    with pytest.raises(ModelError, match="its checksum is wrong"):
        store.get("m")
    assert list(store.folder.iterdir()) == []
    good = open_store(server, tmp_path)
    good.get("m").write_bytes(b"x" * len(CONTENT))  # damaged later
    assert good.installed("m")
    assert not good.verify("m")
    assert good.get("m").read_bytes() == CONTENT


def test_a_file_that_is_too_long_is_refused(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    store = open_store(server, tmp_path, size=1000)
    with pytest.raises(ModelError, match="longer than it should be"):
        store.get("m")
    assert not store.installed("m")


@pytest.mark.parametrize("status", [403, 404, 416, 500])
def test_a_refusal_is_said(server: StubServer, tmp_path: Path, status: int) -> None:
    server.handler = lambda request: respond(status, b"no")
    with pytest.raises(ModelError, match=rf"not offered any more \({status}\)"):
        open_store(server, tmp_path).get("m")


def test_without_a_network_and_without_a_folder_one_line_is_said(server: StubServer, tmp_path: Path) -> None:
    store = open_store(server, tmp_path)
    server.close()
    with pytest.raises(ModelError, match="the server cannot be reached"):
        store.get("m")
    (tmp_path / "file").write_text("in the way")
    blocked = Store(tmp_path / "file", {"m": Entry("m", "MIT", (File("", server.url, 5, CHECKSUM),))})
    with pytest.raises(ModelError, match="cannot be stored"):
        blocked.get("m")


def test_removing_and_unknown_names(server: StubServer, tmp_path: Path) -> None:
    server.handler = offer()
    store = open_store(server, tmp_path)
    store.get("m")
    assert store.remove("m") is True
    assert store.remove("m") is False
    for call in (store.get, store.path, store.remove):
        with pytest.raises(ModelError, match=r"no model called '\.\./x' to download \(there are: m\)"):
            call("../x")


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Store().folder.parts[-2:] == ("tui-assistant", "models")
    assert [entry.name for entry in Store().entries()][:2] == ["smart-turn", "moonshine-tiny"]
