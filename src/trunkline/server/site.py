"""What every handler of the server shares: the world, the hub, and how it is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

from trunkline.server.flavours import FLAVOURS, Flavour
from trunkline.server.hub import Hub
from trunkline.server.throttle import RateLimits, Throttle
from trunkline.server.world import World

if TYPE_CHECKING:
    from trunkline.server.websocket import Dialogue

__all__ = ["SITE", "Settings", "Site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server behaves.

    Attributes:
        version: What its instance documents call it; by default what its flavour says.
        heartbeat_seconds: Between the heartbeats of an event stream, counted from its start.
        heartbeat_line_feeds: After ``:thump``; two since Mastodon 4.6, one before.
        ping_seconds: Between the pings of all WebSockets, on one clock of the server.
        close_wait_seconds: How long a WebSocket waits for the answer to its close frame.
        rate_limits: Of the REST API.
    """

    version: str | None = None
    heartbeat_seconds: float = 15.0
    heartbeat_line_feeds: int = 2
    ping_seconds: float = 30.0
    close_wait_seconds: float = 30.0
    rate_limits: RateLimits = field(default_factory=RateLimits)


@dataclass(slots=True, kw_only=True)
class Site:
    """One running application: what it shows, to whom, and how."""

    world: World
    hub: Hub
    settings: Settings = field(default_factory=Settings)
    flavour: Flavour = FLAVOURS["mastodon"]
    dialogues: set[Dialogue] = field(default_factory=set)
    idempotent: dict[tuple[str, str], str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)  # of OAuth: the scopes of each code
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.throttle = Throttle(
            self.settings.rate_limits, in_seconds=self.flavour.reset_in_seconds
        )


SITE: Final = web.AppKey("site", Site)
