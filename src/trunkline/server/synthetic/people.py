"""The people of the pretend server: who they are and what their account looks like in JSON.

Promises that the same address on the same site is always the same person, in any run, and that an
account dict is shared by all who mention it and never changed: a new day makes a new dict. Knows
nothing of posts; the day is an argument.

Source: Mastodon API, "Account"; key order as Mastodon 4.7 sends it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from trunkline.server.synthetic.markup import escaped, hashtag, link, paragraph
from trunkline.server.synthetic.memory import Json, StatusIds
from trunkline.server.synthetic.texts import SENTENCES
from trunkline.server.synthetic.words import CUSTOM_EMOJI, DOMAINS, FIELDS, HASHTAGS, NAMES, Name

__all__ = ["Crowd", "Person", "Site", "custom_emoji", "person_at", "person_of"]

FIRST_DAY: Final = date(2016, 11, 22)
LOCAL_PATTERN: Final = (True, False, True, False, False)
OWNER_ROLE: Final = {"id": "3", "name": "Owner", "color": "#6364ff"}
PERSON_KEYS: Final = ("id", "username", "acct", "url", "uri")


@dataclass(frozen=True, slots=True)
class Site:
    """Where the pretend server lives: scheme and host, with a port if it has one."""

    host: str
    scheme: str = "https"

    @property
    def base(self) -> str:
        """Its base URL, without a slash at the end."""
        return f"{self.scheme}://{self.host}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account; `account` and `mention` are shared JSON, to be read only."""

    id: str
    username: str
    acct: str
    url: str
    uri: str
    language: str
    account: Json
    mention: Json

    @property
    def local(self) -> bool:
        """Whether the account is at home on the pretend server."""
        return "@" not in self.acct


def person_at(acct: str, *, site: Site, name: Name | None = None, owner: bool = False) -> Person:
    """Return the person of an address, `alice` or `bob@far.example`; always the same one."""
    username, _, domain = acct.partition("@")
    # A source of its own, so that a person does not depend on who was made before.
    random = Random(f"{acct} at {site.host}")
    name = name or Name(username, username.replace("_", " ").title(), "en")
    account = _account(random, acct, site=site, name=name, home=f"https://{domain}")
    if owner:
        account["roles"] = [OWNER_ROLE]
    return person_of(account, language=name.language)


def person_of(account: Json, *, language: str = "en") -> Person:
    """Return the person of an account in JSON.

    Raises:
        ValueError: The account lacks an id, username, acct, url or uri.
    """
    missing = [key for key in PERSON_KEYS if not isinstance(account.get(key), str)]
    if missing:
        raise ValueError(
            f"expected an account with the strings {', '.join(PERSON_KEYS)}, and "
            f"{', '.join(missing)} is not there; pass a whole account, or an address like 'alice'"
        )
    known = {key: str(account[key]) for key in PERSON_KEYS}
    mention: Json = {key: known[key] for key in ("id", "username", "url", "acct")}
    return Person(**known, language=language, account=account, mention=mention)


def custom_emoji(shortcode: str, *, site: Site) -> Json:
    """Return a custom emoji of the pretend server."""
    url = f"{site.base}/emoji/{shortcode}.svg"
    return {"shortcode": shortcode, "url": url, "static_url": url, "visible_in_picker": True}


