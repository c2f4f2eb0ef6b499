"""Finding posts in payloads, wherever they stand, and cutting them out.

A post is an object with an ``id`` and a ``content``: alone, or inside of a boost, a quote, a
notification, a conversation, or whatever a fork invents. The boost of a post says the same as the
post, so it goes with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from trunkline.events import AnyEvent, leading_id

__all__ = ["post_ids", "posts_in", "without_post"]

_CONTENT: Final = b'"content":'


def posts_in(event: AnyEvent) -> set[str]:
    """Return the ids of all posts in an event."""
    if event.entity == "status" and event.raw.count(_CONTENT) == 1:  # nearly all, and not parsed
        return {leading_id(event.raw)}
    return post_ids(event.raw)


def post_ids(raw: str | bytes) -> set[str]:
    """Return the ids of all posts in a payload; none if it is no JSON."""
    try:
        return set(_ids(json.loads(raw)))
    except (ValueError, RecursionError):
        return set()


def without_post(raw: str | bytes, identifier: str) -> str | None:
    """Return a payload with null in place of each post of this id; ``None`` if nothing is left.

    What is no JSON is nothing: nobody can tell what is in it.
    """
    try:
        cut = _cut(json.loads(raw), identifier)
    except (ValueError, RecursionError):
        return None
    return None if cut is None else json.dumps(cut, ensure_ascii=False, separators=(",", ":"))


def _ids(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "content" in value and "id" in value:
            yield str(value["id"])
        for one in value.values():
            yield from _ids(one)
    elif isinstance(value, list):
        for one in value:
            yield from _ids(one)


def _cut(value: object, identifier: str) -> object:
    if isinstance(value, dict):
        if _is_post(value, identifier) or _is_post(value.get("reblog"), identifier):
            return None
        return {name: _cut(one, identifier) for name, one in value.items()}
    if isinstance(value, list):
        return [_cut(one, identifier) for one in value]
    return value


def _is_post(value: object, identifier: str) -> bool:
    return isinstance(value, dict) and "content" in value and str(value.get("id")) == identifier
