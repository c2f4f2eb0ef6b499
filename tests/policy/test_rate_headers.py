"""Rate headers are understood in every dialect, and garbage is not."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.rate_headers import (
    LONGEST_RESET_SECONDS,
    RateHeaders,
    read_rate_headers,
    retry_after_seconds,
)

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"


def reset_in(text: str, *, now_seconds: float = NOW) -> float | None:
    headers = {"X-RateLimit-Reset": text}
    return read_rate_headers(headers, now_seconds=now_seconds).reset_in_seconds


def test_mastodons_headers_are_read() -> None:
    headers = {
        "X-RateLimit-Limit": "300",
        "X-RateLimit-Remaining": "299",
        "X-RateLimit-Reset": "2026-11-24T12:05:00.262513Z",
    }
    rate = read_rate_headers(headers, now_seconds=NOW)
    assert (rate.limit, rate.remaining, rate.retry_in_seconds) == (300, 299, None)
    assert rate.reset_in_seconds == pytest.approx(300.262513)


def test_the_names_of_headers_may_be_written_in_any_case() -> None:
    headers = {"x-ratelimit-LIMIT": " 7 ", "RETRY-AFTER": "3"}
    assert read_rate_headers(headers, now_seconds=NOW) == RateHeaders(limit=7, retry_in_seconds=3)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T12:02:00Z",
        "2026-11-24T12:02:00.000000Z",
        "2026-11-24T13:02:00+01:00",
        "2026-11-24T12:02:00",
        "120",
        "120.0",
        str(int(NOW) + 120),
        str(int(NOW + 120) * 1000),
    ],
)
def test_a_reset_is_a_moment_or_a_number_of_seconds(text: str) -> None:
    assert reset_in(text) == 120


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_a_moment_without_a_zone_is_meant_in_utc_wherever_we_are() -> None:
    assert reset_in("2026-11-24T12:02:00") == 120
    headers = {"Retry-After": "Tue, 24 Nov 2026 12:01:00 -0000"}
    assert retry_after_seconds(headers, now_seconds=NOW) == 60


def test_a_reset_in_the_past_is_now() -> None:
    assert reset_in("2026-11-24T11:00:00Z") == 0
    assert reset_in(str(int(NOW) - 5)) == 0


@pytest.mark.parametrize(
    "garbage",
    [
        *("", "soon", "-5", "nan", "inf", "1e3", "\u0661\u0662", "2026-13-45", "12:00"),
        *("2026-12-24T12:00:00Z", str(LONGEST_RESET_SECONDS + 1), "9" * 30, "9" * 15),
    ],
)
def test_a_reset_that_makes_no_sense_is_no_reset(garbage: str) -> None:
    assert reset_in(garbage) is None


@pytest.mark.parametrize("garbage", ["", "-1", "many", "300, 300;w=300", "1.5", "9" * 10])
def test_a_count_that_makes_no_sense_is_no_count(garbage: str) -> None:
    headers = {"X-RateLimit-Limit": garbage, "X-RateLimit-Remaining": garbage}
    assert read_rate_headers(headers, now_seconds=NOW) == RateHeaders()


def test_a_limit_of_nothing_is_no_limit_but_nothing_may_remain() -> None:
    headers = {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"}
    assert read_rate_headers(headers, now_seconds=NOW) == RateHeaders(remaining=0)


def test_the_clock_of_the_server_is_used_to_read_its_moments() -> None:
    headers = {"Date": DATE, "X-RateLimit-Reset": "2026-11-24T12:05:00Z"}
    for wrong_by_seconds in (-86_400 * 365, 0, 7_200):
        rate = read_rate_headers(headers, now_seconds=NOW + wrong_by_seconds)
        assert rate.reset_in_seconds == 300


def test_retry_after_is_a_number_of_seconds_or_a_date() -> None:
    later = format_datetime(datetime(2026, 11, 24, 12, 1, 30, tzinfo=UTC), usegmt=True)
    for text, seconds in (("90", 90), ("1.5", 1.5), (later, 90), (DATE, 0)):
        assert retry_after_seconds({"Retry-After": text}, now_seconds=NOW) == seconds


@pytest.mark.parametrize("garbage", ["", "later", "-3", "inf", "Tue, 99 Nov 2026 12:00:00 GMT"])
def test_a_retry_after_that_makes_no_sense_is_not_there(garbage: str) -> None:
    assert retry_after_seconds({"Retry-After": garbage}, now_seconds=NOW) is None


def test_retry_after_counts_before_the_reset_of_the_limit() -> None:
    headers = {"Retry-After": "5", "X-RateLimit-Reset": "60", "X-RateLimit-Remaining": "0"}
    assert retry_after_seconds(headers, now_seconds=NOW) == 5


@pytest.mark.parametrize(("remaining", "seconds"), [("0", 60), (None, 60), ("12", None)])
def test_the_reset_is_a_wait_only_when_nothing_remains(
    remaining: str | None, seconds: float | None
) -> None:
    headers = {"X-RateLimit-Reset": "60"}
    if remaining is not None:
        headers["X-RateLimit-Remaining"] = remaining
    assert retry_after_seconds(headers, now_seconds=NOW) == seconds


def test_a_server_that_says_nothing_asks_for_nothing() -> None:
    assert retry_after_seconds({"Content-Type": "text/html"}, now_seconds=NOW) is None


names = st.sampled_from(
    ["Date", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
)
likely_texts = st.one_of(
    st.text(max_size=40),
    st.integers(-10, 10**20).map(str),
    st.datetimes().map(datetime.isoformat),
    st.datetimes().map(lambda moment: format_datetime(moment)),
    st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,5} \d\d:\d\d:\d\d .{0,6}"),
)


@given(st.dictionaries(names, likely_texts), st.floats(0, 4e9))
def test_whatever_the_headers_say_nothing_is_raised_and_no_time_is_negative(
    headers: dict[str, str], now_seconds: float
) -> None:
    rate = read_rate_headers(headers, now_seconds=now_seconds)
    assert rate.limit is None or rate.limit > 0
    assert rate.remaining is None or rate.remaining >= 0
    assert rate.reset_in_seconds is None or 0 <= rate.reset_in_seconds <= LONGEST_RESET_SECONDS
    assert rate.retry_in_seconds is None or rate.retry_in_seconds >= 0
    asked_seconds = retry_after_seconds(headers, now_seconds=now_seconds)
    assert asked_seconds is None or asked_seconds >= 0
