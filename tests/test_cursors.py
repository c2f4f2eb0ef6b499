"""Stores of cursors: whole saves or none, bounded, and errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from trunkline import CursorStore, MemoryCursors, SqliteCursors
from trunkline.errors import CursorError
from trunkline.policy.cursor import CAPACITY, Cursor

CURSOR = Cursor(primed=frozenset({"statuses"}), live_at_seconds=1_795_000_000.5)
KEYS = [("109", 1.0), ("109@2026", 2.0), ("n:7", 3.0)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cursors.db"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[CursorStore]:
    made = MemoryCursors() if request.param == "memory" else SqliteCursors(path)
    with closing(made):
        yield made


def keys_of(store: CursorStore, name: str) -> list[str]:
    saved = store.load(name)
    assert saved is not None
    return [key for key, _ in saved.keys]


def test_what_was_saved_is_loaded_and_keys_add_up(store: CursorStore) -> None:
    assert store.load("a") is None
    store.save("a", Cursor(), KEYS[:1])
    store.save("a", CURSOR, KEYS[1:])
    store.save("b", Cursor(), [])
    saved = store.load("a")
    assert saved is not None
    assert (saved.cursor, saved.keys) == (CURSOR, KEYS)
    assert keys_of(store, "b") == []


def test_only_the_newest_keys_are_kept(store: CursorStore) -> None:
    """Also of a subscription that is always saved beside others."""
    for turn in range(256):
        for name in ("a", "b"):
            store.save(name, CURSOR, [(f"{turn}:{place}", 1.0) for place in range(100)])
    for name in ("a", "b"):
        kept = keys_of(store, name)
        assert len(kept) <= CAPACITY
        assert kept[-1] == "255:99"
        assert kept[0] == f"{256 - CAPACITY // 100}:0"


def test_a_key_that_is_acknowledged_again_is_kept_once(path: Path) -> None:
    with closing(SqliteCursors(path)) as store:
        store.save("a", CURSOR, KEYS)
        store.save("a", CURSOR, KEYS)
        assert keys_of(store, "a") == [key for key, _ in KEYS]


def test_a_file_outlives_its_store(path: Path) -> None:
    with closing(SqliteCursors(path)) as store:
        store.save("a", CURSOR, KEYS)
    with closing(SqliteCursors(str(path))) as store:
        saved = store.load("a")
        assert saved is not None
        assert (saved.cursor, saved.keys) == (CURSOR, KEYS)
        store.close()


def test_a_file_is_one_stores_at_a_time(path: Path) -> None:
    with closing(SqliteCursors(path)) as first:
        with pytest.raises(CursorError, match="process uses it: give each its own file"):
            SqliteCursors(path)
        first.save("a", CURSOR, KEYS)
    SqliteCursors(path).close()


def test_a_file_of_another_version_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(CursorError, match=r"version 1 in .* got version 99"):
        SqliteCursors(path)
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE toots (id TEXT)")
    before = path.read_bytes()
    with pytest.raises(CursorError, match=r"got a database of something else.* with a new file"):
        SqliteCursors(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["text.txt", "missing/cursors.db", "."])
def test_what_is_no_file_of_cursors_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.txt").write_text("This is no database. " * 100)
    with pytest.raises(CursorError, match="Check the path, its permissions and the space"):
        SqliteCursors(tmp_path / name)


def test_a_damaged_cursor_is_named_and_not_guessed(path: Path) -> None:
    with closing(SqliteCursors(path)) as store:
        store.save("a", CURSOR, KEYS)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE cursors SET cursor = x'7b'")
        database.commit()
    with closing(SqliteCursors(path)) as store, pytest.raises(CursorError, match=r"cursors\.db: "):
        store.load("a")


def test_a_save_that_fails_leaves_nothing_of_itself(path: Path) -> None:
    with closing(SqliteCursors(path)) as store:
        store.save("a", CURSOR, KEYS[:1])
        database = store._database
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON acknowledged WHEN NEW.key = 'n:7'"
            " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        with pytest.raises(CursorError, match="disk is full"):
            store.save("a", Cursor(), KEYS[1:])
        saved = store.load("a")
        assert saved is not None
        assert (saved.cursor, saved.keys) == (CURSOR, KEYS[:1])
        database.execute("DROP TRIGGER full")
        store.save("a", Cursor(), KEYS[1:])
        assert keys_of(store, "a") == [key for key, _ in KEYS]


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteCursors(path)
    store.close()
    with pytest.raises(CursorError, match="closed"):
        store.save("a", CURSOR, KEYS)
    with pytest.raises(CursorError, match="closed"):
        store.load("a")
