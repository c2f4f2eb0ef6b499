"""A recording in SQLite: what is in it, and that it is all there or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sinks.builders import (
    NAME,
    NOON,
    PUBLIC,
    SERVER,
    Json,
    batch,
    boost,
    delete,
    edit,
    gap,
    is_sound,
    notify,
    now,
    opened,
    post,
    quote,
    rows,
    update,
)

from trunkline.events import AnyEvent, Malformed, Unknown
from trunkline.policy.cursor import CAPACITY
from trunkline.sinks.base import SinkError, SinkUnavailable
from trunkline.sinks.sqlite import SqliteSink
from trunkline.sinks.sqlite_file import open_file
from trunkline.sinks.sqlite_schema import APPLICATION_ID, VERSION
from trunkline.streams import Stream
from trunkline.testing import make_account
from trunkline.wire.decode import decode_event

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Record some events as one batch in a run of its own, and return the file."""

    def record(*events: AnyEvent, on_delete: str = "mark") -> Path:
        path = tmp_path / "toots.db"
        with closing(SqliteSink(path, on_delete=on_delete)) as sink:  # type: ignore[arg-type]
            sink.write(batch(*events))
        return path

    return record


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SqliteSink]:
    with closing(SqliteSink(tmp_path / "toots.db")) as sink:
        yield sink


def test_events_keep_their_order_and_every_byte(write: Write) -> None:
    first, second = update(post("1")), delete("7", stream=Stream.hashtag("python"))
    path = write(first, second)
    columns = "SELECT seq, server, stream, name, id, received_at, origin, raw FROM events"
    told = rows(path, columns)
    assert told[0][:5] == (1, SERVER, "public", "update", "1")
    assert told[1][:5] == (2, SERVER, "hashtag:python", "delete", "7")
    assert str(told[0][5]).startswith("2026-11-24T1")
    assert told[0][6:] == ("live", first.raw.decode())


def test_later_batches_go_on_counting(write: Write) -> None:
    write(update(post("1")))
    path = write(update(post("2")))
    assert rows(path, "SELECT seq, id FROM events") == [(1, "1"), (2, "2")]


def test_a_position_comes_back_with_its_keys_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        assert sink.load(NAME) is None
        sink.write(batch(update(), keys=["1", "2"]))
        sink.write(batch(update(), keys=["3"]))
    with closing(SqliteSink(path)) as sink:
        saved = sink.load(NAME)
    assert saved is not None
    assert [key for key, _ in saved.keys] == ["1", "2", "3"]
    assert saved.cursor.live_at_seconds == NOON.timestamp()


def test_of_the_keys_as_many_stay_as_a_window_remembers(sink: SqliteSink) -> None:
    for start in range(0, 4 * CAPACITY, 500):
        sink.write(batch(keys=[str(number) for number in range(start, start + 500)]))
    saved = sink.load(NAME)
    assert saved is not None
    assert CAPACITY <= len(saved.keys) < 3 * CAPACITY
    assert saved.keys[-1][0] == str(4 * CAPACITY - 1)


def test_what_cannot_be_written_now_can_be_written_later_once(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    whole = batch(update(post("1")), delete("1"), gaps=[gap()], keys=["1", "1!"])
    with closing(SqliteSink(path)) as sink, opened(path) as other:
        sink._database.execute("PRAGMA busy_timeout = 20")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SinkUnavailable, match=r"toots\.db: database is locked\. Another"):
            sink.write(whole)
        assert sink.load(NAME) is None
        other.execute("ROLLBACK")
        sink.write(whole)
        assert sink.load(NAME) is not None
    assert rows(path, "SELECT count(*) FROM events") == [(2,)]
    assert rows(path, "SELECT count(*) FROM gaps") == [(1,)]


