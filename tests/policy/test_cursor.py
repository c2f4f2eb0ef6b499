"""What a cursor reads from keys: tracks, the highest id, and where late posts are looked for."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.cursor import Cursor, Key, highest, sweep_start, track_of_key
from trunkline.policy.ids import IdScheme, snowflake_milliseconds
from trunkline.streams import Track

NOON = 1_795_000_000_000 << 16
ULID = "01KAV0000000000000000000AB"


@pytest.mark.parametrize(
    ("key", "belonging"),
    [
        ("109", ("statuses", "109")),
        (ULID, ("statuses", ULID)),
        ("n:7", ("notifications", "7")),
        ("c:3/109", ("conversations", "109")),
        ("109@2026-11-24T12:00:00.000Z", None),
        ("109!", None),
    ],
)
def test_a_key_belongs_to_the_timeline_that_it_was_read_from(
    key: str, belonging: tuple[Track, str] | None
) -> None:
    assert track_of_key(key) == belonging


def test_the_highest_id_is_the_highest_number_and_not_the_last_to_come() -> None:
    assert highest(["99", "101", "100", "n:500", "9!"], "statuses") == "101"


def test_each_track_has_its_own_highest_id() -> None:
    assert highest(["99", "n:5", "n:12", "c:1/7"], "notifications") == "12"
    assert highest(["99", "n:5", "n:12", "c:1/7"], "conversations") == "7"


def test_without_an_id_there_is_no_highest() -> None:
    assert highest(["n:5", "9!"], "statuses") == ""


def start_of(seen: list[Key], scheme: IdScheme, *, overlap_seconds: float = 600.0) -> str:
    return sweep_start(seen, "statuses", overlap_seconds=overlap_seconds, scheme=scheme)


def test_a_sweep_starts_as_long_before_the_highest_id_as_was_asked_for() -> None:
    start = start_of([(str(NOON), 2.0), (str(NOON - 5), 1.0)], "snowflake")
    assert snowflake_milliseconds(start) == 1_795_000_000_000 - 600_000


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_longer_overlap_never_starts_later(one: float, other: float) -> None:
    starts = [
        int(start_of([(str(NOON), 1.0)], "snowflake", overlap_seconds=seconds))
        for seconds in sorted((one, other))
    ]
    assert starts[1] <= starts[0] <= NOON


def test_where_ids_hold_no_time_a_sweep_starts_above_nothing_that_was_not_seen_so_long_ago() -> (
    None
):
    seen = [("105", 1000.0), ("101", 1300.0), ("109", 1400.0), ("120", 1999.0), ("110", 2000.0)]
    assert start_of(seen, "opaque") == "109"


@pytest.mark.parametrize("scheme", ["opaque", "snowflake"])
def test_where_nothing_was_seen_so_long_ago_a_sweep_reads_all(scheme: IdScheme) -> None:
    seen = [("105", 0.0), ("109", 1900.0), ("120", 2000.0), ("n:7", 2100.0)]
    assert start_of(seen, scheme) == ""
    assert start_of([], scheme) == ""


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 590)), min_size=1))
def test_no_post_that_is_late_by_less_than_the_overlap_lies_below_the_start(
    posts: list[tuple[int, int]],
) -> None:
    """Each post arrives so many seconds after it was written; its id is when it was written."""
    arrived = sorted((written + late, written) for written, late in posts)
    seen: list[Key] = [(str(10**7 + written), float(at)) for at, written in arrived[:-1]]
    last_at, last = arrived[-1]
    if seen and last_at >= seen[-1][1]:
        start = start_of(seen, "opaque")
        assert start == "" or int(start) < 10**7 + last


def test_what_comes_in_its_order_is_swept_from_a_page_below_the_highest() -> None:
    seen = [(f"n:{number}", 1.0) for number in range(1_000, 1_100)]
    start = sweep_start(seen, "notifications", overlap_seconds=600.0, scheme="snowflake")
    assert start == "1060"


def test_a_cursor_that_was_stored_is_the_same_cursor() -> None:
    cursor = Cursor(
        primed=frozenset({"statuses"}),
        live_at_seconds=5.5,
        horizons={"statuses": "7"},
        sweeps={"statuses": "3"},
        missing=frozenset({"update"}),
        reasons=("the server refused",),
    )
    assert msgspec.json.decode(msgspec.json.encode(cursor), type=Cursor) == cursor


def test_a_cursor_of_an_older_version_is_read_with_what_it_has() -> None:
    assert msgspec.json.decode(b'{"live_at_seconds":5.5}', type=Cursor).sweeps == {}
