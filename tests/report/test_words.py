"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.report.scales import log_ticks, round_ticks
from trunkline.report.words import amount, duration, kind_name, language_name, plain, size


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.35, "350 ms"),
        (0.9996, "1 s"),
        (1.46, "1.5 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (86_399, "1 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_lengths_of_time_have_two_units_at_the_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_amounts_and_sizes_are_short() -> None:
    assert list(map(amount, (0, 7, 0.25, 12.4, 1234567))) == ["0", "7", "0.2", "12", "1,234,567"]
    assert list(map(size, (12, 1_500, 32_604_160))) == ["12 bytes", "1.5 kB", "32.6 MB"]


def test_what_is_not_known_keeps_its_own_name() -> None:
    assert (kind_name("update"), kind_name("emoji"), kind_name("")) == (
        "posts",
        "emoji",
        "without a name",
    )
    assert (language_name("de"), language_name("tlh"), language_name(None)) == (
        "German",
        "tlh",
        "not told",
    )
    assert plain("a\x1b[31m\u202eb") == "a [31m b"


@given(st.floats(1e-3, 1e12))
def test_round_ticks_reach_the_highest(highest: float) -> None:
    ticks = round_ticks(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest * 0.999999
    assert 3 <= len(ticks) <= 6


@given(st.floats(0, 86_400), st.floats(0, 86_400))
def test_ticks_of_lag_hold_what_lies_between(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = log_ticks(low, high)
    assert len(ticks) >= 2
    assert ticks[0] <= max(low, 0.001)
    assert ticks[-1] >= high
