"""Ids keep their order, and give away their time only where they have one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.ids import (
    IdScheme,
    id_key,
    id_minus_seconds,
    snowflake_milliseconds,
    ulid_milliseconds,
)

# 2026-11-24T00:00:00Z and ids that a server made in that very millisecond.
MOMENT = 1_795_478_400_000
SNOWFLAKE = str(MOMENT << 16 | 283_5)
ULID = "01M85DMB00ZZZZZZZZZZZZZZZZ"

times = st.integers(10**12, 2 * 10**12)


@given(st.integers(0, 10**25), st.integers(0, 10**25))
def test_numbers_of_any_size_sort_as_numbers(one: int, other: int) -> None:
    assert (id_key(str(one)) < id_key(str(other))) == (one < other)


def test_ulids_sort_by_their_time() -> None:
    assert id_key("01FC3TZ5CFG6H65GCKCJRKA669") < id_key(ULID)


def test_a_snowflake_holds_milliseconds_above_a_tail_of_sixteen_bits() -> None:
    assert snowflake_milliseconds(SNOWFLAKE) == MOMENT


@pytest.mark.parametrize(
    "no_snowflake",
    ["", "34975861", "0", "-5", "1e20", "+115", "\u0661" * 18, ULID, "9" * 20, "1" * 4000],
)
def test_what_is_no_snowflake_has_no_time(no_snowflake: str) -> None:
    assert snowflake_milliseconds(no_snowflake) is None


def test_a_ulid_holds_milliseconds_in_its_first_ten_digits() -> None:
    assert ulid_milliseconds(ULID) == MOMENT
    assert ulid_milliseconds(ULID.lower()) == MOMENT
    # The example of the ULID specification.
    assert ulid_milliseconds("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 1_469_922_850_259


@pytest.mark.parametrize(
    "no_ulid",
    ["", SNOWFLAKE, ULID[:-1], ULID + "0", "8" + ULID[1:], "U" + ULID[1:], "ß" * 13, "é" * 26],
)
def test_what_is_no_ulid_has_no_time(no_ulid: str) -> None:
    assert ulid_milliseconds(no_ulid) is None


@given(times, st.integers(0, 0xFFFF), st.integers(0, 100_000))
def test_going_back_on_a_snowflake_gives_the_first_id_of_that_millisecond(
    milliseconds: int, tail: int, seconds: int
) -> None:
    status_id = str(milliseconds << 16 | tail)
    back = id_minus_seconds(status_id, seconds, scheme="snowflake")
    assert back is not None
    assert int(back) == (milliseconds - 1000 * seconds) << 16
    assert id_key(back) <= id_key(status_id)


@given(st.integers(0, MOMENT // 1000))
def test_going_back_on_a_ulid_gives_the_first_id_of_that_millisecond(seconds: int) -> None:
    back = id_minus_seconds(ULID, seconds, scheme="ulid") or ""
    assert ulid_milliseconds(back) == MOMENT - 1000 * seconds
    assert back.endswith("0" * 16)
    assert id_key(back) <= id_key(ULID)


def test_a_fraction_of_a_second_counts() -> None:
    back = id_minus_seconds(SNOWFLAKE, 0.25, scheme="snowflake")
    assert snowflake_milliseconds(back or "") == MOMENT - 250


@pytest.mark.parametrize(("scheme", "status_id"), [("snowflake", SNOWFLAKE), ("ulid", ULID)])
def test_nobody_goes_back_before_the_beginning_of_time(scheme: IdScheme, status_id: str) -> None:
    back = id_minus_seconds(status_id, 1e12, scheme=scheme)
    assert back is not None
    assert int(back) == 0


@pytest.mark.parametrize(
    ("scheme", "status_id"),
    [("opaque", SNOWFLAKE), ("ulid", SNOWFLAKE), ("snowflake", ULID), ("snowflake", "17")],
)
def test_an_id_without_a_time_cannot_be_moved(scheme: IdScheme, status_id: str) -> None:
    assert id_minus_seconds(status_id, 60, scheme=scheme) is None


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_way_back_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="must be 0 seconds or more"):
        id_minus_seconds(SNOWFLAKE, seconds, scheme="snowflake")
