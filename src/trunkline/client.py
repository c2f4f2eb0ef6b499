"""`AsyncMastodon`: one server, seen with one token, for asyncio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from trunkline.cursors import CursorStore, SqliteCursors
from trunkline.errors import BadInput
from trunkline.feed import AsyncFeed
from trunkline.options import StreamKeywords, StreamOptions
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits
from trunkline.transport.http import Network, Secret
from trunkline.transport.server import Server

__all__ = ["AsyncMastodon"]


class AsyncMastodon:
    """A server and a token. Open it with ``async with``, then ask it for streams.

    Args:
        server: The server's address, such as ``https://mastodon.example``.
        access_token: A user's token with the scope ``read``. It is shown to this server only and is
            never in a log, a `repr`, an error or an address.
        streaming_url: The streaming address, for servers whose instance document names a wrong one.
        network: How to reach the server: proxy, certificates, time limits, user agent.
        stall_seconds: Silence after which a connection counts as dead; three heartbeats.
        cursors: Where to keep what was finished, so that a restart goes on there: the path of a file
            or a `CursorStore`. ``None`` keeps it in memory only, for as long as the stream is open.

    Raises:
        BadInput: An address or a token that cannot be one.
        CursorError: The file of cursors cannot be used.
    """

    def __init__(
        self,
        server: str,
        *,
        access_token: str | None = None,
        streaming_url: str | None = None,
        network: Network | None = None,
        stall_seconds: float = 45.0,
        cursors: str | Path | CursorStore | None = None,
    ) -> None:
        self._server = Server(
            server,
            token=Secret(access_token) if access_token else None,
            network=network or Network(),
            limits=ConnectionLimits(stall_seconds=stall_seconds),
            streaming_url=streaming_url,
        )
        self._owns_store = isinstance(cursors, (str, Path))
        self._store = SqliteCursors(cursors) if isinstance(cursors, (str, Path)) else cursors
        self._feeds: set[AsyncFeed] = set()

    @property
    def server(self) -> str:
        """The base URL of the server, as events name it."""
        return self._server.url

    def stream(self, *streams: Stream | str, **options: Unpack[StreamKeywords]) -> AsyncFeed:
        """Return the events of one or several streams, in order of arrival.

        Guarantees: see `AsyncFeed`. Nothing is opened before the first event is asked for.

        Args:
            *streams: What to listen to: `Stream` values, or their text such as ``"public:local"``.
            **options: How to follow; each is explained at `StreamOptions`.

        Raises:
            BadInput: No stream, an unknown option, or a value that cannot be meant.
        """
        feed = AsyncFeed(
            self._server,
            parse_streams(streams),
            options=StreamOptions(**options),
            store=self._store,
            on_close=self._feeds.discard,
        )
        self._feeds.add(feed)
        return feed

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
