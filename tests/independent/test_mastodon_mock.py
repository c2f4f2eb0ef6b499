"""The client follows a server that other hands wrote, and loses nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.independent.server import IndependentServer, require_installed
from tests.transport.sites import session
from tests.transport.streams import taken

from trunkline import (
    AsyncMastodon,
    Mastodon,
    MemoryCursors,
    Network,
    StopStream,
    StreamListener,
)
from trunkline.events import AnyEvent, Delete, Edit, Notify, Unknown, Update
from trunkline.inbox import Item
from trunkline.policy.flavour import FLAVOURS
from trunkline.signals import SIGNALS, Connected, Gap
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits
from trunkline.transport.http import Secret
from trunkline.transport.websocket import open_websocket

SOON = Network(dice=lambda: 0.05)  # next to no waiting between tries
Act = Callable[[IndependentServer], object]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndependentServer]:
    require_installed()
    server = IndependentServer(tmp_path_factory.mktemp("mock"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[IndependentServer]:
    """Yield a server of the test's own, which it may kill."""
    require_installed()
    server = IndependentServer(tmp_path)
    server.start()
    yield server
    server.stop()


def follow_sync(server: IndependentServer, stream: str, *acts: Act) -> list[AnyEvent]:
    """Do `acts` once connected, and return the events of as many."""
    events: list[AnyEvent] = []
    with (
        Mastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream(stream, signals=True) as feed,
    ):
        for item in feed:
            if isinstance(item, Connected):
                for act in acts:
                    act(server)
            elif not isinstance(item, SIGNALS):
                events.append(item)
            if len(events) == len(acts):
                return events
    raise AssertionError("It ended early.")


def follow_async(server: IndependentServer, stream: str, *acts: Act) -> list[AnyEvent]:
    async def follow() -> list[AnyEvent]:
        events: list[AnyEvent] = []
        async with (
            AsyncMastodon(server.url, access_token=server.token, network=SOON) as mastodon,
            mastodon.stream(stream, signals=True) as feed,
        ):
            async for item in feed:
                if isinstance(item, Connected):
                    for act in acts:
                        await asyncio.to_thread(act, server)
                elif not isinstance(item, SIGNALS):
                    events.append(item)
                if len(events) == len(acts):
                    return events
        raise AssertionError("It ended early.")

    return asyncio.run(follow())


FACES = pytest.mark.parametrize("follow", [follow_sync, follow_async], ids=["sync", "async"])
Follow = Callable[..., list[AnyEvent]]


@FACES
@pytest.mark.parametrize("stream", ["public", "public:local", "hashtag:python", "user"])
def test_posts_arrive_typed_and_in_order(
    server: IndependentServer, stream: str, follow: Follow
) -> None:
    texts = [f"Hello {number} #python" for number in range(3)]
    events = follow(
        server, stream, *(lambda server, text=text: server.post(text) for text in texts)
    )
    assert all(isinstance(event, Update) for event in events)
    contents = [event.status.content for event in events if isinstance(event, Update)]
    assert [text in content for text, content in zip("012", contents, strict=True)] == [True] * 3
    first = events[0]
    assert isinstance(first, Update)
    assert (first.status.account.acct, first.origin) == ("testuser", "live")
    assert first.status.created_at is not None


@FACES
def test_deletions_arrive_with_the_id(server: IndependentServer, follow: Follow) -> None:
    ids = [server.post("short-lived")]
    (event,) = follow(server, "public", lambda server: server.delete(ids[0]))
    assert isinstance(event, Delete)
    assert event.status_id == ids[0]


@FACES
def test_an_edit_under_a_name_of_its_own_arrives_as_unknown_with_all_its_bytes(
    server: IndependentServer, follow: Follow
) -> None:
    status_id = server.post("first version")
    (event,) = follow(server, "public", lambda server: server.edit(status_id, "second version"))
    assert isinstance(event, Unknown)
    assert event.name == "status_update"
    document = event.json()
    assert document["id"] == status_id
    assert "second version" in document["content"]


def test_an_edit_under_a_name_of_its_own_finds_the_handler_of_edits(
    server: IndependentServer,
) -> None:
    status_id = server.post("first version")

    class Editor(StreamListener):
        def on_connected(self, connected: Connected, /) -> None:
            server.edit(status_id, "second version")

        def on_status_update(self, status: dict[str, object], /) -> None:
            heard.append(status)
            raise StopStream

    heard: list[dict[str, object]] = []
    with Mastodon(server.url, access_token=server.token) as mastodon:
        mastodon.stream_public(Editor())
    assert heard[0]["id"] == status_id


@FACES
def test_notifications_arrive_on_the_user_stream(server: IndependentServer, follow: Follow) -> None:
    status_id = server.post("like me")
    (event,) = follow(server, "user", lambda server: server.favourite(status_id))
    assert isinstance(event, Notify)
    assert event.notification.type == "favourite"
    assert event.notification.account.acct == "other"


