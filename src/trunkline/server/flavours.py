"""How servers that imitate Mastodon differ from it: one table, which the embedded server obeys.

Sources: the source code of the servers named, and runs of some of them, late 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from trunkline.errors import BadInput
from trunkline.server.ids import FlakeIds, PostIds, SnowflakeIds, UlidIds
from trunkline.streams import STREAMS

__all__ = ["FLAVOURS", "Credential", "Flavour", "flavour_named"]

Credential = Literal["header", "query", "subprotocol"]
Words = tuple[str | int, ...]

_LOCAL_ONLY: Final = frozenset({"public:allow_local_only", "public:allow_local_only:media"})
_MASTODON: Final = frozenset(STREAMS) - _LOCAL_ONLY


def _in_parts(name: str, parameter: str | int | None, account_id: str) -> Words:
    return (name,) if parameter is None else (name, parameter)


def _lists_in_one(name: str, parameter: str | int | None, account_id: str) -> Words:
    if name == "list":
        return (f"list:{parameter}",)
    return _in_parts(name, parameter, account_id)


def _all_in_one(name: str, parameter: str | int | None, account_id: str) -> Words:
    if parameter is not None:
        return (f"{name}:{parameter}",)
    return (f"{name}:{account_id}" if name.startswith(("user", "direct")) else name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What a kind of server does. The defaults are Mastodon's.

    Attributes:
        name: What tests and the command line call it.
        version: What its instance documents say.
        sse: Whether it has event streams; 404 if not.
        websocket: Whether it has WebSockets; 404 if not.
        streams: The streams that it knows.
        credentials: Where a WebSocket may bring its token, in the order in which they count.
        one_stream: Whether a WebSocket carries one stream only.
        takes_parameters: Whether a subscribe message may name a tag or a list.
        unsubscribes: Whether it knows ``unsubscribe``.
        words: How frames name a stream: from its name, its tag or list, and the user's id.
        names_deletes: Whether the frame of a deletion names its stream.
        errors: How a refused request is answered: with a frame, with ``pleroma:respond``, or not.
        silent_streams: Streams that are accepted and never carry a post.
        streams_without_deletes: Streams that never tell of a deletion.
        streams_with_direct_posts: Streams that carry direct posts besides conversations.
        instance_streams: Streams that need the parameter ``instance``.
        answers_ping: Whether the text ``ping`` is answered with the text ``pong``.
        pings: Whether it sends WebSocket pings.
        logs_in_by_message: Whether a token may come in ``pleroma:authenticate``.
        idle_close_seconds: After which silence of the client it closes a WebSocket.
        max_message_bytes: The longest message of a client; longer ones close with 1009.
        bad_message_code: The close code for text that is no request; ``None`` to ignore it.
        bad_scope_code: The close code for a missing scope; ``None`` for an error frame.
        make_ids: Makes its ids of posts.
        numeric_ids: Whether those are numbers.
        statuses_by_id: Whether ``GET /api/v1/statuses?id[]=`` exists.
        streaming_url: What the instance documents say: its own address, ``""`` or ``null``.
        reset_in_seconds: Whether ``X-RateLimit-Reset`` is in seconds since 1970.
        sends_empty_payloads: Whether events with the payload ``""`` reach clients.
    """

    name: str
    version: str
    sse: bool = True
    websocket: bool = True
    streams: frozenset[str] = _MASTODON
    credentials: tuple[Credential, ...] = ("header", "query", "subprotocol")
    one_stream: bool = False
    takes_parameters: bool = True
    unsubscribes: bool = True
    words: Callable[[str, str | int | None, str], Words] = _in_parts
    names_deletes: bool = True
    errors: Literal["frame", "respond", "none"] = "frame"
    silent_streams: frozenset[str] = frozenset()
    streams_without_deletes: frozenset[str] = frozenset()
    streams_with_direct_posts: frozenset[str] = frozenset()
    instance_streams: frozenset[str] = frozenset()
    answers_ping: bool = False
    pings: bool = True
    logs_in_by_message: bool = False
    idle_close_seconds: float | None = None
    max_message_bytes: int = 1024 * 1024
    bad_message_code: int | None = None
    bad_scope_code: int | None = None
    make_ids: Callable[[], PostIds] = SnowflakeIds
    numeric_ids: bool = True
    statuses_by_id: bool = True
    streaming_url: Literal["own", "empty", "null"] = "own"
    reset_in_seconds: bool = False
    sends_empty_payloads: bool = False


def _polled(name: str, *, version: str, streaming_url: Literal["empty", "null"]) -> Flavour:
    return Flavour(
        name=name,
        version=version,
        sse=False,
        websocket=False,
        statuses_by_id=False,
        streaming_url=streaming_url,
    )


_ALL: Final = (
    Flavour(name="mastodon", version="4.4.0"),
    Flavour(
        name="glitch-soc",
        version="4.4.0+glitch",
        streams=_MASTODON | _LOCAL_ONLY,
        streams_with_direct_posts=frozenset({"direct"}),
    ),
    Flavour(
        name="gotosocial",
        version="0.20.1+git-0a1b2c3",
        sse=False,
        credentials=("query", "subprotocol", "header"),
        one_stream=True,
        words=_lists_in_one,
        errors="none",
        silent_streams=frozenset({"hashtag", "hashtag:local"}),
        streams_without_deletes=frozenset({"list"}),
        make_ids=UlidIds,
        numeric_ids=False,
        statuses_by_id=False,
        reset_in_seconds=True,
        sends_empty_payloads=True,
    ),
    Flavour(
        name="akkoma",
        version="2.7.2 (compatible; Akkoma 3.15.2)",
        sse=False,
        credentials=("query", "subprotocol"),
        takes_parameters=False,
        unsubscribes=False,
        words=_all_in_one,
        names_deletes=False,
        errors="none",
        instance_streams=frozenset({"public:remote", "public:remote:media"}),
        answers_ping=True,
        pings=False,
        idle_close_seconds=60.0,
        make_ids=FlakeIds,
        numeric_ids=False,
        statuses_by_id=False,
    ),
    Flavour(
        name="pleroma",
        version="2.7.2 (compatible; Pleroma 2.9.1)",
        sse=False,
        credentials=("query",),
        names_deletes=False,
        errors="respond",
        instance_streams=frozenset({"public:remote", "public:remote:media"}),
        logs_in_by_message=True,
        make_ids=FlakeIds,
        numeric_ids=False,
        statuses_by_id=False,
    ),
    Flavour(
        name="iceshrimp.net",
        version="4.2.1 (compatible; Iceshrimp.NET/2025.1)",
        sse=False,
        credentials=("query", "subprotocol"),
        max_message_bytes=256,
        bad_message_code=1007,
        bad_scope_code=1008,
        make_ids=FlakeIds,
        numeric_ids=False,
        statuses_by_id=False,
    ),
    _polled("friendica", version="2.8.0 (compatible; Friendica 2024.12)", streaming_url="empty"),
    _polled("pixelfed", version="3.5.3 (compatible; Pixelfed 0.12.5)", streaming_url="null"),
)

FLAVOURS: Final[Mapping[str, Flavour]] = MappingProxyType({one.name: one for one in _ALL})
"""Every flavour by its name."""


def flavour_named(name: str) -> Flavour:
    """Return the flavour of this name.

    Raises:
        BadInput: There is none.
    """
    if name not in FLAVOURS:
        raise BadInput(f"Expected a kind of server ({', '.join(FLAVOURS)}); got {name!r}.")
    return FLAVOURS[name]
