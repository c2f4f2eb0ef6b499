"""The waits between tries: their bounds, their spread, their end."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import BadInput
from trunkline.policy.backoff import (
    HEALTHY_SECONDS,
    OPENING_SLOT_SECONDS,
    SHAPES,
    Backoff,
    Curve,
    GiveUp,
    comeback_seconds,
    opening_delay_seconds,
)

ALMOST_ONE = 0.9999999999999999
dice = st.floats(min_value=0.0, max_value=1.0, exclude_max=True)
curves = st.sampled_from(Curve)


def after_failures(curve: Curve, *, count: int) -> Backoff:
    backoff = Backoff(curve)
    for _ in range(count):
        _, backoff = backoff.delay(0.5)
    return backoff


def longest_waits(curve: Curve, *, count: int) -> list[float]:
    return [round(after_failures(curve, count=n).delay(ALMOST_ONE)[0], 6) for n in range(count)]


def test_the_first_prompt_retry_comes_within_a_second() -> None:
    assert Backoff().delay(0.0)[0] == 0.0
    assert Backoff().delay(0.25)[0] == 0.25
    assert Backoff().delay(ALMOST_ONE)[0] < 1.0


def test_prompt_waits_double_up_to_a_minute() -> None:
    assert longest_waits(Curve.PROMPT, count=8) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_server_trouble_waits_double_from_five_seconds_up_to_five_minutes() -> None:
    assert longest_waits(Curve.SERVER_TROUBLE, count=8) == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_server_in_trouble_is_never_hit_sooner_than_the_floor() -> None:
    for failures in (0, 1, 5, 500):
        seconds, _ = after_failures(Curve.SERVER_TROUBLE, count=failures).delay(0.0)
        assert seconds == 0.5


@given(curve=curves, attempt=st.integers(0, 100_000), die=dice)
def test_every_wait_lies_between_the_floor_and_the_cap(
    curve: Curve, attempt: int, die: float
) -> None:
    seconds, after = Backoff(curve, attempt=attempt, step=attempt).delay(die)
    assert SHAPES[curve].floor_seconds <= seconds <= SHAPES[curve].cap_seconds
    assert (after.attempt, after.step) == (attempt + 1, attempt + 1)


@pytest.mark.parametrize("wrong", [-0.1, 1.0, 2.0, float("nan")])
def test_a_dice_out_of_range_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        Backoff().delay(wrong)
    with pytest.raises(ValueError, match=r"must be in \[0, 1\)"):
        opening_delay_seconds(3, dice=wrong)


def test_a_minute_of_health_forgives_everything() -> None:
    tired = after_failures(Curve.SERVER_TROUBLE, count=7)
    assert tired.after_connection(HEALTHY_SECONDS) == Backoff()
    assert tired.after_connection(HEALTHY_SECONDS - 0.001) == tired


def test_a_first_server_error_after_a_quick_retry_starts_at_five_seconds() -> None:
    after_a_cut = after_failures(Curve.PROMPT, count=1)
    assert after_a_cut.on(Curve.SERVER_TROUBLE) == Backoff(Curve.SERVER_TROUBLE, attempt=1, step=0)


def test_a_server_error_after_quick_retries_waits_no_shorter_than_the_last_of_them() -> None:
    for failures, ceiling_seconds in ((1, 5), (3, 5), (4, 10), (6, 40), (9, 80)):
        quick = after_failures(Curve.PROMPT, count=failures)
        seconds, _ = quick.on(Curve.SERVER_TROUBLE).delay(ALMOST_ONE)
        assert round(seconds, 6) == ceiling_seconds


def test_a_fresh_backoff_changes_curve_from_the_first_step() -> None:
    assert Backoff().on(Curve.SERVER_TROUBLE) == Backoff(Curve.SERVER_TROUBLE)
    assert Backoff().on(Curve.PROMPT) == Backoff()


def test_returning_to_the_prompt_curve_keeps_the_length_of_the_waits() -> None:
    tired = after_failures(Curve.SERVER_TROUBLE, count=7)
    seconds, after = tired.on(Curve.PROMPT).delay(ALMOST_ONE)
    assert round(seconds, 6) == 60
    assert after.attempt == 8


@given(st.lists(curves, min_size=2, max_size=40))
def test_no_change_of_curve_shortens_the_longest_wait_except_to_the_cap(
    journey: list[Curve],
) -> None:
    backoff, before_seconds = Backoff(), 0.0
    for curve in journey:
        backoff = backoff.on(curve)
        ceiling_seconds = SHAPES[curve].ceiling_seconds(backoff.step)
        assert ceiling_seconds >= min(before_seconds, SHAPES[curve].cap_seconds)
        before_seconds = ceiling_seconds
        _, backoff = backoff.delay(0.5)
    assert backoff.attempt == len(journey)


def test_ten_thousand_clients_of_a_restarted_server_come_back_spread_over_a_second() -> None:
    chance = Random(20_26)
    comebacks = [comeback_seconds(Backoff(), [chance.random()]) for _ in range(10_000)]
    buckets = Counter(int(seconds * 100) for seconds in comebacks)
    assert max(buckets.values()) <= 200
    assert set(buckets) == set(range(100))


def test_ten_thousand_clients_of_a_failing_server_spread_ever_wider() -> None:
    chance = Random(1)
    storms = [
        [
            comeback_seconds(Backoff(Curve.SERVER_TROUBLE), [chance.random() for _ in range(tries)])
            for _ in range(10_000)
        ]
        for tries in (1, 2, 4)
    ]
    peaks = [max(Counter(int(s) for s in storm).values()) for storm in storms]
    assert peaks == sorted(peaks, reverse=True)
    # In the first half second nobody comes at all; afterwards 4.5 s share everyone evenly.
    assert min(storms[0]) >= 0.5
    assert peaks[0] <= 2_500


def test_a_comeback_adds_up_the_waits_of_all_failed_tries() -> None:
    assert comeback_seconds(Backoff(), []) == 0.0
    assert comeback_seconds(Backoff(), [0.5, 0.5, 0.5]) == 0.5 + 1.0 + 2.0


def test_many_connections_to_one_server_open_one_after_the_other() -> None:
    assert opening_delay_seconds(0, dice=0.9) == 0.0
    delays = [opening_delay_seconds(n, dice=0.5) for n in range(1, 9)]
    steps = [later - earlier for earlier, later in pairwise(delays)]
    assert steps == [OPENING_SLOT_SECONDS] * 7


def test_without_limits_nobody_gives_up() -> None:
    assert not GiveUp().reached(retries=10**9, down_seconds=1e12)


def test_the_number_of_retries_can_be_limited() -> None:
    assert GiveUp(max_retries=0).reached(retries=0, down_seconds=0)
    assert not GiveUp(max_retries=3).reached(retries=2, down_seconds=0)
    assert GiveUp(max_retries=3).reached(retries=3, down_seconds=0)


def test_the_time_without_a_connection_can_be_limited() -> None:
    assert not GiveUp(give_up_after_seconds=60).reached(retries=99, down_seconds=59.9)
    assert GiveUp(max_retries=5, give_up_after_seconds=60).reached(retries=1, down_seconds=60)


def test_a_negative_limit_is_refused_with_its_name() -> None:
    with pytest.raises(BadInput, match="max_retries must be 0 or more"):
        GiveUp(max_retries=-1)
    with pytest.raises(BadInput, match="give_up_after_seconds must be 0 or more"):
        GiveUp(give_up_after_seconds=float("nan"))