def _account(random: Random, acct: str, *, site: Site, name: Name, home: str) -> Json:
    local = "@" not in acct
    username = acct.partition("@")[0]
    root = site.base if local else home
    since = FIRST_DAY + timedelta(days=random.randrange(3_300))
    since_milliseconds = (since - date(1970, 1, 1)).days * 86_400_000
    ids = StatusIds(first_tail=random.randrange(1 << 16))
    avatar = f"{site.base}/avatars/{username}.svg"
    header = f"{site.base}/headers/{username}.svg"
    return {
        "id": ids.next(since_milliseconds + random.randrange(86_400_000)),
        "username": username,
        "acct": acct,
        "display_name": name.display_name,
        "locked": random.random() < 0.15,
        "bot": "bot" in username,
        "discoverable": random.random() < 0.8,
        "indexable": random.random() < 0.5,
        "group": False,
        "created_at": f"{since.isoformat()}T00:00:00.000Z",
        "note": _note(random, name.language, base=root),
        "url": f"{root}/@{username}",
        "uri": f"{root}/users/{username}",
        "avatar": avatar,
        "avatar_static": avatar,
        "avatar_description": "",
        "header": header,
        "header_static": header,
        "header_description": "",
        "followers_count": int(random.paretovariate(0.7) * 20) % 1_000_000,
        "following_count": random.randrange(20, 900),
        "statuses_count": random.randrange(40, 30_000),
        "last_status_at": None,
        "hide_collections": random.random() < 0.1,
        "noindex": False,
        "emojis": [
            custom_emoji(code, site=site)
            for code in CUSTOM_EMOJI
            if f":{code}:" in name.display_name
        ],
        "roles": [],
        "fields": _fields(random, root),
    }


def _note(random: Random, language: str, *, base: str) -> str:
    sentence = escaped(random.choice(SENTENCES[language]))
    tags = " ".join(hashtag(tag, base=base) for tag in random.sample(HASHTAGS, 2))
    return f"{paragraph(sentence)}{paragraph(tags)}"


def _fields(random: Random, root: str) -> list[Json]:
    fields: list[Json] = [
        {"name": name, "value": value, "verified_at": None}
        for name, value in random.sample(FIELDS, random.randrange(3))
    ]
    if random.random() < 0.3:
        verified_at = "2024-05-01T10:00:00.000+00:00"
        fields.append({"name": "Home", "value": link(f"{root}/home"), "verified_at": verified_at})
    return fields


class Crowd:
    """All who post on the pretend server: two of five at home there, the others elsewhere."""

    def __init__(self, random: Random, *, site: Site, size: int) -> None:
        names = random.sample(NAMES, len(NAMES))
        self._people = [_member(number, names, site=site) for number in range(size)]
        self._positions = {person.acct: at for at, person in enumerate(self._people)}

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody; the first is the viewer, a local person who owns the server."""
        return tuple(self._people)

    @property
    def viewer(self) -> Person:
        """The local person whose notifications these are."""
        return self._people[0]

    def find(self, acct: str) -> Person | None:
        """Return the person of an address, if they are in the crowd."""
        position = self._positions.get(acct)
        return None if position is None else self._people[position]

    def number(self, person: Person) -> int:
        """Return the place of a person in the crowd; the viewer's is 0."""
        return self._positions[person.acct]

    def draw(self, random: Random, *, local: bool | None = None) -> Person:
        """Draw somebody, or somebody from here (`local=True`) or from elsewhere (False)."""
        while True:
            person = random.choice(self._people)
            if local is None or person.local is local:
                return person

    def draw_other(self, random: Random) -> Person:
        """Draw somebody who is not the viewer."""
        return self._people[random.randrange(1, len(self._people))]

    def posting(self, person: Person, *, day: str) -> Person:
        """Return the person as of the day they post on; their account then says so."""
        if person.account["last_status_at"] == day:
            return person
        posting = replace(person, account={**person.account, "last_status_at": day})
        if person.acct in self._positions:
            self._people[self._positions[person.acct]] = posting
        return posting


def _member(number: int, names: list[Name], *, site: Site) -> Person:
    name = names[number % len(names)]
    repeat = number // len(names)
    username = f"{name.username}{repeat + 1}" if repeat else name.username
    local = LOCAL_PATTERN[number % len(LOCAL_PATTERN)]
    acct = username if local else f"{username}@{DOMAINS[number % len(DOMAINS)]}"
    return person_at(acct, site=site, name=name, owner=number == 0)
