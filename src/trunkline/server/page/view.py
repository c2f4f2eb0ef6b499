"""What the page needs to draw a post: the view, a few plain values instead of Mastodon's entity.

Promises that the only HTML in it is `PostView.html`, which is safe; that every picture is a path on
this server; and that every link is of the web. What another host would have to serve becomes a link
or is left out. Knows nothing of requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from trunkline.entities import CustomEmoji, MediaAttachment, Poll, Status
from trunkline.entities.account import Account
from trunkline.entities.attachments import PollOption, PreviewCard
from trunkline.server.page.markup import safe_html

__all__ = ["PostView", "own_picture", "post_view", "web_link"]

_LARGEST_COUNT: Final = 2**53 - 1
_PICTURE: Final = re.compile(r"/(?:avatars|headers|media|emoji)/[^/]+\.svg")


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every view."""


class PersonView(View, frozen=True):
    """Somebody: `name` has the shortcodes of `emojis`, which are paths by name."""

    name: str
    acct: str
    avatar: str
    url: str | None = None
    bot: bool = False
    emojis: dict[str, str] = {}


class MediaView(View, frozen=True):
    """A picture, film or sound: with a `thumbnail` here, or as a link only."""

    kind: str
    url: str | None = None
    thumbnail: str | None = None
    about: str = ""


class OptionView(View, frozen=True):
    """One answer of a poll; the share is in percent, both are ``None`` while hidden."""

    title: str
    votes: int | None = None
    share: int | None = None


class PollView(View, frozen=True):
    """A poll as it stands."""

    options: list[OptionView]
    voters: int
    expired: bool = False
    until: datetime | None = None


class CardView(View, frozen=True):
    """The preview of a link."""

    url: str
    title: str
    provider: str = ""
    picture: str | None = None


class PostView(View, frozen=True):
    """A post, or a boost of one: then `booster` boosts the post `original_id`.

    A `warning` (or `sensitive` media) is folded until somebody opens it. `quote` is a post without
    a quote of its own.
    """

    id: str
    by: PersonView
    at: datetime
    html: str
    booster: PersonView | None = None
    original_id: str | None = None
    edited_at: datetime | None = None
    url: str | None = None
    language: str | None = None
    warning: str = ""
    sensitive: bool = False
    media: list[MediaView] = []
    poll: PollView | None = None
    card: CardView | None = None
    quote: PostView | None = None
    emojis: dict[str, str] = {}


def post_view(status: Status, *, hosts: frozenset[str], depth: int = 1) -> PostView:
    """Return what the page shows of `status`, with quotes down to `depth`.

    `hosts` are the names under which this server is known, ports included.
    """
    shown = status.reblog or status
    quoted = _quoted(shown) if depth else None
    return PostView(
        id=status.id,
        by=_person(shown.account, hosts),
        at=status.created_at,
        html=safe_html(shown.content),
        booster=_person(status.account, hosts) if status.reblog is not None else None,
        original_id=status.reblog.id if status.reblog is not None else None,
        edited_at=shown.edited_at,
        url=_page_elsewhere(shown.url or shown.uri, hosts),
        language=shown.language,
        warning=shown.spoiler_text,
        sensitive=shown.sensitive,
        media=[_media(one, hosts) for one in shown.media_attachments],
        poll=_poll(shown.poll) if shown.poll is not None else None,
        card=_card(shown.card, hosts) if shown.card is not None else None,
        quote=post_view(quoted, hosts=hosts, depth=depth - 1) if quoted is not None else None,
        emojis=_emojis(shown.emojis, hosts),
    )


def _quoted(status: Status) -> Status | None:
    quote = status.quote
    return quote.quoted_status if quote is not None and quote.state == "accepted" else None


def own_picture(url: str | None, *, hosts: frozenset[str]) -> str | None:
    """Return the path of a picture that this server draws; ``None`` for any other address."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    own = parts.scheme in ("http", "https") and parts.netloc in hosts
    return parts.path if own and _PICTURE.fullmatch(parts.path) else None


def web_link(url: str | None) -> str | None:
    """Return `url` if it is an address of the web, else ``None``."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _page_elsewhere(url: str, hosts: frozenset[str]) -> str | None:
    """Return `url` as a link unless it leads here, where people and posts have no pages."""
    link = web_link(url)
    return link if link is not None and urlsplit(link).netloc not in hosts else None


def _person(account: Account, hosts: frozenset[str]) -> PersonView:
    drawn = f"/avatars/{quote(account.username or '?', safe='', errors='replace')}.svg"
    return PersonView(
        name=account.display_name or account.username,
        acct=account.acct,
        avatar=own_picture(account.avatar_static or account.avatar, hosts=hosts) or drawn,
        url=_page_elsewhere(account.url, hosts),
        bot=account.bot,
        emojis=_emojis(account.emojis, hosts),
    )


def _media(media: MediaAttachment, hosts: frozenset[str]) -> MediaView:
    return MediaView(
        kind=media.type,
        url=own_picture(media.url, hosts=hosts) or web_link(media.remote_url or media.url),
        thumbnail=own_picture(media.preview_url or media.url, hosts=hosts),
        about=media.description or "",
    )


def _poll(poll: Poll) -> PollView:
    voters = _bounded(poll.voters_count or poll.votes_count)
    return PollView(
        options=[_option(one, voters=voters) for one in poll.options],
        voters=voters,
        expired=poll.expired,
        until=poll.expires_at,
    )


def _option(option: PollOption, *, voters: int) -> OptionView:
    if option.votes_count is None:
        return OptionView(title=option.title)
    votes = _bounded(option.votes_count)
    share = min(100, round(100 * votes / voters)) if voters else 0
    return OptionView(title=option.title, votes=votes, share=share)


def _bounded(count: int) -> int:
    """Return a count as JavaScript can hold it; servers send stranger ones."""
    return max(0, min(count, _LARGEST_COUNT))


def _card(card: PreviewCard, hosts: frozenset[str]) -> CardView | None:
    url = web_link(card.url)
    if url is None:
        return None
    picture = own_picture(card.image, hosts=hosts)
    provider = card.provider_name or urlsplit(url).hostname or ""
    return CardView(url=url, title=card.title or url, provider=provider, picture=picture)


def _emojis(emojis: Iterable[CustomEmoji], hosts: frozenset[str]) -> dict[str, str]:
    found = {one.shortcode: own_picture(one.static_url or one.url, hosts=hosts) for one in emojis}
    return {name: path for name, path in found.items() if path is not None}
