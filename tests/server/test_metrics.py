"""What /metrics says after things have happened, read by Prometheus' own parser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from recording import blocks, sentence
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tui_assistant.server.app import RealtimeServer, ServerOptions
from tui_assistant.server.board import Board
from tui_assistant.server.exposition import exposition
from tui_assistant.server.metrics import ERRORS, LATENCY, REFUSED, SHOWN
from tui_assistant.testing.server import scripted

Figures = dict[tuple[str, str], float]  # by name and the value of its label


def read(text: str) -> Figures:
    return {
        (sample.name.removeprefix("tui_assistant_"), "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def http(url: str, path: str) -> str:
    return url.replace("ws://", "http://").replace("/v1/realtime", path)


async def scrape(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(http(url, "/metrics"), headers=headers)


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[RealtimeServer]:
    server = RealtimeServer(ServerOptions(port=0, metrics=True, **options), scripted(["hello"], ["It is noon."]))
    async with server.running():
        yield server


async def until(client: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            event: dict[str, Any] = json.loads(await client.recv())
            if event["type"] == kind:
                return event


async def test_a_spoken_turn_is_counted() -> None:
    audio = sentence()
    async with serving() as server:
        async with connect(server.url, proxy=None) as client:
            for block in blocks(audio):
                await client.send(json.dumps({"type": "input_audio_buffer.append", "audio": block}))
            await until(client, "response.done")
            await client.send('{"type":"nonsense"}')
            await client.send('{"type":"response.cancel"}')
            await until(client, "error")
            await until(client, "error")
            assert read((await scrape(server.url)).text)["sessions_open", ""] == 1
        async with asyncio.timeout(60):
            while server.sessions:  # noqa: ASYNC110  # a number of the server
                await asyncio.sleep(0.01)
        answer = await scrape(server.url)
    figures = read(answer.text)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (figures["sessions_open", ""], figures["sessions_total", ""]) == (0, 1)
    assert figures["turns_total", ""] == 1
    assert figures["responses_total", "completed"] == 1
    assert (figures["errors_total", "invalid_value"], figures["errors_total", "response_cancel_not_active"]) == (1, 1)
    assert figures["audio_seconds_total", "in"] == pytest.approx(len(audio) / 48_000, abs=0.01)
    assert figures["audio_seconds_total", "out"] == pytest.approx(0.020 * len("It is noon."), abs=0.01)
    assert figures["append_to_event_seconds_count", ""] == 2  # started and stopped
    assert figures["append_to_event_seconds_bucket", "+Inf"] == 2
    assert 0 < figures["append_to_event_seconds_sum", ""] < 60


async def test_the_reasons_for_refusals_are_counted() -> None:
    async with serving(token="s3cret", max_sessions=1) as server:
        good = {"Authorization": "Bearer s3cret"}

        async def refused(path: str = "/v1/realtime", **headers: str) -> int:
            with pytest.raises(InvalidStatus) as error:
                await connect(server.url.replace("/v1/realtime", path), additional_headers=headers, proxy=None)
            return error.value.response.status_code

        assert await refused() == 401
        assert await refused(**good, Origin="http://evil.example") == 403
        assert await refused("/v9", **good) == 404
        async with connect(server.url, additional_headers=good, proxy=None) as client:
            await client.recv()
            assert await refused(**good) == 503
        figures = read((await scrape(server.url, **good)).text)
    refusals = {label: value for (name, label), value in figures.items() if name == "refused_total"}
    assert {label for label, value in refusals.items() if value} == {"token", "origin", "path", "full"}
    assert sum(refusals.values()) == 4


async def test_it_is_behind_the_same_gate_as_the_rest_and_only_on_request() -> None:
    async with serving(token="s3cret") as server:
        assert (await scrape(server.url)).status_code == 401
        assert (await scrape(server.url, Authorization="Bearer s3cret")).status_code == 200
        assert (await scrape(server.url, Authorization="Bearer s3cret", Host="evil.example")).status_code == 403
        evil = await scrape(server.url, Authorization="Bearer s3cret", Origin="http://evil.example")
        assert evil.status_code == 403
        assert "tui_assistant_" not in evil.text
    server = RealtimeServer(ServerOptions(port=0), scripted(["hello"], ["Hello."]))
    async with server.running():
        assert (await scrape(server.url)).status_code == 404


def test_all_slots_are_summed_and_a_histogram_is_cumulative() -> None:
    board = Board(2)
    for number, seconds in ((0, 0.001), (1, 0.0011), (2, 0.3), (2, 7.0)):
        board.slot(number).observe(LATENCY, seconds)
        board.slot(number).add(REFUSED, "host")
    figures = read(exposition(board.cells()))
    buckets = [value for (name, _), value in figures.items() if name == "append_to_event_seconds_bucket"]
    assert buckets == [1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 4]  # a bound belongs to its bucket
    assert figures["append_to_event_seconds_count", ""] == 4
    assert figures["append_to_event_seconds_sum", ""] == pytest.approx(7.3021)
    assert figures["refused_total", "host"] == 4


def test_what_nobody_has_listed_is_other() -> None:
    board = Board(1)
    board.slot(1).add(ERRORS, 'made up by a client"} 1\n')
    text = exposition(board.cells())
    assert read(text)["errors_total", "other"] == 1
    assert "made up" not in text


def test_every_metric_has_help_type_and_cells_of_its_own() -> None:
    text = exposition(Board(1).cells())
    assert {family.name for family in text_string_to_metric_families(text) if family.documentation} == {
        metric.name.removesuffix("_total") for metric in SHOWN
    }
    assert {family.type for family in text_string_to_metric_families(text)} == {"counter", "gauge", "histogram"}
    board = Board(1)
    for metric in SHOWN[:6] + SHOWN[7:]:
        for value in metric.values:
            board.slot(1).add(metric, value)
    cells = [value for (name, _), value in read(exposition(board.cells())).items() if "append_to" not in name]
    assert set(cells) == {1}
