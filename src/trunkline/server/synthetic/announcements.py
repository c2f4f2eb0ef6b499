"""What the pretend server's owner tells everybody, and how people react to it.

Promises that reactions and deletions name an announcement that still stands, and that only a few
stand at once. Time is an argument.

Source: Mastodon API, "Announcement", "Announcement::Reaction".
"""

from __future__ import annotations

from typing import Final

from trunkline.server.synthetic import markup
from trunkline.server.synthetic.drafts import Town
from trunkline.server.synthetic.memory import Json, iso
from trunkline.server.synthetic.people import custom_emoji
from trunkline.server.synthetic.words import ANNOUNCEMENTS, CUSTOM_EMOJI, REACTIONS

__all__ = ["Announcer"]

STANDING: Final = 8


class Announcer:
    """Keeps the announcements that stand, with the reactions to each."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._serial = 0
        self._reactions: dict[str, dict[str, int]] = {}

    @property
    def standing(self) -> bool:
        """Whether there is an announcement to react to or to delete."""
        return bool(self._reactions)

    def announce(self, now_milliseconds: int) -> Json:
        """Return a new announcement; when too many stand, the oldest falls out of sight."""
        self._serial += 1
        announcement_id = str(self._serial)
        self._reactions[announcement_id] = {}
        if len(self._reactions) > STANDING:
            del self._reactions[next(iter(self._reactions))]
        text = self._town.random.choice(ANNOUNCEMENTS)
        return {
            "id": announcement_id,
            "content": markup.paragraph(markup.escaped(text)),
            "starts_at": None,
            "ends_at": None,
            "all_day": False,
            "published_at": iso(now_milliseconds),
            "updated_at": iso(now_milliseconds),
            "mentions": [],
            "statuses": [],
            "tags": [],
            "emojis": [
                custom_emoji(code, site=self._town.site)
                for code in CUSTOM_EMOJI
                if f":{code}:" in text
            ],
            "reactions": [],
        }

    def react(self) -> Json:
        """Return one more reaction to a standing announcement: the new count of one emoji."""
        random = self._town.random
        announcement_id = random.choice(list(self._reactions))
        name = random.choice(REACTIONS)
        counts = self._reactions[announcement_id]
        counts[name] = counts.get(name, 0) + 1
        reaction: Json = {"name": name, "count": counts[name]}
        if name in CUSTOM_EMOJI:
            url = custom_emoji(name, site=self._town.site)["url"]
            reaction |= {"url": url, "static_url": url}
        return {**reaction, "announcement_id": announcement_id}

    def withdraw(self) -> str:
        """Return the id of a standing announcement that is now deleted."""
        announcement_id = self._town.random.choice(list(self._reactions))
        del self._reactions[announcement_id]
        return announcement_id
