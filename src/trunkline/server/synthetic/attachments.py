"""What a post may carry: pictures, polls, link cards, quotes; each as Mastodon's JSON.

Promises every field in Mastodon's order, addresses on the pretend server, and fresh dicts where the
values differ from post to post. Knows nothing of the post itself; time and chance are arguments.

Source: Mastodon API, "MediaAttachment", "Poll", "PreviewCard", "Quote".
"""

from __future__ import annotations

from random import Random
from typing import Final

from trunkline.server.synthetic.markup import escaped, link, paragraph
from trunkline.server.synthetic.memory import Json, iso
from trunkline.server.synthetic.people import Site
from trunkline.server.synthetic.words import HEADLINES, POLLS, Headline

__all__ = ["card", "card_link", "picture", "poll", "poll_closed", "quote_of"]

BASE_83: Final = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
)
FOUR_BY_THREE: Final = "L"  # blurhash: how many components, (4 - 1) + (3 - 1) * 9, in base 83
SIZES: Final = ((1280, 960), (1600, 1200), (960, 1280), (1920, 1080), (800, 800))
PREVIEW_PIXELS: Final = 230_400
POLL_HOURS: Final = (1, 6, 24, 72, 168)
EMOJI_POLL: Final = ("👍", "👎", "🤷")


def picture(random: Random, *, media_id: str, site: Site, remote: bool, description: str) -> Json:
    """Return an image attachment that the pretend server can draw."""
    url = f"{site.base}/media/{media_id}.svg"
    width, height = random.choice(SIZES)
    shrink = (PREVIEW_PIXELS / (width * height)) ** 0.5
    return {
        "id": media_id,
        "type": "image",
        "url": url,
        "preview_url": url,
        "remote_url": f"https://files.example/{media_id}.svg" if remote else None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {
            "original": _size(width, height),
            "small": _size(round(width * shrink), round(height * shrink)),
        },
        "description": description or None,
        "blurhash": _blurhash(random),
    }


def poll(random: Random, *, poll_id: str, language: str, now_milliseconds: int) -> Json:
    """Return an open poll without votes."""
    expires = now_milliseconds + random.choice(POLL_HOURS) * 3_600_000
    titles = POLLS.get(language, EMOJI_POLL)
    return {
        "id": poll_id,
        "expires_at": iso(expires),
        "expired": False,
        "multiple": random.random() < 0.2,
        "votes_count": 0,
        "voters_count": 0,
        "options": [{"title": title, "votes_count": 0} for title in titles],
        "emojis": [],
        "voted": False,
        "own_votes": [],
    }


def poll_closed(random: Random, open_poll: Json, *, now_milliseconds: int) -> Json:
    """Return the poll as it stands after its end: votes counted, in a dict of its own."""
    options = open_poll["options"]
    titles = [option["title"] for option in options] if isinstance(options, list) else []
    votes = [random.randrange(90) for _ in titles]
    return {
        **open_poll,
        "expires_at": iso(now_milliseconds),
        "expired": True,
        "votes_count": sum(votes),
        "voters_count": sum(votes),
        "options": [
            {"title": title, "votes_count": count}
            for title, count in zip(titles, votes, strict=True)
        ],
    }


def card(headline: Headline, *, site: Site) -> Json:
    """Return the preview card of an article."""
    number = HEADLINES.index(headline)
    provider_url = "/".join(headline.url.split("/")[:3])
    author: Json = {"name": headline.provider, "url": "", "account": None}
    return {
        "url": headline.url,
        "title": headline.title,
        "description": headline.description,
        "language": headline.language,
        "type": "link",
        "author_name": "",
        "author_url": "",
        "provider_name": headline.provider,
        "provider_url": provider_url,
        "html": "",
        "width": 1200,
        "height": 630,
        "image": f"{site.base}/media/card{number}.svg",
        "image_description": "",
        "embed_url": "",
        "blurhash": "LGF5?xYk^6#M@-5c,1J5@[or[Q6.",
        "published_at": "2026-03-02T06:30:00.000Z",
        "authors": [author],
    }


def card_link(headline: Headline) -> str:
    """Return the paragraph of a post that shares an article."""
    return paragraph(f"{escaped(headline.title)}<br>{link(headline.url)}")


def quote_of(status: Json | None) -> Json:
    """Return the quote of a post, or one that still waits for permission (None)."""
    return {"state": "pending" if status is None else "accepted", "quoted_status": status}


def _size(width: int, height: int) -> Json:
    size = f"{width}x{height}"
    return {"width": width, "height": height, "size": size, "aspect": width / height}


def _blurhash(random: Random) -> str:
    """Return a valid blurhash: flag, loudest component, average colour, eleven components.

    Source: the encoding notes of https://blurha.sh.
    """
    colour = random.randrange(0x404040, 0xE0E0E0)
    loudest = 24
    components = "".join(_base83(random.randrange(19**3), 2) for _ in range(11))
    return f"{FOUR_BY_THREE}{_base83(loudest, 1)}{_base83(colour, 4)}{components}"


def _base83(number: int, digits: int) -> str:
    return "".join(BASE_83[number // 83**place % 83] for place in reversed(range(digits)))
