"""Several sinks in one process: each with its own troubles, and one end for all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.record.test_recorder import GENEROUS, SECONDS, Moody, posted, public, until

from trunkline.errors import BadInput, Unauthorized
from trunkline.record import Limits, Recorders, Source
from trunkline.server import Server
from trunkline.sinks import SinkError, SinkUnavailable, SqliteSink
from trunkline.testing import serving

SMALL = Limits(batch_events=10, batch_seconds=0.05)


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Server, Server]]:
    async with serving(settings=GENEROUS) as one, serving(settings=GENEROUS) as other:
        yield one, other


@pytest.fixture
async def server(servers: tuple[Server, Server]) -> Server:
    return servers[0]


def narrow(server: Server) -> Source:
    return Source.of(server.url, "public", access_token=server.token, buffer_events=10)


async def test_each_server_is_recorded_into_its_own_sink(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    paths = tmp_path / "a.db", tmp_path / "b.db"
    with closing(SqliteSink(paths[0])) as first, closing(SqliteSink(paths[1])) as second:
        parts = [([narrow(servers[0])], first), ([narrow(servers[1])], second)]
        task = asyncio.create_task(Recorders(parts, limits=Limits(count=5)).run())
        for one in servers:
            await one.wait_for_subscribers(1)
        ids = [[str(one.world.post()["id"]) for _ in range(2)] for one in servers]
        await until(lambda: len(posted(paths[0])) + len(posted(paths[1])) == 4)
        ids[0].append(str(servers[0].world.post()["id"]))
        progress = await asyncio.wait_for(task, SECONDS)
    assert [posted(path) for path in paths] == ids
    assert progress.stored == 5
    assert [one.server for one in progress.servers] == [one.url for one in servers]


async def test_a_count_is_one_of_all_sinks_and_the_next_run_takes_the_rest(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    paths = tmp_path / "a.db", tmp_path / "b.db"
    ids: list[list[str]] = []
    for count in (7, 13):
        with closing(SqliteSink(paths[0])) as first, closing(SqliteSink(paths[1])) as second:
            parts = [([public(servers[0])], first), ([public(servers[1])], second)]
            task = asyncio.create_task(Recorders(parts, limits=Limits(count=count)).run())
            for one in servers:
                await one.wait_for_subscribers(1)
            if not ids:
                ids = [[str(one.world.post()["id"]) for _ in range(10)] for one in servers]
            assert (await asyncio.wait_for(task, SECONDS)).stored == count
    assert [posted(path) for path in paths] == ids


async def test_the_last_of_a_count_is_finished_although_it_fills_its_batch(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    ids: list[str] = []
    for count in (3, 2):
        with closing(SqliteSink(path)) as sink:
            limits = Limits(count=count, batch_events=count, batch_seconds=60.0)
            task = asyncio.create_task(Recorders([([public(server)], sink)], limits=limits).run())
            await server.wait_for_subscribers(1)
            if not ids:
                ids = [str(server.world.post()["id"]) for _ in range(5)]
            await asyncio.wait_for(task, SECONDS)
    assert posted(path) == ids


async def test_a_full_disk_stops_only_what_is_recorded_there(
    servers: tuple[Server, Server], tmp_path: Path
) -> None:
    paths = tmp_path / "a.db", tmp_path / "b.db"
    with closing(Moody(SqliteSink(paths[0]))) as full, closing(SqliteSink(paths[1])) as other:
        recorders = Recorders(
            [([narrow(servers[0])], full), ([narrow(servers[1])], other)], limits=SMALL
        )
        task = asyncio.create_task(recorders.run())
        for one in servers:
            await one.wait_for_subscribers(1)
        full.error = SinkUnavailable("The disk is full.")
        ids = [[str(one.world.post()["id"]) for _ in range(100)] for one in servers]
        await until(lambda: posted(paths[1]) == ids[1])
        await until(lambda: recorders.progress().trouble == "The disk is full.")
        assert recorders.progress().waiting <= 11
        full.error = None
        await until(lambda: posted(paths[0]) == ids[0])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_broken_sink_is_told_at_once_and_raised_at_the_end(
    servers: tuple[Server, Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "b.db"
    with (
        closing(Moody(SqliteSink(tmp_path / "a.db"))) as broken,
        closing(SqliteSink(path)) as other,
    ):
        broken.error = SinkError("The file is damaged.")
        recorders = Recorders([([narrow(servers[0])], broken), ([narrow(servers[1])], other)])
        task = asyncio.create_task(recorders.run())
        await until(lambda: recorders.progress().trouble == "The file is damaged.")
        told = [one.message for one in caplog.records if one.levelno >= logging.ERROR]
        assert told == ["trunkline.sink_failed"]
        await servers[1].wait_for_subscribers(1)
        status = servers[1].world.post()
        await until(lambda: posted(path) == [status["id"]])
        task.cancel()
        with pytest.raises(SinkError, match="damaged"):
            await task


async def test_only_when_every_server_of_every_sink_has_refused_it_ends_with_the_reason(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "b.db"
    with closing(SqliteSink(tmp_path / "a.db")) as first, closing(SqliteSink(path)) as second:
        refused = Source.of(server.url, "user", access_token="wrong")
        recorders = Recorders([([refused], first), ([narrow(server)], second)])
        task = asyncio.create_task(recorders.run())
        await until(lambda: recorders.progress().servers[0].state == "refused")
        await server.wait_for_subscribers(1)
        status = server.world.post()
        await until(lambda: posted(path) == [status["id"]])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        parts = [([refused], first), ([Source.of(server.url, "direct", access_token="x")], second)]
        with pytest.raises(Unauthorized):
            await asyncio.wait_for(Recorders(parts).run(), SECONDS)


async def test_an_error_of_our_own_ends_all_of_it(server: Server, tmp_path: Path) -> None:
    with closing(SqliteSink(tmp_path / "a.db")) as first, closing(SqliteSink(tmp_path / "b")) as b:
        recorders = Recorders([([public(server)], first), ([public(server)], b)])
        recorders._recorders[0]._take = None  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(recorders.run())
        await server.wait_for_subscribers(2)
        server.world.post()
        with pytest.raises(TypeError):
            await asyncio.wait_for(task, SECONDS)


def test_what_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    source = Source.of("https://a.example", "public")
    with closing(SqliteSink(tmp_path / "a.db")) as sink:
        with pytest.raises(BadInput, match="at least one server"):
            Recorders([])
        with pytest.raises(BadInput, match="each sink once"):
            Recorders([([source], sink), ([source], sink)])
