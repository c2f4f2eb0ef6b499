"""Home feeds keep so many entries and no more: what they dropped before it was fetched is named."""

from tests.continuity.oracle import breaches, gaps_of
from tests.continuity.stage import Setting, play
from tests.continuity.steps import Cut, Pause, Post, Step

from trunkline.streams import Stream


def test_a_late_post_that_a_home_feed_dropped_before_it_was_swept_is_named() -> None:
    missed: list[Step] = [Post(3), Pause(1.0), Cut(), Post(1, late_seconds=60.0), Pause(2.0)]
    setting = Setting(streams=(Stream.user(),))
    evidence = play([*missed, Post(900), Pause(60.0)], setting)
    assert breaches(evidence, setting) == []
    (gap,) = gaps_of(evidence)
    assert gap.missing == {"update"}
    assert "keeps 800 entries" in gap.reason
