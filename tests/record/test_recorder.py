"""Recording from a running server: everything once, across cuts, crashes and sinks that fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
from tests.sinks.builders import is_sound, opened, rows

from trunkline.errors import BadInput, Unauthorized
from trunkline.record import Limits, Progress, Recorder, Source, record
from trunkline.server import Server
from trunkline.server.throttle import Limit, RateLimits
from trunkline.sinks import Batch, SinkError, SinkUnavailable, SqliteSink
from trunkline.testing import Settings, serving

POSTED = "SELECT id FROM events WHERE name = 'update' ORDER BY seq"
SECONDS = 30.0
_PLENTY = Limit(requests=100_000, period_seconds=300.0)
GENEROUS = Settings(rate_limits=RateLimits(general=_PLENTY, paged=_PLENTY))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(settings=GENEROUS) as server:
        yield server


def public(server: Server, *streams: str) -> Source:
    return Source.of(
        server.url, *(streams or ("public",)), access_token=server.token, settle_seconds=0.05
    )


@asynccontextmanager
async def recording(recorder: Recorder) -> AsyncIterator[asyncio.Task[Progress]]:
    """Record beside the test until it is over; cancelled as Ctrl-C does it."""
    task = asyncio.create_task(recorder.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again until something has come about."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def posted(path: Path) -> list[object]:
    return [row[0] for row in rows(path, POSTED)]


async def test_a_recording_ends_after_exactly_so_many_events(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    limits = Limits(count=3)
    task = asyncio.create_task(record(public(server), to=f"sqlite:{path}", limits=limits))
    await server.wait_for_subscribers(1)
    ids = [str(server.world.post()["id"]) for _ in range(5)]
    progress = await task
    assert progress.stored == 3
    assert posted(path) == ids[:3]
    await record(public(server), to=f"sqlite:{path}", limits=Limits(count=2))
    assert posted(path) == ids


async def test_several_streams_that_end_together_forget_nothing_between_them(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    source = public(server, "public", "public:local", "hashtag:python")
    first = asyncio.create_task(record(source, to=str(path), limits=Limits(count=7)))
    await until(lambda: server.hub.count() >= 3)
    for _ in range(10):
        server.world.post(tags=["python"])
    await first
    for count in (1, 7, 9):
        await record(source, to=str(path), limits=Limits(count=count))
    query = "SELECT count(*), count(DISTINCT stream || id) FROM events"
    assert rows(path, query) == [(24, 24)]
    with closing(SqliteSink(path)) as sink:
        async with recording(Recorder([source], sink)):
            await until(lambda: rows(path, "SELECT count(*) FROM gaps") == [(3,)])
    assert rows(path, query) == [(30, 30)]


async def test_cancelling_stores_what_has_arrived(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        recorder = Recorder([public(server)], sink, limits=Limits(batch_seconds=3600.0))
        async with recording(recorder):
            await server.wait_for_subscribers(1)
            status = server.world.post()
            await until(lambda: recorder.progress().waiting == 1)
            assert posted(path) == []
    assert posted(path) == [status["id"]]


async def test_what_was_missed_between_two_runs_is_caught_up(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        async with recording(Recorder([public(server)], sink)):
            await server.wait_for_subscribers(1)
            doomed = server.world.post()
            first = server.world.post()
            await until(lambda: len(posted(path)) == 2)
    server.world.edit(str(first["id"]), content="<p>Edited</p>")
    server.world.delete(str(doomed["id"]))
    missed = server.world.post()
    with closing(SqliteSink(path)) as sink:
        async with recording(Recorder([public(server)], sink)):
            await until(lambda: rows(path, "SELECT recovered, complete FROM gaps") == [(3, 1)])
    assert posted(path) == [doomed["id"], first["id"], missed["id"]]
    assert rows(path, "SELECT text, deleted_at IS NULL FROM statuses ORDER BY status") == [
        ("Hello", 0),
        ("Edited", 1),
        ("Hello", 1),
    ]
    assert is_sound(path)


async def test_disconnects_cost_nothing(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        async with recording(Recorder([public(server)], sink)):
            await server.wait_for_subscribers(1)
            ids = []
            for _ in range(3):
                ids += [str(server.world.post()["id"]) for _ in range(20)]
                server.cut_connections()
                ids += [str(server.world.post()["id"]) for _ in range(20)]
            await until(lambda: len(posted(path)) >= len(ids))
    assert sorted(map(str, posted(path))) == sorted(ids)


async def test_the_troubles_of_one_server_stay_its_own(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "toots.db"
    async with serving() as strict:
        refused = Source.of(strict.url, "user", access_token="wrong")
        with closing(SqliteSink(path)) as sink:
            recorder = Recorder([refused, public(server)], sink)
            async with recording(recorder):
                await until(lambda: recorder.progress().servers[0].state == "refused")
                await until(lambda: recorder.progress().servers[1].state == "live")
                server.world.post()
                await until(lambda: len(posted(path)) == 1)
                told = recorder.progress().servers[0]
    assert told.words.startswith(f"{strict.url} (user)")
    assert "trunkline.server_refused" in [one.message for one in caplog.records]


async def test_when_every_server_has_refused_the_recording_ends_with_the_reason(
    server: Server, tmp_path: Path
) -> None:
    sources = [Source.of(server.url, one, access_token="wrong") for one in ("user", "direct")]
    with pytest.raises(Unauthorized, match="user"):
        await record(*sources, to=str(tmp_path / "toots.db"))


async def test_a_recording_ends_when_its_time_is_up(server: Server, tmp_path: Path) -> None:
    limits = Limits(seconds=0.2)
    progress = await record(public(server), to=str(tmp_path / "toots.db"), limits=limits)
    assert progress.stored == 0


class Moody:
    """A sink that can be written to only now and then."""

    def __init__(self, inner: SqliteSink) -> None:
        self.place = inner.place
        self.load = inner.load
        self.error: SinkError | None = None
        self.refused = 0
        self._inner = inner

    def write(self, batch: Batch) -> None:
        if self.error is not None:
            self.refused += 1
            raise self.error
        self._inner.write(batch)

    def close(self) -> None:
        self._inner.close()


async def test_a_sink_that_cannot_be_written_to_stops_the_reading_and_loses_nothing(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "toots.db"
    with closing(Moody(SqliteSink(path))) as sink:
        limits = Limits(batch_events=10, batch_seconds=0.05)
        source = Source.of(server.url, "public", access_token=server.token, buffer_events=10)
        recorder = Recorder([source], sink, limits=limits)
        async with recording(recorder):
            await server.wait_for_subscribers(1)
            sink.error = SinkUnavailable("The disk is full.")
            ids = [str(server.world.post()["id"]) for _ in range(200)]
            await until(lambda: recorder.progress().trouble == "The disk is full.")
            await until(lambda: recorder.progress().waiting >= 10)
            assert recorder.progress().waiting <= 11
            sink.error = None
            await until(lambda: len(posted(path)) == 200)
            await until(lambda: recorder.progress().trouble == "")
    assert posted(path) == ids
    told = [one.message for one in caplog.records if one.levelno >= logging.WARNING]
    assert told == ["trunkline.sink_unavailable", "trunkline.sink_available"]


async def test_a_recording_that_must_end_while_its_sink_is_away_says_what_it_could_not_store(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.record.recorder._LAST_CHANCE_SECONDS", 0.1)
    path = tmp_path / "toots.db"
    source = public(server)
    with closing(Moody(SqliteSink(path))) as sink:
        recorder = Recorder([source], sink)
        task = asyncio.create_task(recorder.run())
        await server.wait_for_subscribers(1)
        await until(lambda: rows(path, "SELECT count(*) FROM cursors") == [(1,)])
        sink.error = SinkUnavailable("The disk is full.")
        server.world.post()
        await until(lambda: sink.refused > 0)
        task.cancel()
        with pytest.raises(SinkUnavailable, match=r"full\. 1 events were not stored; the next run"):
            await task
    await record(source, to=str(path), limits=Limits(count=1))
    assert len(posted(path)) == 1


async def test_a_broken_sink_ends_the_recording(server: Server, tmp_path: Path) -> None:
    with closing(Moody(SqliteSink(tmp_path / "toots.db"))) as sink:
        sink.error = SinkError("The file is damaged.")
        task = asyncio.create_task(Recorder([public(server)], sink).run())
        with pytest.raises(SinkError, match="damaged"):
            await asyncio.wait_for(task, SECONDS)


async def test_an_error_of_our_own_is_not_swallowed(server: Server, tmp_path: Path) -> None:
    with closing(SqliteSink(tmp_path / "toots.db")) as sink:
        recorder = Recorder([public(server)], sink)
        recorder._take = None  # type: ignore[method-assign,assignment]
        async with recording(recorder) as task:
            await server.wait_for_subscribers(1)
            server.world.post()
            with pytest.raises(TypeError):
                await asyncio.wait_for(task, SECONDS)


async def test_a_locked_database_is_waited_for(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        sink._database.execute("PRAGMA busy_timeout = 20")
        recorder = Recorder([public(server)], sink)
        async with recording(recorder):
            await server.wait_for_subscribers(1)
            await until(lambda: rows(path, "SELECT count(*) FROM cursors") == [(1,)])
            with opened(path) as other:
                other.execute("BEGIN IMMEDIATE")
                server.world.post()
                await until(lambda: "locked" in recorder.progress().trouble)
            await until(lambda: len(posted(path)) == 1)


def test_a_stream_of_a_server_is_recorded_once(tmp_path: Path) -> None:
    twice = [Source.of("https://a.example", "public"), Source.of("a.example", "user", "public")]
    with closing(SqliteSink(tmp_path / "toots.db")) as sink:
        with pytest.raises(BadInput, match=r"got public of https://a\.example twice"):
            Recorder(twice, sink)
        with pytest.raises(BadInput, match="at least one server"):
            Recorder([], sink)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limits(seconds=0),
        lambda: Limits(count=-1),
        lambda: Limits(batch_seconds=float("nan")),
        lambda: Source.of("https://a.example"),
        lambda: Source.of("https://a.example", "hashtag"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        make()


def test_a_source_shows_no_token() -> None:
    assert "secret" not in repr(Source.of("https://a.example", "user", access_token="secret"))


async def test_a_database_that_became_read_only_is_waited_for(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        recorder = Recorder([public(server)], sink)
        async with recording(recorder):
            await server.wait_for_subscribers(1)
            await until(lambda: rows(path, "SELECT count(*) FROM cursors") == [(1,)])
            sink._database.execute("PRAGMA query_only = ON")
            server.world.post()
            await until(lambda: "Allow this user to write" in recorder.progress().trouble)
            sink._database.execute("PRAGMA query_only = OFF")
            await until(lambda: len(posted(path)) == 1)


async def test_hundreds_of_subscriptions_on_many_servers_share_a_process(tmp_path: Path) -> None:
    tags = [f"tag{number}" for number in range(25)]
    path = tmp_path / "toots.db"
    async with AsyncExitStack() as running:
        servers = [await running.enter_async_context(serving(settings=GENEROUS)) for _ in range(8)]
        sources = [public(one, *(f"hashtag:{tag}" for tag in tags)) for one in servers]
        with closing(SqliteSink(path)) as sink:
            async with recording(Recorder(sources, sink)):
                await until(lambda: all(one.hub.count() == len(tags) for one in servers))
                for one in servers:
                    one.world.post(tags=tags)
                query = (
                    "SELECT count(*), count(DISTINCT server), count(DISTINCT stream) FROM events"
                )
                await until(lambda: rows(path, query) == [(8 * 25, 8, 25)])
    assert rows(path, "SELECT count(*) FROM statuses") == [(8,)]
