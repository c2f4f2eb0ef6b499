"""What the tables and columns of a recording in SQLite mean, for Datasette and for readers.

`datasette_metadata` is the content of the file that ``datasette toots.db --metadata FILE`` reads.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COLUMNS", "TABLES", "datasette_metadata", "tables_markdown"]

TABLES: Final = {
    "events": "Every event as it came, in order of arrival; nothing is taken away but by purging.",
    "statuses": "The newest version of every post that was seen, boosts included.",
    "accounts": "Everybody who was seen, as they were last.",
    "notifications": "Notifications of the streams user and user:notification.",
    "tags": "The hashtags of posts, in lower case.",
    "media": "The pictures, films and sounds of posts.",
    "mentions": "Who is named in posts.",
    "tombstones": "Every deletion, also of posts that were never seen.",
    "gaps": "What a disconnect hid, and what became of it.",
    "runs": "Every run of the recorder. One without an end was killed.",
    "cursors": "How far each subscription has come.",
    "acknowledged": "The newest keys of each subscription: what catching up need not bring again.",
    "shown": "Which events show a post inside of something else: a boost, a quote, a notification.",
    "posts": "The posts that stand, with their authors, without boosts.",
    "deletions": "Deletions, with what is known of the posts.",
    "edits": "Every edit, with the text it brought.",
    "hours": "Events by hour, stream and name.",
    "tag_counts": "How often each hashtag was used, and by how many.",
}
"""Tables first, then views."""

_IDS: Final = {
    "server": "The address of the server that told it.",
    "id": "The id on that server; other servers give the same post another one.",
}
_POST: Final = {
    **_IDS,
    "status": "The key of the row.",
    "uri": "The same on every server.",
    "url": "The page of the post.",
    "in_reply_to_id": "The id of the post that it answers.",
    "in_reply_to_account_id": "The id of the account that it answers.",
    "visibility": "public, unlisted, private, direct, or a word of a fork.",
    "language": "A code of ISO 639, as the author or a server guessed it.",
    "sensitive": "1 if its media are hidden at first.",
    "spoiler_text": "The content warning.",
    "replies_count": "As it was when the post was last seen, like the other counts.",
    "reblogs_count": "How many boosts it had.",
    "favourites_count": "How many favourites it had.",
    "quotes_count": "How many quotes it had.",
    "created_at": "When it was written, by its own server.",
    "edited_at": "When it was last edited; empty if never.",
    "kind": "post, reply, quote or boost.",
    "quote_of_id": "The id of the post that it quotes.",
    "text": "The content as plain text; empty for boosts.",
    "media_count": "How many media it has.",
    "card_url": "The address of the link that is previewed.",
    "card_title": "The title of the link that is previewed.",
    "account": "The author, or who boosted.",
    "reblog_of": "The post that it boosts.",
    "quote_of": "The post that it quotes, if that was seen.",
    "first_seq": "The event that showed it first.",
    "last_seq": "The event that showed it last.",
    "seen_at": "When it was last seen.",
    "deleted_at": "When its deletion arrived; empty while it stands.",
}
COLUMNS: Final[dict[str, dict[str, str]]] = {
    "events": {
        **_IDS,
        "seq": "The number of the event, in order of arrival.",
        "stream": "The stream that told it, such as public:local or hashtag:python.",
        "name": "What happened, as the server calls it.",
        "received_at": "When it arrived here.",
        "origin": "live, catch-up or reconcile.",
        "reason": "Why it cannot be an event, if it cannot.",
        "raw": "The payload, untouched; empty once its post was purged.",
    },
    "statuses": _POST,
    "accounts": {
        **_IDS,
        "account": "The key of the row.",
        "acct": "name on the server itself, name@domain elsewhere.",
        "username": "The name without a domain.",
        "display_name": "The name that is shown.",
        "bot": "1 if it says that it is a program.",
        "locked": "1 if follow requests are approved by hand.",
        "group": "1 if it is a group.",
        "url": "The page of the profile.",
        "avatar": "The address of the picture.",
        "followers_count": "As it was when last seen, like the other counts.",
        "following_count": "How many it follows.",
        "statuses_count": "How many posts it has.",
        "domain": "The server that it is on.",
        "note": "The biography as plain text.",
        "created_at": "The day on which it was made, or first seen by the server.",
        "seen_at": "When it was last seen.",
    },
    "notifications": {
        **_IDS,
        "notification": "The key of the row.",
        "type": "mention, favourite, follow ...",
        "created_at": "When it happened.",
        "account": "Who caused it.",
        "status": "The post that it is about.",
        "seq": "The event that told it.",
    },
    "tags": {"status": "The post.", "tag": "The hashtag, without #."},
    "media": {
        "status": "The post.",
        "position": "Its place among the media of the post, from 0.",
        "type": "image, gifv, video, audio or unknown.",
        "url": "The file.",
        "description": "What it shows, for those who cannot see or hear it.",
    },
    "mentions": {
        "status": "The post.",
        "account_id": "The id of who is named.",
        "acct": "name on the server itself, name@domain elsewhere.",
    },
    "tombstones": {**_IDS, "deleted_at": "When the deletion arrived."},
    "gaps": {
        "gap": "The key of the row.",
        "server": "The address of the server.",
        "stream": "The stream that was away.",
        "since": "When it was last known to be live.",
        "until": "When it was live again.",
        "recovered": "How many events catching up brought.",
        "complete": "1 if nothing that can be retrieved is missing.",
        "missing": "The names of the events that may be missing.",
        "reason": "Why something may be missing.",
    },
    "runs": {
        "run": "The key of the row.",
        "started_at": "When it began.",
        "written_at": "When it last stored something.",
        "ended_at": "When it ended in order.",
        "events": "How many events it stored.",
        "trunkline": "The version of Trunkline.",
    },
    "cursors": {
        "name": "The server and the stream.",
        "cursor": "What is kept beside the keys.",
        "saved_at": "When it was stored.",
    },
    "acknowledged": {
        "block": "The key of the row.",
        "name": "The server and the stream.",
        "keys": "How many keys are in the list.",
        "list": "Keys and when they were seen.",
    },
    "shown": {**_IDS, "seq": "The event."},
}
"""Every column of every table."""

_SETTINGS: Final[dict[str, dict[str, object]]] = {
    "events": {"sort_desc": "seq", "facets": ["stream", "name", "origin"]},
    "statuses": {"sort_desc": "created_at", "facets": ["kind", "language"], "label_column": "text"},
    "accounts": {"sort_desc": "followers_count", "label_column": "acct", "facets": ["domain"]},
    "posts": {"sort_desc": "created_at", "facets": ["language", "kind"]},
    "tag_counts": {"sort_desc": "posts"},
    "hours": {"sort_desc": "hour"},
    "acknowledged": {"hidden": True},
    "shown": {"hidden": True},
    "cursors": {"hidden": True},
}


def datasette_metadata(database: str) -> dict[str, object]:
    """Return the metadata of a recording for Datasette.

    Args:
        database: The name of the file without its ending, which is what Datasette calls it.
    """
    tables: dict[str, object] = {}
    for table, about in TABLES.items():
        described: dict[str, object] = {"description": about}
        if table in COLUMNS:
            described["columns"] = COLUMNS[table]
        tables[table] = described | _SETTINGS.get(table, {})
    return {
        "title": "A recording of Mastodon streams",
        "databases": {database: {"tables": tables}},
    }


def tables_markdown() -> str:
    """Return the part of the documentation about tables, without a line feed at its end."""
    tables = ["| table or view | what is in it |", "|---|---|"]
    tables += [f"| `{name}` | {about} |" for name, about in TABLES.items()]
    sections = ["\n".join(tables)]
    for table, columns in COLUMNS.items():
        rows = [f"### {table}", "", "| column | what it is |", "|---|---|"]
        rows += [f"| `{name}` | {about} |" for name, about in columns.items()]
        sections.append("\n".join(rows))
    return "\n\n".join(sections)
