"""The situations that are measured, and their bytes: the same for everybody, made from a seed.

Promises that every payload is what a Mastodon server writes (`trunkline.server.synthetic`), that
no two events of a situation tell the same news, and that bytes depend on nothing but the arguments.
The first and the last frame are always posts, so that any client can find both ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final, Literal

import msgspec

from trunkline.server.builders import without_viewer
from trunkline.server.synthetic import SyntheticSource
from trunkline.wire.sse import encode_comment, encode_event

__all__ = ["HEARTBEAT", "SITUATIONS", "Frame", "Situation", "chunked", "frames"]

Frame = tuple[str, bytes]
"""The name of an event and its payload."""

HEARTBEAT: Final[Frame] = ("", b"thump")
"""What stands for a heartbeat among the frames."""

_SEED: Final = 4_7
_START_MILLISECONDS: Final = 1_795_000_000_000
_SPACING_MILLISECONDS: Final = 20
_DISTINCT_POSTS: Final = 2_000
_FIRST_ID: Final = 117_637_000_000_000_000
_ID_STEP: Final = _SPACING_MILLISECONDS << 16
_HUGE_CHARACTERS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One situation: what is in it, and how it is cut into HTTP chunks.

    Attributes:
        name: What it is called everywhere.
        about: One line for readers of the table.
        chunks: How an event is cut on the wire: ``writes`` as Mastodon's server does, one chunk for
            each of its two writes; ``whole`` one chunk, as a proxy in front of it passes them on;
            ``bytes`` one chunk for each byte.
        make: Returns the frames of so many events.
        events: How many events make a measurement.
    """

    name: str
    about: str
    chunks: Literal["writes", "whole", "bytes"] = "writes"
    make: Callable[[int], Iterator[Frame]]
    events: int


def frames(situation: Situation, events: int) -> Iterator[Frame]:
    """Yield a post, `events` frames of `situation`, and a post.

    The two posts at the ends are not counted: a client starts its clocks at the first and stops
    them at the last.
    """
    yield next(_posts(1, first_id=_FIRST_ID - _ID_STEP))
    yield from situation.make(events)
    yield next(_posts(1, first_id=_FIRST_ID + (events + 1) * _ID_STEP))


def chunked(situation: Situation, frame: Frame) -> Iterator[bytes]:
    """Yield the pieces of a frame on an event stream, each of which is an HTTP chunk."""
    name, payload = frame
    writes = (encode_comment(payload),) if frame == HEARTBEAT else encode_event(name, payload)
    if situation.chunks == "writes":
        yield from writes
    elif situation.chunks == "whole":
        yield b"".join(writes)
    else:
        whole = b"".join(writes)
        yield from (whole[place : place + 1] for place in range(len(whole)))


@cache
def _templates() -> tuple[bytes, ...]:
    """Return the public posts of a busy hour in JSON, each without the id that it begins with."""
    source = SyntheticSource(_SEED)
    posts: list[bytes] = []
    now = _START_MILLISECONDS
    while len(posts) < _DISTINCT_POSTS:
        activity = source.next(now)
        now += _SPACING_MILLISECONDS
        post = activity.payload
        if activity.event == "update" and isinstance(post, dict) and _is_public(post):
            json = msgspec.json.encode(without_viewer(post))
            posts.append(json[len(f'{{"id":"{post["id"]}') :])
    return tuple(posts)


def _is_public(post: Mapping[str, object]) -> bool:
    return post["visibility"] == "public" and post["reblog"] is None


def _posts(events: int, *, first_id: int = _FIRST_ID) -> Iterator[Frame]:
    templates = _templates()
    for number in range(events):
        post = templates[number % len(templates)]
        yield "update", b'{"id":"%d%b' % (first_id + number * _ID_STEP, post)


def _deletions(events: int) -> Iterator[Frame]:
    for number in range(events):
        yield "delete", b"%d" % (_FIRST_ID + number * _ID_STEP)


def _huge_posts(events: int) -> Iterator[Frame]:
    paragraph = b"<p>%b</p>" % (b"A long story. " * (_HUGE_CHARACTERS // 14))
    for name, payload in _posts(events):
        yield name, payload.replace(b'"content":"', b'"content":"' + paragraph, 1)


def _heartbeats(events: int) -> Iterator[Frame]:
    return islice(iter(lambda: HEARTBEAT, None), events)


SITUATIONS: Final[Mapping[str, Situation]] = {
    situation.name: situation
    for situation in (
        Situation(
            name="busy-public",
            about="public posts of about 3 kB, as fast as they can be read",
            make=_posts,
            events=30_000,
        ),
        Situation(
            name="behind-a-proxy",
            about="the same posts, as a proxy passes them on: an HTTP chunk for each event",
            chunks="whole",
            make=_posts,
            events=30_000,
        ),
        Situation(
            name="tiny-events",
            about="deletions, 18 bytes of payload",
            make=_deletions,
            events=100_000,
        ),
        Situation(
            name="huge-posts",
            about="posts of 100 kB, from servers with long posts",
            make=_huge_posts,
            events=1_000,
        ),
        Situation(
            name="one-byte-chunks",
            about="public posts, each byte in an HTTP chunk of its own",
            chunks="bytes",
            make=_posts,
            events=100,
        ),
        Situation(
            name="heartbeats-only",
            about="heartbeats and nothing else",
            make=_heartbeats,
            events=100_000,
        ),
    )
}
"""Every situation that is measured event by event; `idle-streams` has a module of its own."""
