"""Replaying: the same events in the same order, with the same silence, into any client."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any  # Mastodon.py has no usable types

import pytest
from mastodon import Mastodon, StreamListener
from tests.sinks.builders import NOON, gap, post, update
from tests.sinks.recordings import one_of_everything, record_into, told, told_in
from tests.support.virtual_clock import on_virtual_clock

from trunkline import AsyncMastodon
from trunkline.errors import BadInput
from trunkline.events import AnyEvent, Malformed
from trunkline.options import TransportChoice
from trunkline.record import Limits, Source, record
from trunkline.replay import FAST, Pace, make_replay_server, replay, replay_on, streams_of
from trunkline.server import Server
from trunkline.signals import Gap
from trunkline.sinks import SinkError
from trunkline.sinks.reading import Recorded
from trunkline.testing import RunningServer

ALL_FAST = Pace(speed=FAST)


def at_seconds(*moments: float) -> list[AnyEvent]:
    """Return posts that were received so many seconds after noon."""
    return [
        _received(update(post(str(number))), NOON + timedelta(seconds=seconds))
        for number, seconds in enumerate(moments, start=1)
    ]


def _received(event: AnyEvent, moment: object) -> AnyEvent:
    kind: Callable[..., AnyEvent] = type(event)
    return kind(event.stream, event.server, moment, event.raw)


async def moments_of(items: AsyncIterator[Recorded], count: int) -> list[float]:
    """Return when each item came, in seconds."""
    loop = asyncio.get_running_loop()
    start, moments = loop.time(), []
    async for _ in items:
        moments.append(round(loop.time() - start, 3))
        if len(moments) == count:
            break
    return moments


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), [0, 1.5, 1.5, 86_400]),
        (Pace(speed=60), [0, 0.025, 0.025, 1440]),
        (Pace(speed=0.5), [0, 3, 3, 172_800]),
        (ALL_FAST, [0, 0, 0, 0]),
    ],
    ids=["as it was", "faster", "slower", "without pauses"],
)
def test_the_silence_between_events_is_as_long_as_it_was_divided_by_the_speed(
    pace: Pace, expected: list[float], tmp_path: Path
) -> None:
    recording = record_into(tmp_path / "toots.db", at_seconds(0, 1.5, 1.5, 86_400))

    @on_virtual_clock
    async def scenario() -> None:
        async with aclosing(replay(recording, pace=pace)) as items:
            assert await moments_of(items, 4) == expected

    scenario()


def test_a_clock_that_was_set_back_makes_no_pause(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", at_seconds(0, 10, 5, 6))

    @on_virtual_clock
    async def scenario() -> None:
        async with aclosing(replay(recording)) as items:
            assert await moments_of(items, 4) == [0, 10, 10, 11]

    scenario()


def test_what_is_due_while_the_consumer_is_busy_comes_at_once(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", at_seconds(0, 1, 2, 10))

    @on_virtual_clock
    async def scenario() -> None:
        async with aclosing(replay(recording)) as items:
            await anext(items)
            await asyncio.sleep(5)
            assert await moments_of(items, 3) == [0, 0, 5]

    scenario()


def test_a_loop_begins_again_without_a_pause(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", at_seconds(0, 2))

    @on_virtual_clock
    async def scenario() -> None:
        async with aclosing(replay(recording, pace=Pace(loop=True))) as items:
            assert await moments_of(items, 6) == [0, 2, 2, 4, 4, 6]

    scenario()


async def test_a_loop_over_nothing_ends(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", [])
    assert [item async for item in replay(recording, pace=Pace(loop=True))] == []


async def test_a_replay_without_pauses_lets_others_run(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", at_seconds(*range(200)))
    turns: list[int] = []

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    assert len([item async for item in replay(recording, pace=ALL_FAST)]) == 200
    beside.cancel()
    assert len(turns) > 3


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(BadInput, match="speed above 0"):
        Pace(speed=speed)


async def test_gaps_are_among_what_is_replayed(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", [update()], gaps=[gap()])
    assert any([isinstance(item, Gap) async for item in replay(recording, pace=ALL_FAST)])


def test_the_streams_of_a_recording_are_known_before_it_is_served(tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", one_of_everything())
    assert list(map(str, streams_of(recording))) == [
        "public",
        "hashtag:python",
        "list:42",
        "user",
        "direct",
    ]
    with pytest.raises(BadInput, match="there are none"):
        streams_of(record_into(tmp_path / "empty.db", []))
    with pytest.raises(SinkError):
        streams_of("sqlite:missing.db")


@pytest.mark.parametrize(
    ("transport", "name", "kind"),
    [
        ("sse", "toots.db", "sqlite"),
        ("websocket", "toots.db", "sqlite"),
        ("websocket", "toots.parquet", "parquet"),
    ],
)
async def test_a_recording_made_from_a_replay_equals_the_recording(
    transport: TransportChoice, name: str, kind: str, tmp_path: Path
) -> None:
    """Stream, name, id, payload, and the order of each stream; on one connection of all."""
    events = one_of_everything()
    recording = record_into(tmp_path / name, events)
    streams = streams_of(recording)
    copy = f"{kind}:{tmp_path / 'copy'}"
    async with make_replay_server(streams) as server:
        source = Source.of(server.url, *streams, access_token=server.token, transport=transport)
        recorder = asyncio.create_task(
            record(source, to=copy, limits=Limits(count=len(events), seconds=20))
        )
        await server.wait_for_subscribers(len(streams))
        assert await replay_on(server, replay(recording, pace=ALL_FAST)) == len(events)
        await recorder
    again, before = told_in(copy), told(events)
    if transport == "websocket":
        assert again == before
    for stream in map(str, streams):
        assert [one for one in again if one[0] == stream] == [
            one for one in before if one[0] == stream
        ]


async def test_our_own_client_sees_what_was_recorded_and_catches_up_from_its_rest(
    tmp_path: Path,
) -> None:
    events = [update(post(str(number))) for number in range(1000, 1200)]
    recording = record_into(tmp_path / "toots.db", events)
    async with make_replay_server(streams_of(recording)) as server:
        seen: list[AnyEvent] = []
        async with (
            AsyncMastodon(server.url, access_token=server.token) as mastodon,
            mastodon.stream("public", settle_seconds=0.05) as feed,
        ):
            await server.wait_for_subscribers(1)
            playing = asyncio.create_task(_replay_with_a_cut(server, recording))
            async for event in feed:
                seen.append(event)
                if len(seen) == len(events):
                    break
            await playing
    assert sorted(told(seen)) == sorted(told(events))
    assert {event.origin for event in seen} == {"live", "catch-up"}


async def _replay_with_a_cut(server: Server, recording: str) -> None:
    async with aclosing(replay(recording, pace=ALL_FAST)) as items:
        played = 0
        async for item in items:
            played += await replay_on(server, _once(item))
            if played == 100:
                server.cut_connections()


async def _once(item: Recorded) -> AsyncIterator[Recorded]:
    yield item


async def test_a_client_that_does_not_keep_up_is_waited_for(tmp_path: Path) -> None:
    """Five times more than a connection may leave unread, and nothing is cut."""
    big = "x" * 60_000
    recording = record_into(
        tmp_path / "toots.db", [update(post(str(number), big)) for number in range(1, 701)]
    )
    async with make_replay_server(streams_of(recording)) as server:
        server.hub.max_buffer_bytes = 8 * 1024 * 1024
        async with (
            AsyncMastodon(server.url, access_token=server.token) as mastodon,
            mastodon.stream("public", decode=False, buffer_events=5) as feed,
        ):
            await server.wait_for_subscribers(1)
            playing = asyncio.create_task(replay_on(server, replay(recording, pace=ALL_FAST)))
            seen = 0
            async for _ in feed:
                seen += 1
                if seen == 700:
                    break
            await playing
        assert server.hub.counters.cut == 0


class Hearing(StreamListener):
    """Their listener, which keeps the payloads that it is given."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()

    def on_any_event(self, name: str, data: object = None, for_stream: object = None) -> None:
        self.heard.put((name, data))


