"""`Relay`: one connection to a server, and any number of local clients that share it.

What the server streams comes once and is handed on, bytes untouched, over the same protocol. The
newest posts are kept in memory, so that a client which was away or too slow catches up here and
asks nothing of the server. Clients have tokens of the relay; the server's token is never shown to
them. Nothing can be written through it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from trunkline.client import AsyncMastodon
from trunkline.errors import BadInput
from trunkline.inbox import Item
from trunkline.options import StreamKeywords
from trunkline.server import Server
from trunkline.server.mirror import Mirror, mirror_flavour, mirror_world
from trunkline.server.site import Settings
from trunkline.server.throttle import Limit, RateLimits
from trunkline.signals import SIGNALS, AnySignal
from trunkline.streams import STREAMS, Stream

__all__ = ["Relay", "RelaySettings"]

_TURN_EVENTS: Final = 16
"""After so many events in a row the clients get their turn to read."""
_GENEROUS: Final = RateLimits(
    general=Limit(requests=100_000, period_seconds=300.0),
    paged=Limit(requests=100_000, period_seconds=900.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """How a relay treats its clients.

    Attributes:
        port: Where to listen on this machine; 0 takes any.
        tokens: What clients may show; without any one is invented.
        retention: How many of the newest posts are kept for catching up.
        buffer_bytes: What a client may leave unread before it is cut.
        heartbeat_seconds: Between the heartbeats of an event stream.

    Raises:
        BadInput: A token that is none, or a number that is not above 0.
    """

    port: int = 0
    tokens: Sequence[str] = field(default=(), repr=False)
    retention: int = 20_000
    buffer_bytes: int = 8 * 1024 * 1024
    heartbeat_seconds: float = 15.0

    def __post_init__(self) -> None:
        for name in ("retention", "buffer_bytes", "heartbeat_seconds"):
            if not getattr(self, name) > 0:
                raise BadInput(f"Expected {name} to be more than 0; got {getattr(self, name)!r}.")
        if any(not token.isprintable() or not token or " " in token for token in self.tokens):
            raise BadInput("Expected each token of a relay to be one word; got another text.")


class Relay:
    """Hands some streams of one server on to local clients; use it with ``async with``.

    Args:
        mastodon: The server and the token; it stays open.
        *streams: What is handed on, each by one subscription.
        settings: How clients are treated.
        hear: Called with every signal about the connection to the server.
        options: How the server is followed; each is explained at `StreamOptions`.

    Attributes:
        server: What clients use. Its `url` is where; `hub.counters.cut` counts clients that were
            too slow.
        tokens: What clients may show.

    Raises:
        BadInput: No stream, or one that the protocol does not know.
    """

    def __init__(
        self,
        mastodon: AsyncMastodon,
        *streams: Stream | str,
        settings: RelaySettings | None = None,
        hear: Callable[[AnySignal], None] | None = None,
        options: StreamKeywords | None = None,
    ) -> None:
        chosen = settings or RelaySettings()
        relayed = tuple(_relayed(stream) for stream in dict.fromkeys(streams))
        followed: StreamKeywords = {**(options or {}), "decode": False}
        self._feed = mastodon.stream(*relayed, signals=True, **followed)
        self._hear = hear
        self.tokens = tuple(chosen.tokens) or (secrets.token_urlsafe(24),)
        world = mirror_world(tokens=self.tokens, retention=chosen.retention)
        self._mirror = Mirror(world, relayed)
        self.server = Server(
            world,
            port=chosen.port,
            settings=Settings(rate_limits=_GENEROUS, heartbeat_seconds=chosen.heartbeat_seconds),
            max_buffer_bytes=chosen.buffer_bytes,
        )
        self.server.flavour = mirror_flavour(relayed)
        self.server.token = self.tokens[0]

    @property
    def url(self) -> str:
        """The address for clients, without a slash at its end."""
        return self.server.url

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: The port is in use.
        """
        await self.server.start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop listening and following, and save the cursors; safe to call twice."""
        try:
            await self._feed.close()
        finally:
            await self.server.stop()

    async def run(self) -> None:
        """Hand on what the server streams, until `stop` is called or it ends with an error.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The limits set for reconnecting are used up.
        """
        in_a_row = 0
        async for item in self._feed:
            self._pass_on(item)
            in_a_row += 1
            if in_a_row % _TURN_EVENTS == 0:
                await asyncio.sleep(0)

    def stop(self) -> None:
        """End: what has arrived is still handed on, then `run` returns."""
        self._feed.stop()

    def _pass_on(self, item: Item) -> None:
        if not isinstance(item, SIGNALS):
            self._mirror.tell(item)
        elif self._hear is not None:
            self._hear(item)


def _relayed(stream: Stream | str) -> Stream:
    parsed = Stream.parse(stream) if isinstance(stream, str) else stream
    if parsed.name not in STREAMS:
        raise BadInput(
            f"Expected a stream of {', '.join(STREAMS)}; got {str(parsed)!r}, which a relay cannot"
            " offer."
        )
    return parsed
