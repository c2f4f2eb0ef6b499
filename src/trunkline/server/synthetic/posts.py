"""How a draft becomes a post: its JSON, with every field in the order Mastodon 4.7 sends.

Promises a fresh status dict for every post and every edit. The dicts inside it (accounts, tags,
quoted and boosted posts) are shared and to be read only. Chooses words, never what a post is about;
time is an argument.

Source: Mastodon API, "Status".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from trunkline.server.synthetic import attachments, markup
from trunkline.server.synthetic.drafts import KINDS, Draft, Post, Town, begin, complete, has_words
from trunkline.server.synthetic.memory import Json, Odds, iso, iso_day
from trunkline.server.synthetic.people import Person, custom_emoji
from trunkline.server.synthetic.texts import SENTENCES, UNSPACED
from trunkline.server.synthetic.words import (
    APPLICATIONS,
    CUSTOM_EMOJI,
    EMOJI,
    HASHTAGS,
    HEADLINES,
)

__all__ = ["LONGEST", "Writer"]

LONGEST: Final = 4  # sentences
LENGTHS: Final = Odds({1: 30.0, 2: 40.0, 3: 22.0, LONGEST: 8.0})
JOINS: Final = Odds(
    {" ": 62.0, "</p><p>": 22.0, "<br>": 11.0, "\u2028": 3.0, "\u2029": 1.0, "\u0085": 1.0}
)
PUBLIC_QUOTES: Final[Json] = {"automatic": ["public"], "manual": [], "current_user": "unknown"}
NO_QUOTES: Final[Json] = {"automatic": [], "manual": [], "current_user": "denied"}


class Writer:
    """Writes and edits the posts of one `Town`."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._random = town.random
        self._polls = 0
        self._tags = {tag: self._tag(tag) for tag in HASHTAGS}
        self._emoji = {code: custom_emoji(code, site=town.site) for code in CUSTOM_EMOJI}
        self._cards = {one: attachments.card(one, site=town.site) for one in HEADLINES}

    def anything(self, now_milliseconds: int) -> Post:
        """Write a post of any kind, or boost an earlier one."""
        kind = KINDS.draw(self._random)
        if kind == "boost":
            original = self._town.memory.draw(self._random, accept=_can_be_boosted)
            if original is not None:
                return self._boost(original, now_milliseconds)
        plain = begin(self._town)
        return self.publish(complete(self._town, plain, kind=kind), now_milliseconds)

    def publish(self, draft: Draft, now_milliseconds: int) -> Post:
        """Turn a draft into a post of this moment."""
        draft = replace(draft, person=self._posting(draft.person, now_milliseconds))
        status_id = self._town.ids.next(now_milliseconds)
        poll = self._poll(draft, now_milliseconds)
        status = {
            **_head(draft, status_id, now_milliseconds),
            **self._body(draft, now_milliseconds),
            **_tail(draft, poll),
        }
        self._refer(draft.answers)
        self._refer(draft.quotes)
        return Post(
            id=status_id,
            person=draft.person,
            voice=draft.voice,
            visibility=draft.visibility,
            status=status,
            mentions=bool(draft.mentions),
            poll=poll,
            quotes=draft.quotes is not None,
        )

    def edit(self, post: Post, now_milliseconds: int) -> Post:
        """Return the post with other words, edited now; the older version stays as it was."""
        content = str(post.status["content"])
        fresh = [text for text in SENTENCES[post.voice] if markup.escaped(text) not in content]
        status = {
            **post.status,
            "edited_at": max(iso(now_milliseconds), str(post.status["created_at"])),
            "content": markup.edited(content, self._random.choice(fresh)),
            "favourites_count": self._random.randrange(40),
        }
        return replace(post, status=status)

    def _boost(self, original: Post, now_milliseconds: int) -> Post:
        person = self._posting(self._town.crowd.draw(self._random), now_milliseconds)
        status_id = self._town.ids.next(now_milliseconds)
        boost = Draft(
            person=person,
            language=None,
            voice=original.voice,
            visibility=original.visibility,
            content="",
        )
        activity = f"{person.uri}/statuses/{status_id}/activity"
        status = {
            **_head(boost, status_id, now_milliseconds),
            **self._body(boost, now_milliseconds),
            **_tail(boost, None),
            "uri": activity,
            "url": activity,
            "reblog": original.status,
        }
        self._refer(original)
        return Post(
            id=status_id,
            person=person,
            voice=original.voice,
            visibility=original.visibility,
            status=status,
            boosts=True,
        )

    def _posting(self, person: Person, now_milliseconds: int) -> Person:
        return self._town.crowd.posting(person, day=iso_day(now_milliseconds))

    def _refer(self, post: Post | None) -> None:
        if post is not None and not post.referenced:
            self._town.memory.replace(replace(post, referenced=True))

    def _body(self, draft: Draft, now_milliseconds: int) -> Json:
        content = self._content(draft) if draft.content is None else draft.content
        body: Json = {"content": content, "reblog": None}
        if draft.person.local:
            name, website = self._random.choice(APPLICATIONS)
            body["application"] = {"name": name, "website": website}
        body["account"] = draft.person.account
        body["media_attachments"] = self._pictures(draft, now_milliseconds)
        body["mentions"] = [person.mention for person in draft.mentions]
        body["tags"] = [self._tags.get(tag) or self._tag(tag) for tag in draft.tags]
        body["emojis"] = [emoji for code, emoji in self._emoji.items() if f":{code}:" in content]
        body["quote"] = self._quote(draft.quotes)
        body["card"] = self._cards[draft.article] if draft.article else None
        return body

    def _content(self, draft: Draft) -> str:
        mentions = "".join(f"{markup.mention(p.username, url=p.url)} " for p in draft.mentions)
        words = markup.paragraph(mentions + self._words(draft.voice) + self._flourish())
        article = attachments.card_link(draft.article) if draft.article else ""
        links = [markup.hashtag(tag, base=self._town.site.base) for tag in draft.tags]
        return words + article + (markup.paragraph(" ".join(links)) if links else "")

    def _words(self, voice: str) -> str:
        sentences = self._random.sample(SENTENCES[voice], LENGTHS.draw(self._random))
        join = JOINS.draw(self._random)
        if join == " " and voice in UNSPACED:
            join = ""
        return join.join(map(markup.escaped, sentences))

    def _flourish(self) -> str:
        roll = self._random.random()
        if roll < 0.30:
            return f" {self._random.choice(EMOJI)}"
        return f" :{self._random.choice(CUSTOM_EMOJI)}:" if roll < 0.40 else ""

    def _pictures(self, draft: Draft, now_milliseconds: int) -> list[Json]:
        return [
            attachments.picture(
                self._random,
                media_id=self._town.ids.next(now_milliseconds),
                site=self._town.site,
                remote=not draft.person.local,
                description=self._random.choice(("", *SENTENCES[draft.voice])),
            )
            for _ in range(draft.pictures)
        ]

    def _poll(self, draft: Draft, now_milliseconds: int) -> Json | None:
        if not draft.poll:
            return None
        self._polls += 1
        return attachments.poll(
            self._random,
            poll_id=str(self._polls),
            language=draft.voice,
            now_milliseconds=now_milliseconds,
        )

    def _quote(self, quoted: Post | None) -> Json | None:
        if quoted is None:
            return None
        return attachments.quote_of(quoted.status if self._random.random() < 0.9 else None)

    def _tag(self, name: str) -> Json:
        url = markup.tag_url(name.lower(), base=self._town.site.base)
        return {"name": name.lower(), "url": url}


def _can_be_boosted(post: Post) -> bool:
    return has_words(post) and post.visibility in ("public", "unlisted")


def _head(draft: Draft, status_id: str, now_milliseconds: int) -> Json:
    person, answers = draft.person, draft.answers
    return {
        "id": status_id,
        "created_at": iso(now_milliseconds),
        "in_reply_to_id": answers.id if answers else None,
        "in_reply_to_account_id": answers.person.id if answers else None,
        "sensitive": bool(draft.spoiler_text),
        "spoiler_text": draft.spoiler_text,
        "visibility": draft.visibility,
        "language": draft.language,
        "uri": f"{person.uri}/statuses/{status_id}",
        "url": f"{person.url}/{status_id}",
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
    }


def _tail(draft: Draft, poll: Json | None) -> Json:
    return {
        "poll": poll,
        "quote_approval": PUBLIC_QUOTES if draft.visibility == "public" else NO_QUOTES,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "filtered": [],
    }