async def test_its_websocket_wants_the_stream_in_the_address_and_then_works(
    server: IndependentServer,
) -> None:
    async with session() as http:
        connection = await open_websocket(
            http,
            server.url,
            [Stream.hashtag("python")],
            server=server.url,
            token=Secret(server.token),
            flavour=FLAVOURS["gotosocial"],  # which wants the same
            limits=ConnectionLimits(),
            now=SOON.now,
        )
        try:
            posted = await asyncio.to_thread(server.post, "Hello #python")
            (event,) = await taken(connection, 1)
        finally:
            await connection.close()
    assert isinstance(event, Update)
    assert (event.status_id, event.stream) == (posted, Stream.hashtag("python"))


async def test_several_streams_go_over_event_streams_where_their_websocket_is_barred(
    server: IndependentServer,
) -> None:
    told: set[str] = set()
    connected: list[str] = []
    async with (
        AsyncMastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream("public", "hashtag:python", signals=True) as feed,
    ):
        async for item in feed:
            if isinstance(item, Connected):
                connected.append(item.transport)
                if len(connected) == 2:
                    await asyncio.to_thread(server.post, "Hello #python")
            elif isinstance(item, Update):
                told.add(str(item.stream))
                if len(told) == 2:
                    break
    assert connected == ["sse", "sse"]


async def test_it_is_healthy(server: IndependentServer) -> None:
    async with AsyncMastodon(server.url, access_token=server.token) as mastodon:
        assert await mastodon.stream_healthy()


# it dies and comes back


ROUNDS = 2


class Killer:
    """At each connection posts; kills the server and starts it again but for the last time."""

    def __init__(self, server: IndependentServer) -> None:
        self.posted: list[str] = []
        self._server = server
        self._rounds = 0

    def connected(self) -> None:
        self._rounds += 1
        self.posted.append(self._server.post(f"Post of round {self._rounds}"))
        if self._rounds < ROUNDS:
            self._server.stop()
            self._server.start()
            self.posted.append(self._server.post(f"Post right after start {self._rounds}"))


async def test_all_posts_are_delivered_once_when_it_is_killed_and_started_again(
    mortal: IndependentServer,
) -> None:
    await asyncio.to_thread(mortal.post, "before anything")
    killer, received = Killer(mortal), list[str]()
    async with (
        AsyncMastodon(mortal.url, access_token=mortal.token, network=SOON) as mastodon,
        mastodon.stream("public", signals=True) as feed,
    ):
        async for item in feed:
            if isinstance(item, Connected):
                await asyncio.to_thread(killer.connected)
            elif isinstance(item, Update):
                received.append(item.status_id)
            if len(received) == 2 * ROUNDS - 1:
                break
    assert received == killer.posted
    assert feed.stats().connects == ROUNDS


async def test_edits_and_deletions_while_the_bot_was_off_are_found_and_the_gap_is_complete(
    server: IndependentServer,
) -> None:
    async def follow(until: Callable[[Item], bool]) -> None:
        async with (
            AsyncMastodon(server.url, access_token=server.token, cursors=store) as mastodon,
            mastodon.stream("public", signals=True, settle_seconds=0.1) as feed,
        ):
            async for item in feed:
                items.append(item)
                if until(item):
                    feed.acknowledge()
                    break

    def posted(item: Item) -> bool:
        if isinstance(item, Connected):
            ids.extend(server.post(text) for text in ("to be edited", "to be deleted", "to stay"))
        return isinstance(item, Update) and item.status_id == ids[-1]

    store, ids, items = MemoryCursors(), list[str](), list[Item]()
    await follow(posted)
    server.edit(ids[0], "edited")
    server.delete(ids[1])
    items.clear()
    await follow(lambda item: isinstance(item, Gap))
    found = {(e.name, e.status_id) for e in items if isinstance(e, (Update, Edit, Delete))}
    assert found == {("status.update", ids[0]), ("delete", ids[1])}
    gap = items[-1]
    assert isinstance(gap, Gap)
    assert (gap.complete, gap.recovered) == (True, 2)


def test_posts_made_while_the_bot_was_off_are_there_when_it_returns(
    mortal: IndependentServer, tmp_path: Path
) -> None:
    posted, received = list[str](), list[str]()
    store = tmp_path / "cursors.db"
    for turn in range(ROUNDS):
        if turn:
            posted.append(mortal.post("while nobody listens"))
            mortal.stop()
            mortal.start()
        with (
            Mastodon(mortal.url, access_token=mortal.token, cursors=store) as mastodon,
            mastodon.stream("public", signals=True) as feed,
        ):
            for item in feed:
                if isinstance(item, Connected):
                    posted.append(mortal.post("while somebody listens"))
                elif isinstance(item, Update):
                    received.append(item.status_id)
                    feed.acknowledge()
                if len(received) == len(posted):
                    break
    assert received == posted
    assert len(posted) == 2 * ROUNDS - 1
