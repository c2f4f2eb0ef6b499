"""Which silences are unusual depends on what is usual."""

from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.pace import Pace

intervals = st.lists(st.floats(0.001, 1000.0), min_size=20, max_size=60)


def test_nothing_is_unusual_before_enough_is_known() -> None:
    assert not Pace().after([1.0] * 19).is_unusual(1e9)


def test_a_silence_of_many_times_the_usual_is_unusual() -> None:
    pace = Pace().after([1.0] * 20)
    assert not pace.is_unusual(19.0)
    assert pace.is_unusual(20.0)


def test_a_few_seconds_are_never_unusual() -> None:
    pace = Pace().after([0.01] * 20)
    assert not pace.is_unusual(9.0)
    assert pace.is_unusual(10.0)


def test_a_false_alarm_makes_the_next_one_take_longer() -> None:
    pace = Pace().after([1.0] * 20).after_false_alarm()
    assert not pace.is_unusual(39.0)
    assert pace.is_unusual(40.0)


def test_a_pace_that_changed_is_learnt_anew() -> None:
    pace = Pace().after([0.1] * 500).after([10.0] * 500)
    assert not pace.is_unusual(100.0)


@given(intervals)
def test_the_usual_lies_between_the_shortest_and_the_longest_interval(seconds: list[float]) -> None:
    mean_seconds = Pace().after(seconds).mean_seconds
    assert min(seconds) * 0.999 <= mean_seconds <= max(seconds) * 1.001


@given(intervals, intervals)
def test_it_does_not_matter_in_how_many_pieces_it_learns(
    first: list[float], second: list[float]
) -> None:
    assert Pace().after(first).after(second) == Pace().after(first + second)