def test_others_read_while_it_is_written(sink: SqliteSink) -> None:
    assert sink.place is not None
    with opened(sink.place) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (0,)
        sink.write(batch(update()))
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (0,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_a_post_is_flattened_for_queries(write: Write) -> None:
    media: Json = {"id": "9", "type": "image", "url": "https://a.example/1.png", "description": "A"}
    status = post(
        "1",
        "<p>Hello <b>world</b></p>",
        language="en",
        spoiler_text="greeting",
        tags=[{"name": "Python", "url": ""}],
        media_attachments=[media],
        mentions=[{"id": "5", "acct": "bob@b.example"}],
        replies_count=3,
        account=make_account("alice", domain="a.example", note="<p>I am</p>", followers_count=8),
        card={"url": "https://c.example", "title": "C"},
    )
    path = write(update(status))
    card = ("https://c.example", "C")
    assert rows(
        path,
        "SELECT id, kind, text, language, spoiler_text, visibility, replies_count, media_count,"
        " card_url, card_title, edited_at, deleted_at, first_seq, last_seq FROM statuses",
    ) == [("1", "post", "Hello world", "en", "greeting", "public", 3, 1, *card, None, None, 1, 1)]
    assert rows(path, "SELECT acct, domain, note, followers_count FROM accounts") == [
        ("alice@a.example", "a.example", "I am", 8)
    ]
    assert rows(path, "SELECT tag FROM tags") == [("python",)]
    assert rows(path, "SELECT type, url, description FROM media") == [
        ("image", "https://a.example/1.png", "A")
    ]
    assert rows(path, "SELECT account_id, acct FROM mentions") == [("5", "bob@b.example")]
    assert rows(path, "SELECT acct, text FROM posts") == [("alice@a.example", "Hello world")]
    assert is_sound(path)


def test_a_local_account_has_the_domain_of_its_server(write: Write) -> None:
    path = write(update(account=make_account("alice")))
    assert rows(path, "SELECT acct, domain FROM accounts") == [("alice", "trunkline.example")]


def test_an_edit_renews_the_row_the_tags_and_the_index(write: Write) -> None:
    before = post("1", "<p>first words</p>", tags=[{"name": "old"}])
    after = before | {
        "content": "<p>second words</p>",
        "edited_at": "2026-11-24T13:00:00.000Z",
        "tags": [{"name": "new"}],
    }
    path = write(update(before))
    write(edit(after))
    assert rows(path, "SELECT text, edited_at, first_seq, last_seq FROM statuses") == [
        ("second words", "2026-11-24T13:00:00.000Z", 1, 2)
    ]
    assert rows(path, "SELECT tag FROM tags") == [("new",)]
    assert found(path, "second") == ["1"]
    assert found(path, "first") == []
    assert rows(path, "SELECT id, content FROM edits") == [("1", "<p>second words</p>")]
    assert is_sound(path)


def test_an_older_version_that_comes_late_changes_nothing(write: Write) -> None:
    new = post("1", "<p>new</p>", edited_at="2026-11-24T13:00:00.000Z")
    path = write(edit(new))
    write(update(new | {"content": "<p>old</p>", "edited_at": None}))
    write(edit(new | {"content": "<p>middle</p>", "edited_at": "2026-11-24T12:30:00.000Z"}))
    assert rows(path, "SELECT text FROM statuses") == [("new",)]
    assert rows(path, "SELECT count(*) FROM events") == [(3,)]


def test_the_newest_version_of_a_batch_counts_whatever_the_order(write: Write) -> None:
    new = post("1", "<p>new</p>", edited_at="2026-11-24T13:00:00.000Z")
    path = write(edit(new), update(new | {"content": "<p>old</p>", "edited_at": None}))
    assert rows(path, "SELECT text FROM statuses") == [("new",)]


def test_the_same_version_seen_again_brings_new_counts(write: Write) -> None:
    path = write(update(post("1", favourites_count=0)))
    write(update(boost("2", post("1", favourites_count=5))))
    assert rows(path, "SELECT id, kind, favourites_count, last_seq FROM statuses") == [
        ("1", "post", 5, 2),
        ("2", "boost", 0, 2),
    ]


def test_boosts_quotes_and_replies_point_at_their_posts(write: Write) -> None:
    original = post("1")
    path = write(
        update(boost("2", original)),
        update(quote("3", original)),
        update(post("4", in_reply_to_id="1")),
        update(post("5", quote={"state": "accepted", "quoted_status_id": "77"})),
    )
    assert rows(
        path,
        "SELECT s.id, s.kind, s.text IS NULL, b.id, q.id, s.quote_of_id, s.in_reply_to_id"
        " FROM statuses AS s LEFT JOIN statuses AS b ON b.status = s.reblog_of"
        " LEFT JOIN statuses AS q ON q.status = s.quote_of ORDER BY s.id",
    ) == [
        ("1", "post", 0, None, None, None, None),
        ("2", "boost", 1, "1", None, None, None),
        ("3", "quote", 0, None, "1", "1", None),
        ("4", "reply", 0, None, None, None, "1"),
        ("5", "quote", 0, None, None, "77", None),
    ]
    assert rows(path, "SELECT id, seq FROM shown") == [("1", 1), ("1", 2)]
    assert is_sound(path)


def test_a_post_that_an_edit_lets_quote_points_at_what_came_with_it(write: Write) -> None:
    plain, quoted = post("3"), post("1")
    quoting = quote("3", quoted) | {"edited_at": "2026-11-24T13:00:00.000Z"}
    path = write(update(plain), edit(quoting))
    query = "SELECT q.id FROM statuses AS s JOIN statuses AS q ON q.status = s.quote_of"
    assert rows(path, query) == [("1",)]


def test_a_notification_points_at_who_and_what(write: Write) -> None:
    path = write(notify(post("1"), type="favourite", id="55", account=make_account("bob", id="7")))
    assert rows(
        path,
        "SELECT n.id, n.type, a.acct, s.id FROM notifications AS n"
        " JOIN accounts AS a USING (account) JOIN statuses AS s USING (status)"
        " WHERE n.id = '55'",
    ) == [("55", "favourite", "bob", "1")]
    assert rows(path, "SELECT id, seq FROM shown") == [("1", 1)]
    assert is_sound(path)


def test_what_is_no_event_is_kept_with_the_reason(write: Write) -> None:
    broken = decode_event(
        "update", b'{"id":"1", \xff', stream=PUBLIC, server=SERVER, received_at=NOON
    )
    assert isinstance(broken, Malformed)
    strange = Unknown(name="sparkle", stream=PUBLIC, server=SERVER, received_at=NOON, raw=b"7")
    path = write(broken, strange)
    assert rows(path, "SELECT name, typeof(raw), reason IS NULL FROM events") == [
        ("update", "blob", 0),
        ("sparkle", "text", 1),
    ]


def test_gaps_and_runs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with closing(SqliteSink(path)) as sink:
        missing = frozenset({"update", "delete"})
        sink.write(batch(update(), gaps=[gap(complete=False, missing=missing, reason="why")]))
        (run,) = rows(path, "SELECT run, events, ended_at IS NULL, written_at IS NULL FROM runs")
        assert run == (1, 1, 1, 0)
    assert rows(path, "SELECT stream, recovered, complete, missing, reason FROM gaps") == [
        ("public", 7, 0, "delete update", "why")
    ]
    assert rows(path, "SELECT ended_at IS NULL FROM runs") == [(0,)]


def test_search_finds_words_in_other_spellings(write: Write) -> None:
    path = write(update(post("1", "<p>Ein Café in Zürich</p>")), update(post("2", "<p>tea</p>")))
    assert found(path, "cafe zurich") == ["1"]


def found(path: Path, words: str) -> list[object]:
    """Return the ids of the posts that the search finds."""
    with opened(path) as database:
        query = (
            "SELECT s.id FROM statuses_fts JOIN statuses AS s ON s.status = statuses_fts.rowid"
            " WHERE statuses_fts MATCH ?"
        )
        return [row[0] for row in database.execute(query, (words,))]


def test_a_second_recorder_is_refused_and_told_of_the_first(sink: SqliteSink) -> None:
    assert sink.place is not None
    with pytest.raises(SinkError, match=r"only recorder of .*toots\.db; process \d+ records"):
        SqliteSink(sink.place)


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    SqliteSink(tmp_path / "toots.db").close()
    SqliteSink(tmp_path / "toots.db").close()


def test_another_kind_of_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    with opened(path) as database:
        database.execute("CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(SinkError, match="another SQLite database"):
        SqliteSink(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(SinkError, match="Expected a recording or an empty file"):
        SqliteSink(path)
    assert path.read_text() == "Dear Sir or Madam, " * 100


def test_a_recording_of_a_newer_version_is_refused(write: Write) -> None:
    path = write(update())
    with opened(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(SinkError, match=f"of version {VERSION} or older"):
        SqliteSink(path)


@pytest.mark.parametrize("path", ["/proc/nothing/toots.db", "/dev/null/toots.db"])
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(SinkUnavailable, match="Cannot write to"):
        SqliteSink(path)


def test_older_files_are_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    def first(database: sqlite3.Connection) -> None:
        database.execute("CREATE TABLE t (a)")
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    def second(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE t ADD COLUMN b")

    def failing(database: sqlite3.Connection) -> None:
        database.execute("DROP TABLE t")
        raise sqlite3.OperationalError("no such luck")

    path = tmp_path / "old.db"
    open_file(path, application_id=APPLICATION_ID, migrations=[first]).close()
    with pytest.raises(SinkError, match="no such luck"):
        open_file(path, application_id=APPLICATION_ID, migrations=[first, failing])
    open_file(path, application_id=APPLICATION_ID, migrations=[first, second]).close()
    assert rows(path, "SELECT a, b FROM t") == []
    assert rows(path, "PRAGMA user_version") == [(2,)]


def encode(value: object) -> bytes:
    """Return JSON, lone surrogates and all."""
    return json.dumps(value).encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("update", "status.update", "delete", "notification", "conversation", "announcement", "x")
FIELDS = (
    "id account content tags media_attachments mentions reblog quote edited_at created_at card"
    " status last_status followers_count replies_count acct type language"
)
fields = st.sampled_from(FIELDS.split())
objects = st.dictionaries(fields, json_values | st.dictionaries(fields, json_values), max_size=8)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.binary(max_size=40) | objects.map(encode),
        ),
        max_size=6,
    ),
    on_delete=st.sampled_from(["mark", "purge", "ignore"]),
)
def test_whatever_a_server_sends_is_recorded(
    tmp_path: Path, events: list[tuple[str, bytes]], on_delete: str
) -> None:
    path = tmp_path / "any.db"
    before = rows(path, "SELECT count(*) FROM events")[0][0] if path.exists() else 0
    told = [
        decode_event(name, raw, stream=PUBLIC, server=SERVER, received_at=now())
        for name, raw in events
    ]
    with closing(SqliteSink(path, on_delete=on_delete)) as sink:  # type: ignore[arg-type]
        sink.write(batch(*told))
    assert isinstance(before, int)
    assert rows(path, "SELECT count(*) FROM events") == [(before + len(told),)]
    assert is_sound(path)
