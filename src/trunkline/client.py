"""`AsyncMastodon`: one server, seen with one token, for asyncio."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Literal, Self, Unpack, overload

from trunkline.core import ClientCore, ClientKeywords
from trunkline.events import AnyEvent
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.listener import as_listener
from trunkline.listening import ending, give
from trunkline.options import StreamKeywords
from trunkline.streams import Stream

__all__ = ["AsyncMastodon"]


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
        self._core = ClientCore(server, keywords)
        self._feeds: set[AsyncFeed[Item]] = set()

    @property
    def server(self) -> str:
        """The base URL of the server, as events name it."""
        return self._core.server.url

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
            Misuse: The client was closed.
        """
        begin = self._core.beginning(streams, signals=signals, options=options)
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
        with ending(heard):
            async with feed:
                async for item in feed:
                    give(heard, item)

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

    async def stream_user(self, listener: object, **options: Unpack[StreamKeywords]) -> None:
        """Listen to your home feed and your notifications; see `listen`."""
        await self.listen(listener, Stream.user(), **options)

    async def stream_public(
        self,
        listener: object,
        *,
        local: bool = False,
        remote: bool = False,
        only_media: bool = False,
        **options: Unpack[StreamKeywords],
    ) -> None:
        """Listen to public posts: of all, of this server's or of other servers' users."""
        stream = Stream.public(local=local, remote=remote, only_media=only_media)
        await self.listen(listener, stream, **options)

    async def stream_local(
        self, listener: object, *, only_media: bool = False, **options: Unpack[StreamKeywords]
    ) -> None:
        """Listen to the public posts of this server's users; see `listen`."""
        await self.listen(listener, Stream.public(local=True, only_media=only_media), **options)

    async def stream_hashtag(
        self, tag: str, listener: object, *, local: bool = False, **options: Unpack[StreamKeywords]
    ) -> None:
        """Listen to the public posts with a tag; see `listen`."""
        await self.listen(listener, Stream.hashtag(tag, local=local), **options)

    async def stream_list(
        self,
        id: str | int,  # noqa: A002  # its name in Mastodon.py
        listener: object,
        **options: Unpack[StreamKeywords],
    ) -> None:
        """Listen to the posts of the accounts on one of your lists; see `listen`."""
        await self.listen(listener, Stream.list(id), **options)

    async def stream_direct(self, listener: object, **options: Unpack[StreamKeywords]) -> None:
        """Listen to your direct conversations; see `listen`."""
        await self.listen(listener, Stream.direct(), **options)

    async def stream_healthy(self) -> bool:
        """Tell whether the streaming server says that it is well.

        Health alone proves little: it stays good while the server's database is away.
        """
        return await self._core.is_healthy()

    async def close(self) -> None:
        """End every stream of this client, save the cursors and close the sockets.

        Safe to call twice. Everything is closed, also when something cannot be saved.

        Raises:
            CursorError: The cursors cannot be saved.
        """
        async with AsyncExitStack() as closing:
            closing.callback(self._core.close_store)
            closing.push_async_callback(self._core.close_sockets)
            for feed in self._feeds:
                closing.push_async_callback(feed.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
