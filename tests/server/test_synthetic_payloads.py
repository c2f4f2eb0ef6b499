"""What the synthetic source writes: the payloads of a Mastodon server, field by field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.server.synthetic import DEFAULT_MIX, NOTIFICATION_TYPES, Activity, SyntheticSource
from trunkline.server.synthetic.texts import RIGHT_TO_LEFT, SENTENCES

Json = dict[str, object]
NOON = 1_795_000_000_000
STATUS_KEYS = [
    *("id", "created_at", "in_reply_to_id", "in_reply_to_account_id", "sensitive", "spoiler_text"),
    *("visibility", "language", "uri", "url", "replies_count", "reblogs_count", "favourites_count"),
    *("quotes_count", "edited_at", "content", "reblog", "application", "account"),
    *("media_attachments", "mentions", "tags", "emojis", "quote", "card", "poll"),
    *("quote_approval", "favourited", "reblogged", "muted", "bookmarked", "filtered"),
]
ACCOUNT_KEYS = [
    *("id", "username", "acct", "display_name", "locked", "bot", "discoverable", "indexable"),
    *("group", "created_at", "note", "url", "uri", "avatar", "avatar_static"),
    *("avatar_description", "header", "header_static", "header_description", "followers_count"),
    *("following_count", "statuses_count", "last_status_at", "hide_collections", "noindex"),
    *("emojis", "roles", "fields"),
]
SOMETIMES_THERE = (
    *("media_attachments", "poll", "card", "spoiler_text", "reblog", "quote", "tags"),
    *("in_reply_to_id", "mentions", "emojis"),
)


@pytest.fixture(scope="module")
def activities() -> list[Activity]:
    source = SyntheticSource(11)
    return [source.next(NOON + 20 * number) for number in range(12_000)]


def objects(activities: list[Activity], *events: str) -> list[Json]:
    return [a.payload for a in activities if a.event in events and isinstance(a.payload, dict)]


def statuses_in(value: object) -> Iterator[Json]:
    """Every status in a payload, however deep."""
    if isinstance(value, dict):
        if "reblogs_count" in value:
            yield value
        for inner in value.values():
            yield from statuses_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statuses_in(inner)


# What a payload looks like


def test_a_status_has_the_keys_of_mastodon_in_their_order(activities: list[Activity]) -> None:
    remote_keys = [key for key in STATUS_KEYS if key != "application"]
    for status in (s for activity in activities for s in statuses_in(activity.payload)):
        account = cast("Json", status["account"])
        assert list(account) == ACCOUNT_KEYS
        assert list(status) == (remote_keys if "@" in str(account["acct"]) else STATUS_KEYS)


@pytest.mark.parametrize(
    ("event", "keys"),
    [
        ("conversation", "id unread accounts last_status"),
        (
            "announcement",
            "id content starts_at ends_at all_day published_at updated_at mentions statuses tags "
            "emojis reactions",
        ),
        ("encrypted_message", "id account_id body digest message_franking created_at"),
    ],
)
def test_other_objects_have_their_keys_too(
    activities: list[Activity], event: str, keys: str
) -> None:
    found = objects(activities, event)

    assert found
    assert {tuple(payload) for payload in found} == {tuple(keys.split())}


def test_every_notification_type_comes_with_what_it_is_about(activities: list[Activity]) -> None:
    about = {
        **dict.fromkeys(NOTIFICATION_TYPES, ("status",)),
        **dict.fromkeys(("follow", "follow_request", "admin.sign_up"), ()),
        "admin.report": ("report",),
        "severed_relationships": ("event",),
        "moderation_warning": ("moderation_warning",),
    }
    seen = Counter(str(payload["type"]) for payload in objects(activities, "notification"))

    assert set(seen) == set(NOTIFICATION_TYPES)
    for payload in objects(activities, "notification"):
        head = ("id", "type", "created_at", "group_key", "account")
        assert tuple(payload) == head + about[str(payload["type"])]


def test_the_default_mix_brings_every_event_mostly_updates(activities: list[Activity]) -> None:
    seen = Counter(activity.event for activity in activities)

    assert set(seen) == set(DEFAULT_MIX)
    assert seen["update"] > 0.7 * len(activities)


def test_texts_are_empty_or_bare_where_the_protocol_has_no_object(
    activities: list[Activity],
) -> None:
    bare = {(a.event, a.payload) for a in activities if isinstance(a.payload, str)}
    ids = {(event, text) for event, text in bare if re.fullmatch(r"\d+", str(text))}

    assert bare - ids == {("filters_changed", "")}
    assert {event for event, _ in ids} == {"delete", "announcement.delete", "notifications_merged"}


def test_posts_are_of_many_kinds(activities: list[Activity]) -> None:
    posts = objects(activities, "update")
    shares = {key: sum(bool(post[key]) for post in posts) / len(posts) for key in SOMETIMES_THERE}

    assert min(shares.values()) > 0.02, shares
    assert max(shares.values()) < 0.6, shares
    assert {post["visibility"] for post in posts} == {"public", "unlisted", "private"}


def test_posts_are_about_three_kilobytes(activities: list[Activity]) -> None:
    sizes = [len(msgspec.json.encode(post)) for post in objects(activities, "update")]

    assert 2_600 < sum(sizes) / len(sizes) < 3_400


def test_posts_are_in_many_languages_and_scripts(activities: list[Activity]) -> None:
    languages = Counter(post["language"] for post in objects(activities, "update"))
    everything = "".join(str(post["content"]) for post in objects(activities, "update"))

    assert set(languages) == {*SENTENCES, None}
    assert len(languages) > 12
    assert set(languages) >= RIGHT_TO_LEFT
    for rare in ("\u2028", "\u2029", "\u0085", "\u200d", "🐈‍⬛", ":blobcat:", "&lt;3", "𝄞"):
        assert rare in everything, rare


def test_rare_characters_stand_raw_in_the_json(activities: list[Activity]) -> None:
    separated = next(p for p in objects(activities, "update") if "\u2028" in str(p["content"]))

    assert "\u2028".encode() in msgspec.json.encode(separated)
    assert json.loads(json.dumps(separated)) == separated


def test_custom_emoji_in_the_text_are_listed(activities: list[Activity]) -> None:
    for post in objects(activities, "update"):
        listed = {emoji["shortcode"] for emoji in cast("list[Json]", post["emojis"])}
        assert set(re.findall(r":([a-z]+):", str(post["content"]))) == listed


def test_addresses_say_who_is_local(activities: list[Activity]) -> None:
    local = Counter[bool]()
    for post in objects(activities, "update"):
        account = cast("Json", post["account"])
        at_home = "@" not in str(account["acct"])
        local[at_home] += 1
        assert str(post["uri"]).startswith("https://trunkline.example/") == at_home
        assert str(account["avatar"]).startswith("https://trunkline.example/avatars/")
    assert min(local.values()) > 2_000


def test_hashtags_recur_and_lead_to_the_host(activities: list[Activity]) -> None:
    tags = Counter(
        (str(tag["name"]), str(tag["url"]))
        for post in objects(activities, "update")
        for tag in cast("list[Json]", post["tags"])
    )

    assert ("python", "https://trunkline.example/tags/python") in tags
    assert len(tags) < 20
    assert min(tags.values()) > 100


def test_pictures_are_plain_addresses_on_the_host() -> None:
    source = SyntheticSource(3, host="127.0.0.1:8080", scheme="http")
    text = b"".join(
        msgspec.json.encode(source.next(NOON + number)) for number in range(500)
    ).decode()

    assert "data:" not in text
    assert re.findall(r'"preview_url":"([^"]+)/media/\d+\.svg"', text).count(
        "http://127.0.0.1:8080"
    ) == text.count('"preview_url"')


# One post as wanted


def test_a_post_is_as_it_was_wanted() -> None:
    status = SyntheticSource(1).status(
        NOON,
        content="<p>hi</p>",
        tags=["#Python", "ねこ"],
        language="xx",
        account="bob@far.example",
        media=True,
        visibility="unlisted",
        spoiler_text="eggs",
    )

    assert (status["content"], status["language"]) == ("<p>hi</p>", "xx")
    assert (status["visibility"], status["spoiler_text"]) == ("unlisted", "eggs")
    assert [tag["name"] for tag in cast("list[Json]", status["tags"])] == ["python", "ねこ"]
    assert cast("Json", status["account"])["acct"] == "bob@far.example"
    assert len(cast("list[Json]", status["media_attachments"])) == 1


@given(st.integers(0, 50), st.sampled_from(sorted(SENTENCES)), st.booleans(), st.booleans())
@settings(max_examples=40)
def test_chance_grants_every_wish(seed: int, language: str, local: bool, media: bool) -> None:
    source = SyntheticSource(seed)
    status = source.status(NOON, language=language, local=local, media=media, tags=["bread"])

    assert status["language"] == language
    assert ("@" not in str(cast("Json", status["account"])["acct"])) == local
    assert bool(status["media_attachments"]) == media
    assert "#<span>bread</span>" in str(status["content"])
    assert (status["visibility"], status["reblog"]) == ("public", None)


def test_an_account_in_json_is_used_as_it_is() -> None:
    source = SyntheticSource(1)
    account = source.accounts[0]

    assert source.status(NOON, account={**account, "extra": 1}, content="")["account"] == {
        **account,
        "extra": 1,
        "last_status_at": "2026-11-18",
    }


def test_a_wanted_post_is_never_edited_or_deleted() -> None:
    source = SyntheticSource(1, mix={"status.update": 1, "delete": 1})
    wanted = source.status(NOON)["id"]

    assert wanted not in {source.next(NOON + number).status_id for number in range(500)}


def test_no_language_is_spelled_as_empty_text() -> None:
    assert SyntheticSource(1).status(NOON, language="")["language"] is None


def test_the_first_account_is_local_and_owns_the_server() -> None:
    first = SyntheticSource(1, accounts=2).accounts[0]

    assert "@" not in str(first["acct"])
    assert first["roles"]
