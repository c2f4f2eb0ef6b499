"""What a cursor reads from keys: tracks, the highest id, and where late posts are looked for."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.cursor import Cursor, highest, sweep_start, track_of_key
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


def test_a_sweep_starts_as_long_before_the_highest_id_as_was_asked_for() -> None:
    start = sweep_start(
        [str(NOON), str(NOON - 5)], "statuses", overlap_seconds=600.0, scheme="snowflake"
    )
    assert snowflake_milliseconds(start) == 1_795_000_000_000 - 600_000


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_longer_overlap_never_starts_later(one: float, other: float) -> None:
    starts = [
        int(sweep_start([str(NOON)], "statuses", overlap_seconds=seconds, scheme="snowflake"))
        for seconds in sorted((one, other))
    ]
    assert starts[1] <= starts[0] <= NOON


@pytest.mark.parametrize(
    ("track", "scheme", "prefix"),
    [("statuses", "opaque", ""), ("notifications", "snowflake", "n:")],
)
def test_where_ids_hold_no_time_a_sweep_starts_a_page_below_the_highest(
    track: Track, scheme: IdScheme, prefix: str
) -> None:
    keys = [f"{prefix}{number}" for number in range(1_000, 1_100)]
    assert sweep_start(keys, track, overlap_seconds=600.0, scheme=scheme) == "1060"


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
