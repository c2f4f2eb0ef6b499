"""The oracle that most of the promise rests on sees what its tests are not named after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.continuity.oracle import breaches
from tests.continuity.stage import Evidence, Record, Setting, play
from tests.continuity.steps import Delete, Edit, Pause, Post, Step

from trunkline.events import Delete as Deletion
from trunkline.events import Event, Update

STORY: list[Step] = [Post(2), Pause(1.0), Edit(), Pause(1.0), Delete(1), Pause(1.0), Post(1)]
SETTING = Setting()


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What a client that keeps the promise was given."""
    told = play(STORY, SETTING)
    assert breaches(told, SETTING) == []
    return told


def events_of(evidence: Evidence) -> list[Record]:
    return [one for one in evidence.records if isinstance(one.item, Event)]


def missing(given: Sequence[Record]) -> list[Record]:
    return [*given[:-1]]


def twice(given: Sequence[Record]) -> list[Record]:
    return [given[0], *given]


def out_of_order(given: Sequence[Record]) -> list[Record]:
    return [given[-1], *given[:-1]]


def after_its_deletion(given: Sequence[Record]) -> list[Record]:
    gone = next(one.item.status_id for one in given if isinstance(one.item, Deletion))
    (post,) = (one for one in given if isinstance(one.item, Update) and one.item.status_id == gone)
    return [*(one for one in given if one is not post), post]


def never_was(given: Sequence[Record]) -> list[Record]:
    post = given[-1].item
    assert isinstance(post, Update)
    return [*given, Record(Deletion(post.stream, post.server, post.received_at, b"4711"), True)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (missing, "is missing"),
        (twice, "came 2 times"),
        (out_of_order, "came after"),
        (after_its_deletion, "came back after its deletion"),
        (never_was, "was never deleted"),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_a_client_that_broke_the_promise_would_be_noticed(
    evidence: Evidence, spoil: Callable[[Sequence[Record]], list[Record]], words: str
) -> None:
    spoiled = replace(evidence, records=tuple(spoil(events_of(evidence))))
    assert any(words in breach for breach in breaches(spoiled, SETTING))
