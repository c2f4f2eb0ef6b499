"""Why a post is hidden or marked: the filters of the reader that matched it."""

from __future__ import annotations

from trunkline.entities.base import Entity, Timestamp

__all__ = ["Filter", "FilterResult"]


class Filter(Entity, frozen=True, kw_only=True):
    """A filter of yours, without its keywords. Mastodon API: Filter entity."""

    id: str = ""
    title: str = ""
    context: tuple[str, ...] = ()
    """Where it applies: ``home``, ``notifications``, ``public``, ``thread``, ``account``."""
    expires_at: Timestamp | None = None
    filter_action: str = "warn"
    """``warn``, ``hide`` or ``blur``; treat an unknown word as ``warn``."""


class FilterResult(Entity, frozen=True, kw_only=True):
    """That a filter matched a post, and by what. Mastodon API: FilterResult entity."""

    filter: Filter = Filter()
    keyword_matches: tuple[str, ...] | None = None
    """The keywords found; ``None`` if it matched by other means."""
    status_matches: tuple[str, ...] | None = None
    """Ids of the posts that the filter names; ``None`` if it matched by other means."""
