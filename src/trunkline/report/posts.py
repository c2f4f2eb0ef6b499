"""What is counted of the posts of a recording: languages, servers of authors, tags, edits.

Boosts are no posts of their own. Posts that were deleted count among the posts, but what they said
does not: neither their language nor their author's server nor their tags are told.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from trunkline.report.values import Count, Ranking
from trunkline.sinks.recorded import moment_of

__all__ = ["Posts", "read_posts", "top_tags"]

_TOP: Final = 50

_POSTS: Final = (
    "SELECT status, kind, language, account, created_at, edited_at, deleted_at IS NOT NULL"
    " FROM statuses"
)
_DOMAINS: Final = "SELECT account, domain FROM accounts"
_TAGS: Final = "SELECT tag, count(*) FROM tags GROUP BY tag"
_TAGS_OF: Final = "SELECT tag FROM tags WHERE status = ?"


@dataclass(slots=True)
class Posts:
    """What one pass over the posts has found. `deleted` are keys of rows."""

    posts: int = 0
    boosts: int = 0
    authors: int = 0
    deleted: list[int] = field(default_factory=list)
    edit_delays: list[float] = field(default_factory=list)
    languages: Ranking = field(default_factory=lambda: Ranking(0, ()))
    author_servers: Ranking = field(default_factory=lambda: Ranking(0, ()))


def read_posts(database: sqlite3.Connection) -> Posts:
    """Return what the table of posts tells."""
    found = Posts()
    languages: Counter[str | None] = Counter()
    authors: Counter[int | None] = Counter()
    for status, kind, language, account, created, edited, deleted in database.execute(_POSTS):
        if kind == "boost":
            found.boosts += 1
            continue
        found.posts += 1
        if edited is not None and created is not None:
            delay = moment_of(edited) - moment_of(created)
            found.edit_delays.append(max(delay.total_seconds(), 0.0))
        if deleted:
            found.deleted.append(status)
            continue
        languages[language or None] += 1
        authors[account] += 1
    found.authors = len(authors.keys() - {None})
    found.languages = _ranked([Count(name, posts) for name, posts in languages.items()])
    found.author_servers = _ranked(_by_server(database, authors))
    return found


def top_tags(database: sqlite3.Connection, *, without: Sequence[int]) -> Ranking:
    """Return the tags that most posts have, not counting the posts with the keys `without`."""
    tags: Counter[str] = Counter(dict(database.execute(_TAGS)))
    for status in without:
        tags.subtract([tag for (tag,) in database.execute(_TAGS_OF, (status,))])
    return _ranked([Count(tag, posts) for tag, posts in tags.items() if posts > 0])


def _by_server(database: sqlite3.Connection, authors: Counter[int | None]) -> list[Count]:
    posts: Counter[str | None] = Counter()
    people: Counter[str | None] = Counter()
    domains: dict[int | None, str | None] = dict(database.execute(_DOMAINS))
    for account, written in authors.items():
        domain = domains.get(account) or None
        posts[domain] += written
        people[domain] += account is not None
    return [Count(domain, written, people[domain]) for domain, written in posts.items()]


def _ranked(counts: list[Count]) -> Ranking:
    ordered = sorted(counts, key=lambda one: (-one.posts, one.name or ""))
    return Ranking(len(counts), tuple(ordered[:_TOP]))
