"""What happens on a server for ever, in batches: for runs that ask what a sink keeps in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Final

from tests.sinks.builders import NAME, PUBLIC, SERVER, batch, delete, post, update

from trunkline.events import AnyEvent, Delete, Update
from trunkline.policy.cursor import Cursor
from trunkline.server.ids import SnowflakeIds
from trunkline.sinks import Batch, Position

__all__ = ["TINY_LIVES", "deletions", "life", "small_updates"]

_BATCH_EVENTS: Final = 1_000
_FIRST_MILLISECONDS: Final = 1_795_000_000_000
_SMALL_BYTES: Final = 200


def life() -> Iterator[Batch]:
    """Yield posts and deletions for ever, all of them new."""
    for start in count(0, 40):
        posts = [update(post(str(number))) for number in range(start, start + 40)]
        gone = [delete(str(number)) for number in range(start - 20, start, 5)]
        yield batch(*posts, *gone, keys=[str(number) for number in range(start, start + 40)])


def deletions() -> Iterator[Batch]:
    """Yield deletions for ever, each of another post."""
    return _tiny(lambda at, status_id: Delete(PUBLIC, SERVER, at, status_id.encode()), key="{}!")


def small_updates() -> Iterator[Batch]:
    """Yield posts of 200 bytes for ever, all of them new."""
    return _tiny(lambda at, status_id: Update(PUBLIC, SERVER, at, _small(at, status_id)), key="{}")


TINY_LIVES: Final[dict[str, Callable[[], Iterator[Batch]]]] = {
    "deletions": deletions,
    "updates": small_updates,
}


def _tiny(make: Callable[[datetime, str], AnyEvent], *, key: str) -> Iterator[Batch]:
    """Yield batches as a busy recorder cuts them: a thousand events a second, and where it is."""
    ids = SnowflakeIds()
    for start in count(_FIRST_MILLISECONDS, _BATCH_EVENTS):
        moments = range(start, start + _BATCH_EVENTS)
        named = [(ids.next(moment), moment / 1000) for moment in moments]
        position = Position(
            NAME,
            Cursor(live_at_seconds=start / 1000),
            [(key.format(status_id), at_seconds) for status_id, at_seconds in named],
        )
        events = [make(datetime.fromtimestamp(at, UTC), status_id) for status_id, at in named]
        yield Batch(events=events, positions=[position])


def _small(at: datetime, status_id: str) -> bytes:
    """Return a post of 200 bytes, with words that differ from post to post."""
    status = {
        "id": status_id,
        "created_at": f"{at.isoformat(timespec='milliseconds')[:-6]}Z",
        "edited_at": None,
        "account": {"id": status_id[-3:], "acct": f"user{status_id[-3:]}"},
        "content": f"<p>Word {int(status_id) % 9_973}</p>",
    }
    return json.dumps(status).encode().ljust(_SMALL_BYTES)
