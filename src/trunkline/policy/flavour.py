"""How each kind of server differs from Mastodon, as one table.

Promise: for every instance document there is a `Flavour`; what is not recognised is treated as
Mastodon, the interface that all of them imitate.

Refuses to know: how to read the document, and how to speak to any of them.

Sources: the source code of the servers named, and runs of some of them, late 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from trunkline.policy.ids import IdScheme

__all__ = ["FLAVOURS", "Credential", "Flavour", "WebSocketKind", "detect", "is_telling"]

WebSocketKind = Literal["multiplexed", "one-stream", "none"]
Credential = Literal["header", "query", "subprotocol", "message"]


@dataclass(frozen=True, slots=True)
class Flavour:
    """What to expect of a kind of server. The defaults are Mastodon's."""

    name: str
    sse: bool = True
    """There is an event stream."""
    websocket: WebSocketKind = "multiplexed"
    """Many streams on one socket, one on each, or no WebSocket of this kind at all."""
    auth: tuple[Credential, ...] = ("header", "subprotocol", "query")
    """Where the WebSocket takes the token, best first: an address ends up in logs. A `message` is
    one on the open socket."""
    sends_text_pings: bool = False
    """We must send the text `ping` while idle; the text `pong` comes back. Neither is JSON."""
    sse_heartbeat_seconds: float = 15.0
    websocket_heartbeat_seconds: float = 30.0
    ids: IdScheme = "snowflake"
    statuses_by_id: bool = False
    """`GET /api/v1/statuses?id[]=` answers for many posts at once."""
    list_in_one_word: bool = False
    """Frames name a list `["list:ID"]` instead of `["list", "ID"]`."""
    deletes_name_stream: bool = True
    """A deletion says which stream it belongs to."""
    unsubscribes: bool = True
    """A single stream can be ended without closing the socket."""
    streams_without_posts: frozenset[str] = frozenset()
    """Streams that are accepted and then stay silent: poll their timelines instead."""
    streams_without_deletes: frozenset[str] = frozenset()
    """Streams that never tell of a deletion."""
    extra_streams: frozenset[str] = frozenset()
    """Streams that Mastodon does not have."""
    longest_message_bytes: int | None = None
    """The longest message that the server takes from us."""

    @property
    def streams(self) -> bool:
        """Whether there is anything to connect to. If not, the server is followed by polling."""
        return self.sse or self.websocket != "none"


_LOCAL_ONLY: Final = frozenset({"public:allow_local_only", "public:allow_local_only:media"})
_NO_HEADER: Final[tuple[Credential, ...]] = ("subprotocol", "query")


def _polled(name: str) -> Flavour:
    return Flavour(name, sse=False, websocket="none", ids="opaque")


_ALL: Final = (
    Flavour("mastodon"),
    Flavour("glitch-soc", extra_streams=_LOCAL_ONLY),
    Flavour("hometown", extra_streams=_LOCAL_ONLY),
    Flavour(
        "gotosocial",
        sse=False,
        websocket="one-stream",
        ids="ulid",
        list_in_one_word=True,
        streams_without_posts=frozenset({"hashtag", "hashtag:local"}),
        streams_without_deletes=frozenset({"list"}),
    ),
    Flavour(
        "akkoma",
        sse=False,
        websocket="one-stream",
        auth=_NO_HEADER,
        sends_text_pings=True,
        ids="opaque",
        deletes_name_stream=False,
        unsubscribes=False,
    ),
    Flavour(
        "pleroma", sse=False, auth=("message", "query"), ids="opaque", deletes_name_stream=False
    ),
    Flavour("iceshrimp.net", sse=False, auth=_NO_HEADER, ids="opaque", longest_message_bytes=256),
    Flavour("iceshrimp-js", sse=False, auth=_NO_HEADER, ids="opaque"),
    _polled("sharkey"),
    _polled("misskey"),
    _polled("friendica"),
    _polled("pixelfed"),
    _polled("takahe"),
    _polled("mitra"),
)

FLAVOURS: Final[Mapping[str, Flavour]] = MappingProxyType({one.name: one for one in _ALL})
"""Every flavour by its name."""

# What stands in the version, such as "2.7.2 (compatible; Akkoma 3.13.2)", or is the name of the
# software. The first that fits counts: Sharkey calls itself "like Akkoma".
_MARKS: Final[tuple[tuple[str, str], ...]] = (
    ("sharkey", "sharkey"),
    ("misskey", "misskey"),
    ("iceshrimp.net", "iceshrimp.net"),
    ("iceshrimp", "iceshrimp-js"),
    ("gotosocial", "gotosocial"),
    ("akkoma", "akkoma"),
    ("pleroma", "pleroma"),
    ("friendica", "friendica"),
    ("pixelfed", "pixelfed"),
    ("takahe", "takahe"),
    ("mitra", "mitra"),
    ("glitch", "glitch-soc"),
    ("hometown", "hometown"),
)

_VERSION: Final = re.compile(r"\s*v?(\d{1,9})\.(\d{1,9})", re.ASCII)
# GoToSocial names no software in its version. No other server calls itself 0.x plainly.
_NAMELESS_GOTOSOCIAL: Final = re.compile(r"\s*v?0\.\d+\.\d+[^()]*", re.ASCII)
_PLAIN_MASTODON: Final = re.compile(r"\s*v?[2-9]\.\d+\.\d+[^()]*", re.ASCII)
_NUMBERED_AS_MASTODON: Final = frozenset({"mastodon", "glitch-soc", "hometown"})
_STATUSES_BY_ID_SINCE: Final = (4, 3)


def detect(version: str | None, software: str | None = None) -> Flavour:
    """The flavour of a server.

    Args:
        version: `version` of the instance document, such as "4.4.0+glitch".
        software: `software.name` of nodeinfo, if it is known; it is the surer sign.
    """
    version = version or ""
    flavour = FLAVOURS[_name(version, software or "")]
    by_id = flavour.name in _NUMBERED_AS_MASTODON and _number(version) >= _STATUSES_BY_ID_SINCE
    return replace(flavour, statuses_by_id=by_id)


def is_telling(version: str) -> bool:
    """Whether a version says of which software it is, so that NodeInfo need not be asked."""
    marked = any(mark in version.lower() for mark, _ in _MARKS)
    plain = _NAMELESS_GOTOSOCIAL.fullmatch(version) or _PLAIN_MASTODON.fullmatch(version)
    return marked or plain is not None


def _name(version: str, software: str) -> str:
    for text in (software, version):
        folded = text.lower()
        named = next((name for mark, name in _MARKS if mark in folded), None)
        if named is not None:
            return named
    nameless = not software and _NAMELESS_GOTOSOCIAL.fullmatch(version) is not None
    return "gotosocial" if nameless else "mastodon"


def _number(version: str) -> tuple[int, int]:
    match = _VERSION.match(version)
    return (int(match[1]), int(match[2])) if match else (0, 0)
