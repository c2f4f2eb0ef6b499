"""What the async and the sync client share: one server, one token, one store of cursors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypedDict

from trunkline.cursors import CursorStore, SqliteCursors
from trunkline.errors import BadInput, Misuse
from trunkline.following import Following
from trunkline.options import StreamKeywords, StreamOptions
from trunkline.streams import Stream
from trunkline.transport.http import Network, Secret
from trunkline.transport.server import Server

__all__ = ["ClientCore", "ClientKeywords"]


class ClientKeywords(TypedDict, total=False):
    """The keywords of a client; each is explained at `AsyncMastodon` and `Mastodon`."""

    access_token: str | Path | None
    api_base_url: str | None
    streaming_url: str | None
    network: Network | None
    cursors: str | Path | CursorStore | None


_KINDS: Final[Mapping[str, tuple[type | tuple[type, ...], str]]] = {
    "server": (str, "a server's address, such as 'https://mastodon.example'"),
    "api_base_url": (str, "a server's address, such as 'https://mastodon.example'"),
    "access_token": ((str, Path), "a token, or the path of a file with one"),
    "streaming_url": (str, "an address, such as 'wss://streaming.mastodon.example'"),
    "network": (Network, "a trunkline.Network"),
    "cursors": ((str, Path, CursorStore), "the path of a file, or a store of cursors"),
}


class ClientCore:
    """Knows the server, shows it the token, and begins to follow its streams.

    Raises:
        BadInput: An unknown keyword, or an address or a token that cannot be one.
        CursorError: The file of cursors cannot be used.
    """

    def __init__(self, server: str | None, keywords: ClientKeywords) -> None:
        _refuse_unknown("a client", keywords, ClientKeywords.__annotations__)
        _refuse_other_types({"server": server, **keywords})
        if server and keywords.get("api_base_url"):
            raise BadInput("Expected a server's address once: as `server` or as `api_base_url`.")
        address = server or keywords.get("api_base_url")
        if not address:
            raise BadInput("Expected a server's address, such as 'https://mastodon.example'.")
        token, cursors = keywords.get("access_token"), keywords.get("cursors")
        self._address = address
        self._token = Secret.read(token) if token else None
        self._network = keywords.get("network") or Network()
        self._streaming_url = keywords.get("streaming_url")
        self.server = self._new_server()
        self._closed = False
        self._owns_store = isinstance(cursors, (str, Path))
        self._store = SqliteCursors(cursors) if isinstance(cursors, (str, Path)) else cursors

    def _new_server(self) -> Server:
        return Server(
            self._address,
            token=self._token,
            network=self._network,
            streaming_url=self._streaming_url,
        )

    def for_another_loop(self) -> ClientCore:
        """Return the same client for another event loop: its own sockets, the same cursors."""
        twin = object.__new__(ClientCore)
        twin.__dict__.update(self.__dict__, _owns_store=False)
        twin.server = twin._new_server()  # one of us
        return twin

    def beginning(
        self, streams: Sequence[Stream | str], *, signals: bool, options: StreamKeywords
    ) -> Callable[[], Following]:
        """Return what begins to follow `streams` when it is called inside a running loop.

        Raises:
            BadInput: No stream, an unknown option, or a value that cannot be meant.
            Misuse: The client was closed.
        """
        self._refuse_closed()
        _refuse_unknown("a stream", options, StreamKeywords.__annotations__)
        return partial(
            Following,
            self.server,
            _parse_streams(streams),
            options=StreamOptions(signals=signals, **options),
            store=self._store,
        )

    async def is_healthy(self) -> bool:
        """Tell whether the streaming server says that it is well.

        Raises:
            Misuse: The client was closed.
        """
        self._refuse_closed()
        return await self.server.is_healthy()

    async def close_sockets(self) -> None:
        """Close the sockets, in the loop that they were opened in."""
        self._closed = True
        await self.server.close()

    def close_store(self) -> None:
        """Close the store of cursors if this client opened it."""
        self._closed = True
        if self._owns_store and self._store is not None:
            self._store.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Misuse("This client was closed. Make a new one, or use it inside its `with`.")


def _refuse_unknown(what: str, given: object, known: dict[str, object]) -> None:
    names = sorted(set(given) - set(known)) if isinstance(given, dict) else []
    if names:
        raise BadInput(
            f"Expected options of {what} ({', '.join(sorted(known))}); got {', '.join(names)}."
        )


def _refuse_other_types(given: Mapping[str, object]) -> None:
    for name, value in given.items():
        kind, words = _KINDS[name]
        if value is not None and not isinstance(value, kind):
            raise BadInput(f"Expected {name} to be {words}; got a value of {type(value).__name__}.")


def _parse_streams(streams: Sequence[object]) -> tuple[Stream, ...]:
    if not streams:
        raise BadInput("Expected at least one stream, such as Stream.user() or 'public:local'.")
    return tuple(map(_parse_stream, streams))


def _parse_stream(stream: object) -> Stream:
    if isinstance(stream, str):
        return Stream.parse(stream)
    if isinstance(stream, Stream):
        return stream
    raise BadInput(
        "Expected each stream as an argument of its own, such as Stream.user() or 'public:local';"
        f" got a value of {type(stream).__name__}."
    )
