"""What people decide to write: who, in which language, about what, in answer to whom.

Promises drafts that refer only to posts the pretend server still has. Knows nothing of JSON, ids or
time; chance is the random source of the `Town`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from trunkline.server.synthetic.memory import Json, Memory, Odds, StatusIds
from trunkline.server.synthetic.people import Crowd, Person, Site
from trunkline.server.synthetic.words import HASHTAGS, HEADLINES, WARNINGS, Headline

__all__ = ["COMPLETIONS", "KINDS", "Draft", "Post", "Town", "begin", "complete", "has_words"]

VISIBILITIES: Final = Odds({"public": 92.0, "unlisted": 5.0, "private": 3.0})
PICTURES: Final = Odds({1: 70.0, 2: 20.0, 4: 10.0})
KINDS: Final = Odds(
    {
        "plain": 28.0,
        "pictures": 22.0,
        "article": 11.0,
        "reply": 13.0,
        "mention": 4.0,
        "warned": 5.0,
        "poll": 4.0,
        "quote": 4.0,
        "boost": 9.0,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that was published; `status` is its JSON, shared and to be read only.

    Attributes:
        voice: The language its words are in, also where `status` names none.
        mentions: Whether it mentions somebody.
        poll: Its poll, if it has one.
        quotes: Whether it quotes another post.
        boosts: Whether it is somebody's boost of another post, without words of its own.
        referenced: Whether another post answers, quotes or boosts it.
    """

    id: str
    person: Person
    voice: str
    visibility: str
    status: Json
    mentions: bool = False
    poll: Json | None = None
    quotes: bool = False
    boosts: bool = False
    referenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is about to be written; whatever is not said here is absent from the post."""

    person: Person
    language: str | None
    voice: str
    visibility: str = "public"
    content: str | None = None
    tags: tuple[str, ...] = ()
    mentions: tuple[Person, ...] = ()
    spoiler_text: str = ""
    answers: Post | None = None
    pictures: int = 0
    article: Headline | None = None
    poll: bool = False
    quotes: Post | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """One pretend server: its dice, its place, its people, its ids and its memory."""

    random: Random
    site: Site
    crowd: Crowd
    ids: StatusIds
    memory: Memory[Post]


def begin(town: Town, *, person: Person | None = None, language: str | None = None) -> Draft:
    """Begin a plain post: somebody, mostly in their own language, with a hashtag or two."""
    random = town.random
    person = person or town.crowd.draw(random)
    voice = language or (person.language if random.random() < 0.85 else "en")
    tags = random.sample(HASHTAGS, random.randint(1, 2)) if random.random() < 0.45 else ()
    return Draft(
        person=person,
        language=voice if language or random.random() < 0.98 else None,
        voice=voice,
        visibility=VISIBILITIES.draw(random),
        tags=tuple(tags),
    )


def complete(town: Town, plain: Draft, *, kind: str) -> Draft:
    """Return the draft as a post of a kind; plain where the kind needs a post that is not there."""
    return COMPLETIONS[kind](town, plain)


def has_words(post: Post) -> bool:
    """Tell whether a post is more than a boost: only such are edited, answered and favourited."""
    return not post.boosts


def _plain(_: Town, plain: Draft) -> Draft:
    return plain


def _pictures(town: Town, plain: Draft) -> Draft:
    return replace(plain, pictures=PICTURES.draw(town.random))


def _article(town: Town, plain: Draft) -> Draft:
    return replace(plain, article=town.random.choice(HEADLINES))


def _reply(town: Town, plain: Draft) -> Draft:
    answers = town.memory.draw(town.random, accept=has_words)
    if answers is None:
        return plain
    return replace(
        plain, answers=answers, mentions=(answers.person,), visibility=answers.visibility
    )


def _mention(town: Town, plain: Draft) -> Draft:
    return replace(plain, mentions=(town.crowd.draw(town.random),))


def _warned(town: Town, plain: Draft) -> Draft:
    warnings = WARNINGS.get(plain.voice, ("⚠️",))
    return replace(plain, spoiler_text=town.random.choice(warnings))


def _poll(_: Town, plain: Draft) -> Draft:
    return replace(plain, poll=True)


def _quote(town: Town, plain: Draft) -> Draft:
    return replace(plain, quotes=town.memory.draw(town.random, accept=_can_be_quoted))


def _can_be_quoted(post: Post) -> bool:
    return not post.boosts and not post.quotes and post.visibility == "public"


COMPLETIONS: Final[Mapping[str, Callable[[Town, Draft], Draft]]] = {
    "plain": _plain,
    "pictures": _pictures,
    "article": _article,
    "reply": _reply,
    "mention": _mention,
    "warned": _warned,
    "poll": _poll,
    "quote": _quote,
    "boost": _plain,
}