def test_mastodon_py_hears_what_was_recorded(tmp_path: Path) -> None:
    """In its order; Mastodon.py knows no `Malformed` events, so there are none of them."""
    events = [
        event
        for event in one_of_everything()
        if str(event.stream) == "public" and not isinstance(event, Malformed)
    ]
    recording = record_into(tmp_path / "toots.jsonl", events)
    before = set(threading.enumerate())
    with RunningServer(lambda: _quick(recording)) as server:
        client: Any = Mastodon(api_base_url=server.url, access_token=server.token)
        hearing = Hearing()
        handle: Any = client.stream_public(hearing, run_async=True)
        server.wait_for_subscribers(1)
        server.run(replay_on(server.server, replay(recording, pace=ALL_FAST)))
        heard = [hearing.heard.get(timeout=5) for _ in events]
        handle.close()
        client.session.close()
        server.cut_connections()
        for thread in set(threading.enumerate()) - before:
            if thread.name != "trunkline-test-server":
                thread.join(5)
    assert [name for name, _ in heard] == [event.name for event in events]
    assert [_id_of(data) for _, data in heard] == [
        identifier for _, _, identifier, _ in told(events)
    ]


def _quick(recording: str) -> Server:
    """Return a server whose heartbeats soon tell a thread of Mastodon.py that it was closed."""
    return make_replay_server(streams_of(recording), heartbeat_seconds=0.05)


def _id_of(data: object) -> str:
    return str(data["id"] if isinstance(data, dict) else data)
