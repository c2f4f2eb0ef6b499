"""Both clients: what they are made of, what each method listens to, how feeds begin and end."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import pytest

from trunkline import AsyncMastodon, Mastodon, MemoryCursors, StopStream, StreamListener
from trunkline.errors import BadInput, CursorError, Misuse
from trunkline.events import Update
from trunkline.options import _COUNTS, _SECONDS, _SWITCHES, StreamOptions
from trunkline.policy.cursor import Cursor, Key
from trunkline.signals import Connected
from trunkline.testing import RunningServer, running_server

LISTENING: dict[str, tuple[str, tuple[object, ...], dict[str, object]]] = {
    "user": ("user_stream", (), {}),
    "public": ("public_stream", (), {}),
    "hashtag:python": ("hashtag_stream", ("python",), {}),
    "user ": ("stream_user", (), {}),
    "public ": ("stream_public", (), {}),
    "public:local": ("stream_public", (), {"local": True}),
    "public:remote": ("stream_public", (), {"remote": True}),
    "public:media": ("stream_public", (), {"only_media": True}),
    "public:local ": ("stream_local", (), {}),
    "public:local:media": ("stream_local", (), {"only_media": True}),
    "hashtag:python ": ("stream_hashtag", ("python",), {}),
    "hashtag:local:python": ("stream_hashtag", ("python",), {"local": True}),
    "list:1": ("stream_list", ("1",), {}),
    "list:1 ": ("stream_list", (1,), {}),
    "direct": ("stream_direct", (), {}),
}
"""Each stream, and a method that listens to it; spaces tell two methods of one stream apart."""


class Connecting(StreamListener):
    """Stops as soon as it is connected, and keeps to what."""

    def __init__(self) -> None:
        self.streams: list[str] = []

    def on_connected(self, connected: Connected, /) -> None:
        self.streams += map(str, connected.streams)
        raise StopStream


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


def listen_sync(server: RunningServer, method: str, *given: object, **options: object) -> None:
    with Mastodon(server.url, access_token=server.token) as mastodon:
        getattr(mastodon, method)(*given, **options)


def listen_async(server: RunningServer, method: str, *given: object, **options: object) -> None:
    async def listen() -> None:
        async with AsyncMastodon(server.url, access_token=server.token) as mastodon:
            await getattr(mastodon, method)(*given, **options)

    asyncio.run(listen())


Listen = Callable[..., None]
FACES = pytest.mark.parametrize("listen", [listen_sync, listen_async], ids=["sync", "async"])


@FACES
@pytest.mark.parametrize("stream", LISTENING)
def test_every_listening_method_listens_to_its_stream(
    server: RunningServer, stream: str, listen: Listen
) -> None:
    method, arguments, options = LISTENING[stream]
    listener = Connecting()
    listen(server, method, *arguments, listener, **options)
    assert listener.streams == [stream.strip()]


def test_every_listening_method_is_in_the_table() -> None:
    methods = {
        name
        for name, member in inspect.getmembers(Mastodon, inspect.isfunction)
        if "stream" in name and not name.startswith("_")
    }
    assert methods - {"stream", "stream_healthy"} == {row[0] for row in LISTENING.values()}


@FACES
def test_several_streams_share_one_listener(server: RunningServer, listen: Listen) -> None:
    listener = Connecting()
    listen(server, "listen", listener, "public", "hashtag:python", transport="websocket")
    assert listener.streams == ["public", "hashtag:python"]


@FACES
@pytest.mark.parametrize("wrong", [None, 7, "text", StreamListener, lambda: None])
def test_what_cannot_listen_is_refused_before_anything_is_opened(
    server: RunningServer, listen: Listen, wrong: object
) -> None:
    with pytest.raises(BadInput, match=r"[Ee]xpected|listener"):
        listen(server, "public_stream", wrong)


# what a client is made of


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
def test_a_client_needs_an_address(client: type[Mastodon]) -> None:
    makers: list[Callable[[], object]] = [
        client,
        lambda: client(""),
        lambda: client(api_base_url=""),
    ]
    for make in makers:
        with pytest.raises(BadInput, match="Expected a server's address, such as"):
            make()
    assert client("mastodon.example").server == "https://mastodon.example"
    assert client(api_base_url="http://127.0.0.1:3000/").server == "http://127.0.0.1:3000"


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
def test_an_unknown_keyword_is_named_with_those_there_are(client: type[Mastodon]) -> None:
    with pytest.raises(BadInput, match=r"access_token.*cursors.*got acess_token, proxy"):
        client("mastodon.example", acess_token="x", proxy="y")  # type: ignore[call-arg]
    with pytest.raises(BadInput, match=r"catch_up_limit.*transport.*got catchup"):
        client("mastodon.example").stream("public", catchup=True)  # type: ignore[call-overload]


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"server": 5}, "Expected server to be a server's address.*got a value of int"),
        ({"api_base_url": b"x"}, "Expected api_base_url to be .*got a value of bytes"),
        ({"access_token": 5}, "Expected access_token to be a token, or the path"),
        ({"network": "proxy"}, "Expected network to be a trunkline.Network"),
        ({"cursors": object()}, "Expected cursors to be the path of a file, or a store"),
        ({"streaming_url": 4000}, "Expected streaming_url to be an address"),
        ({"api_base_url": "https://other.example"}, "Expected a server's address once"),
    ],
)
def test_what_cannot_make_a_client_is_named_with_what_could(
    client: type[Mastodon], keywords: dict[str, object], words: str
) -> None:
    given = {"server": "mastodon.example", **keywords}
    with pytest.raises(BadInput, match=words):
        client(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
@pytest.mark.parametrize("wrong", [None, 5, ["public", "user"], b"public"])
def test_what_names_no_stream_is_refused(client: type[Mastodon], wrong: object) -> None:
    with pytest.raises(BadInput, match=r"Expected each stream as .*got a value of"):
        client("mastodon.example").stream("user", wrong)  # type: ignore[call-overload]


@FACES
def test_a_tag_and_a_listener_that_changed_places_are_noticed(
    server: RunningServer, listen: Listen
) -> None:
    with pytest.raises(BadInput, match="Expected a tag, such as 'python', first; got a value of"):
        listen(server, "hashtag_stream", StreamListener(), "python")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("catch_up_limit", "5", "a whole number; got '5'"),
        ("catch_up_limit", 2.5, "a whole number; got 2.5"),
        ("catch_up_limit", None, "a whole number; got None"),
        ("catch_up_limit", -1, "0 or more; got -1"),
        ("max_retries", True, "a whole number; got True"),
        ("stall_seconds", "45", "a number; got '45'"),
        ("stall_seconds", float("nan"), "0 or more; got nan"),
        ("stall_seconds", 0, "more than 0; got 0"),
        ("buffer_events", 0, "more than 0; got 0"),
        ("give_up_after_seconds", [], r"a number; got \[\]"),
        ("overlap", -1.0, "0 or more; got -1.0"),
        ("reconcile", 1, "true or false; got 1"),
    ],
)
def test_an_option_that_cannot_be_meant_is_named(option: str, value: object, words: str) -> None:
    with pytest.raises(BadInput, match=f"Expected {option} to be {words}"):
        Mastodon("mastodon.example").stream("public", **{option: value})  # type: ignore[call-overload]


def test_every_option_is_checked() -> None:
    names = {field.name for field in fields(StreamOptions)}
    assert names == {*_SWITCHES, *_COUNTS, *_SECONDS, "transport", "overlap"}


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
def test_a_stream_has_to_be_named(client: type[Mastodon]) -> None:
    with pytest.raises(BadInput, match="Expected at least one stream"):
        client("mastodon.example").stream()


@pytest.mark.parametrize("client", [Mastodon, AsyncMastodon])
def test_a_file_of_cursors_that_cannot_be_used_is_named_at_once(
    client: type[Mastodon], tmp_path: Path
) -> None:
    with pytest.raises(CursorError, match="Check the path"):
        client("mastodon.example", cursors=tmp_path / "missing" / "cursors.db")


async def test_health_is_asked_of_the_streaming_server() -> None:
    with running_server() as server:
        async with AsyncMastodon(server.url) as mastodon:
            assert await mastodon.stream_healthy()
        async with AsyncMastodon(server.url, streaming_url="http://127.0.0.1:9") as mastodon:
            assert not await mastodon.stream_healthy()
        gone = server.url
    async with AsyncMastodon(gone) as mastodon:
        assert not await mastodon.stream_healthy()
    with running_server(flavour="pixelfed") as server:
        async with AsyncMastodon(server.url) as mastodon:
            assert not await mastodon.stream_healthy()


# feeds


class Notebook(MemoryCursors):
    """A store that counts what was acknowledged, and can refuse."""

    save_interval_seconds = 3600.0

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []
        self.refuses = False
        self.closed = False

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        if self.refuses:
            raise CursorError("The disk is full.")
        self.keys += [key for key, _ in keys]
        super().save(name, cursor, keys)


async def test_the_async_feed_before_during_and_after(server: RunningServer) -> None:
    notebook = Notebook()
    async with AsyncMastodon(server.url, access_token=server.token, cursors=notebook) as mastodon:
        feed = mastodon.stream("hashtag:async", signals=True, catch_up=False)
        feed.acknowledge()
        feed.save()
        assert feed.stats().connects == 0
        async with feed:
            assert isinstance(await anext(feed), Connected)
            posted = await asyncio.to_thread(post, server, "async")
            item = await anext(feed)
            while not isinstance(item, Update):
                item = await anext(feed)
            assert item.status_id == posted
            assert posted not in notebook.keys
            feed.acknowledge()
            feed.save()
            assert notebook.keys == [posted]
        with pytest.raises(Misuse, match="closed"):
            aiter(feed)
        await feed.close()
        stopped = mastodon.stream("public")
        stopped.stop()
        assert [event async for event in stopped] == []
    await mastodon.close()
    with pytest.raises(Misuse, match="closed"):
        mastodon.stream("public")
    with pytest.raises(Misuse, match="closed"):
        await mastodon.stream_healthy()


def post(server: RunningServer, tag: str) -> str:
    server.wait_for_subscribers(1, channel=f"hashtag:{tag}")
    return str(server.post(tags=[tag])["id"])


def test_the_sync_feed_before_during_and_after(server: RunningServer) -> None:
    notebook = Notebook()
    with Mastodon(server.url, access_token=server.token, cursors=notebook) as mastodon:
        feed = mastodon.stream("hashtag:sync", signals=True, catch_up=False)
        feed.acknowledge()
        feed.save()
        with feed:
            assert isinstance(next(feed), Connected)
            posted = post(server, "sync")
            item = next(feed)
            while not isinstance(item, Update):
                item = next(feed)
            feed.acknowledge()
            feed.save()
            assert notebook.keys == [posted]


async def test_stop_stream_leaves_the_block_of_an_async_feed_cleanly(server: RunningServer) -> None:
    notebook = Notebook()
    async with (
        AsyncMastodon(server.url, access_token=server.token, cursors=notebook) as mastodon,
        mastodon.stream("hashtag:stop", signals=True, catch_up=False) as feed,
    ):
        async for item in feed:
            if isinstance(item, Connected):
                posted = await asyncio.to_thread(post, server, "stop")
            if isinstance(item, Update):
                raise StopStream
    assert notebook.keys == [posted]


def test_stop_stream_leaves_the_block_of_a_sync_feed_cleanly(server: RunningServer) -> None:
    notebook = Notebook()
    with (
        Mastodon(server.url, access_token=server.token, cursors=notebook) as mastodon,
        mastodon.stream("hashtag:halt", signals=True, catch_up=False) as feed,
    ):
        for item in feed:
            if isinstance(item, Connected):
                posted = post(server, "halt")
            if isinstance(item, Update):
                raise StopStream
    assert notebook.keys == [posted]


async def test_waiting_can_be_cancelled_and_taken_up_again(server: RunningServer) -> None:
    async with AsyncMastodon(server.url, access_token=server.token) as mastodon:
        feed = mastodon.stream("hashtag:cancel", signals=True, catch_up=False)
        assert isinstance(await anext(feed), Connected)
        expected, taken = list[str](), list[str]()
        for _ in range(20):
            waiting = asyncio.ensure_future(anext(feed))
            posting = asyncio.ensure_future(asyncio.to_thread(post, server, "cancel"))
            await asyncio.sleep(0)
            waiting.cancel()
            expected.append(await posting)
            while len(taken) < len(expected):
                try:
                    item = await waiting
                except asyncio.CancelledError:
                    waiting = asyncio.ensure_future(anext(feed))
                    continue
                if isinstance(item, Update):
                    taken.append(item.status_id)
                if len(taken) < len(expected):
                    waiting = asyncio.ensure_future(anext(feed))
    assert taken == expected


async def test_closing_an_async_feed_ends_a_loop_that_waits(server: RunningServer) -> None:
    async with AsyncMastodon(server.url, access_token=server.token) as mastodon:
        feed = mastodon.stream("public", signals=True)
        assert isinstance(await anext(feed), Connected)

        async def rest() -> list[object]:
            return [item async for item in feed if isinstance(item, Update)]

        waiting = asyncio.ensure_future(rest())
        await asyncio.sleep(0)
        await feed.close()
        assert await waiting == []


def test_what_cannot_be_saved_at_the_end_is_told_and_all_is_closed(server: RunningServer) -> None:
    notebook = Notebook()
    mastodon = Mastodon(server.url, access_token=server.token, cursors=notebook)
    assert isinstance(next(mastodon.stream("public", signals=True)), Connected)
    assert isinstance(next(mastodon.stream("user", signals=True)), Connected)
    notebook.refuses = True
    with pytest.raises(CursorError, match="disk is full"):
        mastodon.close()
    server.until(lambda: not server.server.hub.connections)
    mastodon.close()


def test_a_feed_that_is_stopped_while_it_begins_ends_at_once(server: RunningServer) -> None:
    """As another thread does it, at the one moment when that is a close call."""
    with Mastodon(server.url, access_token=server.token) as mastodon:
        feed = mastodon.stream("public")
        begin = feed._begin

        def stopped_meanwhile() -> object:
            feed.stop()
            return begin()

        feed._begin = stopped_meanwhile  # type: ignore[assignment]
        assert list(feed) == []
        feed._stepper.complete(feed._starting)  # a try that Ctrl-C left behind
        assert feed.stats().connects == 0
