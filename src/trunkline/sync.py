"""`Mastodon`: the same client without asyncio.

There is one implementation of the story, the async one. `Mastodon` owns a private event loop and
steps it *in the caller's thread*, and only while it waits: no background thread, no queue behind
your back. While your code handles an event nothing is read, and nothing is lost by that.

Ctrl-C raises `KeyboardInterrupt` out of the call that waits, and the feed can be asked again after
it.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Literal, Self, Unpack, overload

from trunkline.core import ClientCore, ClientKeywords
from trunkline.events import AnyEvent
from trunkline.inbox import Item
from trunkline.listener import as_listener
from trunkline.listening import ending, give
from trunkline.options import ListenKeywords, StreamKeywords, listen_options
from trunkline.stepper import Stepper
from trunkline.streams import Stream
from trunkline.sync_feed import Feed
from trunkline.sync_handle import StreamHandle

__all__ = ["Mastodon"]


class Mastodon:
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
        self._stepper = Stepper()
        self._feeds: set[Feed[Item]] = set()
        self._handles: list[StreamHandle] = []

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
    ) -> Feed[AnyEvent]: ...
    @overload
    def stream(
        self, *streams: Stream | str, signals: bool, **options: Unpack[StreamKeywords]
    ) -> Feed[Item]: ...
    def stream(
        self, *streams: Stream | str, signals: bool = False, **options: Unpack[StreamKeywords]
    ) -> Feed[AnyEvent] | Feed[Item]:
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
        feed: Feed[Item] = Feed(begin, self._stepper, on_close=self._feeds.discard)
        self._feeds.add(feed)
        return feed

    def listen(
        self,
        listener: object,
        *streams: Stream | str,
        run_async: bool = False,
        **options: Unpack[StreamKeywords],
    ) -> StreamHandle | None:
        """Call the handlers of a listener for the events of some streams, until it stops.

        A handler that raises `StopStream` ends it cleanly; any other exception of a handler ends it
        and is raised. `on_abort` is called before a fatal error is raised.

        Args:
            listener: A `StreamListener`, an object with its methods, or a function of one event.
            *streams: What to listen to.
            run_async: Whether to listen in a thread and return its handle at once.
            **options: How to follow; each is explained at `StreamOptions`.

        Raises:
            BadInput: Something that cannot listen, no stream, or an unknown option.
            ServerError: The server says no and will go on saying so.
        """
        heard = as_listener(listener)
        if run_async:
            handle = StreamHandle(self._core.for_another_loop(), heard, streams, options)
            self._handles.append(handle)
            return handle
        with ending(heard), self.stream(*streams, signals=True, **options) as feed:
            for item in feed:
                give(heard, item)
        return None

    def user_stream(
        self, listener: object, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to your home feed and your notifications; see `listen`."""
        return self._listen(listener, Stream.user(), keywords)

    def public_stream(
        self, listener: object, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to every public post that the server knows; see `listen`."""
        return self._listen(listener, Stream.public(), keywords)

    def hashtag_stream(
        self, tag: str, listener: object, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to the public posts with a tag; see `listen`."""
        return self._listen(listener, Stream.hashtag(tag), keywords)

    def stream_user(
        self, listener: object, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to your home feed and your notifications; see `listen`."""
        return self._listen(listener, Stream.user(), keywords)

    def stream_public(
        self,
        listener: object,
        *,
        local: bool = False,
        remote: bool = False,
        only_media: bool = False,
        **keywords: Unpack[ListenKeywords],
    ) -> StreamHandle | None:
        """Listen to public posts: of all, of this server's or of other servers' users."""
        return self._listen(
            listener, Stream.public(local=local, remote=remote, only_media=only_media), keywords
        )

    def stream_local(
        self, listener: object, *, only_media: bool = False, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to the public posts of this server's users; see `listen`."""
        return self._listen(listener, Stream.public(local=True, only_media=only_media), keywords)

    def stream_hashtag(
        self, tag: str, listener: object, *, local: bool = False, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to the public posts with a tag; see `listen`."""
        return self._listen(listener, Stream.hashtag(tag, local=local), keywords)

    def stream_list(
        self,
        id: str | int,  # noqa: A002  # its name in Mastodon.py
        listener: object,
        **keywords: Unpack[ListenKeywords],
    ) -> StreamHandle | None:
        """Listen to the posts of the accounts on one of your lists; see `listen`."""
        return self._listen(listener, Stream.list(id), keywords)

    def stream_direct(
        self, listener: object, **keywords: Unpack[ListenKeywords]
    ) -> StreamHandle | None:
        """Listen to your direct conversations; see `listen`."""
        return self._listen(listener, Stream.direct(), keywords)

    def _listen(
        self, listener: object, stream: Stream, keywords: ListenKeywords
    ) -> StreamHandle | None:
        run_async, options = listen_options(keywords)
        return self.listen(listener, stream, run_async=run_async, **options)

    def stream_healthy(self) -> bool:
        """Tell whether the streaming server says that it is well.

        Health alone proves little: it stays good while the server's database is away.
        """
        return self._stepper.complete(self._core.is_healthy)

    def close(self) -> None:
        """End every stream of this client, save the cursors and close the sockets.

        Safe to call twice. Everything is closed, also when something cannot be saved.

        Raises:
            CursorError: The cursors cannot be saved.
        """
        with ExitStack() as closing:
            closing.callback(self._core.close_store)
            closing.callback(self._stepper.close)
            closing.callback(self._close_sockets)
            for feed in self._feeds:
                closing.callback(feed.close)
            for handle in self._handles:
                closing.callback(handle.close)

    def _close_sockets(self) -> None:
        if self._stepper.has_begun:
            self._stepper.complete(self._core.close_sockets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
