"""`AsyncMastodon`: one server, seen with one token, for asyncio."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict, Unpack, overload

from trunkline.cursors import CursorStore, SqliteCursors
from trunkline.errors import BadInput, StopStream, TrunklineError
from trunkline.events import AnyEvent
from trunkline.feed import AsyncFeed
from trunkline.following import Following
from trunkline.inbox import Item
from trunkline.listener import as_listener, dispatch, dispatch_signal
from trunkline.options import StreamKeywords, StreamOptions
from trunkline.signals import SIGNALS
from trunkline.streams import Stream
from trunkline.transport.http import Network, Secret
from trunkline.transport.server import Server

__all__ = ["AsyncMastodon", "ClientKeywords"]


class ClientKeywords(TypedDict, total=False):
    """The keywords of a client; each is explained at `AsyncMastodon`."""

    access_token: str | Path | None
    api_base_url: str | None
    streaming_url: str | None
    network: Network | None
    cursors: str | Path | CursorStore | None


class AsyncMastodon:
    """A server and a token. Ask it for streams, or give it a listener.

    Args:
        server: The server's address, such as ``https://mastodon.example``.
        access_token: A user's token with the scope ``read``, or the path of a file whose first line
            is one. It is shown to this server only and is never in a log, a `repr`, an error or an
            address.
        api_base_url: Another name for `server`, the one that Mastodon.py uses.
        streaming_url: The streaming address, where the instance document names a wrong one.
        network: How to reach the server: proxy, certificates, time limits, user agent.
        cursors: Where to keep what was finished, so that a restart goes on there: the path of a
            file or a `CursorStore`. ``None`` keeps it for as long as the stream is open.

    Raises:
        BadInput: An address or a token that cannot be one.
        CursorError: The file of cursors cannot be used.
    """

    def __init__(self, server: str | None = None, **keywords: Unpack[ClientKeywords]) -> None:
        address = server or keywords.get("api_base_url")
        if not address:
            raise BadInput("Expected a server's address, such as 'https://mastodon.example'.")
        token, cursors = keywords.get("access_token"), keywords.get("cursors")
        self._server = Server(
            address,
            token=Secret.read(token) if token else None,
            network=keywords.get("network") or Network(),
            streaming_url=keywords.get("streaming_url"),
        )
        self._owns_store = isinstance(cursors, (str, Path))
        self._store = SqliteCursors(cursors) if isinstance(cursors, (str, Path)) else cursors
        self._feeds: set[AsyncFeed[Item]] = set()

    @property
    def server(self) -> str:
        """The base URL of the server, as events name it."""
        return self._server.url

    @overload
    def stream(
        self,
        *streams: Stream | str,
        signals: Literal[False] = False,
        **options: Unpack[StreamKeywords],
    ) -> AsyncFeed[AnyEvent]: ...
    @overload
    def stream(
        self, *streams: Stream | str, signals: bool, **options: Unpack[StreamKeywords]
    ) -> AsyncFeed[Item]: ...
    def stream(
        self, *streams: Stream | str, signals: bool = False, **options: Unpack[StreamKeywords]
    ) -> AsyncFeed[AnyEvent] | AsyncFeed[Item]:
        """Return the events of one or several streams, in order of arrival.

        Nothing is opened before the first event is asked for. The feed says what is guaranteed.

        Args:
            *streams: What to listen to: `Stream` values, or their text such as ``"public:local"``.
            signals: Whether news about the connection come among the events.
            **options: How to follow; each is explained at `StreamOptions`.

        Raises:
            BadInput: No stream, an unknown option, or a value that cannot be meant.
        """
        begin = partial(
            Following,
            self._server,
            parse_streams(streams),
            options=stream_options(signals=signals, options=options),
            store=self._store,
        )
        feed: AsyncFeed[Item] = AsyncFeed(begin, on_close=self._feeds.discard)
        self._feeds.add(feed)
        return feed

    async def listen(
        self, listener: object, *streams: Stream | str, **options: Unpack[StreamKeywords]
    ) -> None:
        """Call the handlers of a listener for the events of some streams, until it stops.

        A handler that raises `StopStream` ends it cleanly; any other exception of a handler ends it
        and is raised. `on_abort` is called before a fatal error is raised.

        Args:
            listener: A `StreamListener`, an object with its methods, or a function of one event.
            *streams: What to listen to.
            **options: How to follow; each is explained at `StreamOptions`.

        Raises:
            BadInput: Something that cannot listen, no stream, or an unknown option.
            ServerError: The server says no and will go on saying so.
        """
        heard = as_listener(listener)
        feed = self.stream(*streams, signals=True, **options)
        try:
            async with feed:
                async for item in feed:
                    if isinstance(item, SIGNALS):
                        dispatch_signal(heard, item)
                    else:
                        dispatch(heard, item)
        except StopStream:
            return
        except TrunklineError as error:
            heard.on_abort(error)
            raise

    async def user_stream(self, listener: object, **options: Unpack[StreamKeywords]) -> None:
        """Listen to your home feed and your notifications; see `listen`."""
        await self.listen(listener, Stream.user(), **options)

    async def public_stream(self, listener: object, **options: Unpack[StreamKeywords]) -> None:
        """Listen to every public post that the server knows; see `listen`."""
        await self.listen(listener, Stream.public(), **options)

    async def hashtag_stream(
        self, tag: str, listener: object, **options: Unpack[StreamKeywords]
    ) -> None:
        """Listen to the public posts with a tag; see `listen`."""
        await self.listen(listener, Stream.hashtag(tag), **options)

    async def stream_healthy(self) -> bool:
        """Tell whether the streaming server says that it is well.

        Health alone proves little: it stays good while the server's database is away.
        """
        return await self._server.is_healthy()

    async def close(self) -> None:
        """End every stream of this client, save the cursors and close the sockets."""
        for feed in tuple(self._feeds):
            await feed.close()
        await self._server.close()
        if self._owns_store and self._store is not None:
            self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def stream_options(*, signals: bool, options: StreamKeywords) -> StreamOptions:
    """Return the options that keywords mean.

    Raises:
        BadInput: An unknown keyword, or a value that cannot be meant.
    """
    unknown = sorted(set(options) - set(StreamKeywords.__annotations__))
    if unknown:
        known = ", ".join(sorted(StreamKeywords.__annotations__))
        raise BadInput(f"Expected options of a stream ({known}); got {', '.join(unknown)}.")
    return StreamOptions(signals=signals, **options)


def parse_streams(streams: Sequence[Stream | str]) -> tuple[Stream, ...]:
    """Return the streams that were meant.

    Raises:
        BadInput: None was named, or one cannot be meant.
    """
    if not streams:
        raise BadInput("Expected at least one stream, such as Stream.user() or 'public:local'.")
    return tuple(
        stream if isinstance(stream, Stream) else Stream.parse(stream) for stream in streams
    )
