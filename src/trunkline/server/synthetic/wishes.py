"""One post as a caller wants it: what was asked for, and chance for the rest.

Promises that whatever is asked for is in the draft, and a clear refusal of what cannot be. Knows
nothing of ids or time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from trunkline.server.synthetic.drafts import KINDS, Draft, Town, begin, complete
from trunkline.server.synthetic.memory import Json
from trunkline.server.synthetic.people import Person, person_at, person_of
from trunkline.server.synthetic.texts import SENTENCES

__all__ = ["Wish", "draft_for"]

VISIBILITIES: Final = ("public", "unlisted", "private", "direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a caller of `SyntheticSource.status` asked for; None is left to chance."""

    content: str | None
    tags: Sequence[str] | None
    language: str | None
    local: bool | None
    media: bool | None
    account: str | Json | None
    visibility: str
    spoiler_text: str | None


def draft_for(town: Town, wish: Wish) -> Draft:
    """Return a draft that grants the wish.

    Raises:
        ValueError: A visibility or language that is not there, an incomplete account, or an account
            that is not where `local` says.
    """
    _check(wish)
    person = _person(town, wish)
    plain = begin(town, person=person, language=_voice(wish))
    if wish.content is None:
        post = complete(town, plain, kind=KINDS.draw(town.random))
    else:
        post = replace(plain, content=wish.content, tags=())
    if wish.language is not None:
        post = replace(post, language=wish.language or None)
    if wish.tags is not None:
        post = replace(post, tags=tuple(tag.lstrip("#") for tag in wish.tags))
    if wish.media is not None:
        post = replace(post, pictures=max(post.pictures, 1) if wish.media else 0)
    if wish.spoiler_text is not None:
        post = replace(post, spoiler_text=wish.spoiler_text)
    return replace(post, visibility=wish.visibility)


def _check(wish: Wish) -> None:
    if wish.visibility not in VISIBILITIES:
        raise ValueError(f"expected one of {', '.join(VISIBILITIES)}, got {wish.visibility!r}")
    if wish.language and wish.language not in SENTENCES and wish.content is None:
        raise ValueError(
            f"expected a language there is text in ({', '.join(SENTENCES)}), got "
            f"{wish.language!r}; pass content= to write the post yourself"
        )


def _voice(wish: Wish) -> str | None:
    return wish.language if wish.language in SENTENCES else None


def _person(town: Town, wish: Wish) -> Person | None:
    if wish.account is None:
        return None if wish.local is None else town.crowd.draw(town.random, local=wish.local)
    if isinstance(wish.account, str):
        person = town.crowd.find(wish.account) or person_at(wish.account, site=town.site)
    else:
        person = person_of(wish.account)
    if wish.local is not None and person.local is not wish.local:
        raise ValueError(
            f"expected an account with local={wish.local}, got {person.acct!r}; local accounts "
            "have no @ in them: leave out local= or change the account"
        )
    return person
