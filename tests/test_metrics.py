"""The exporter says exactly what `stats()` says, under one name for each count."""

from __future__ import annotations

from dataclasses import fields

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from trunkline.events import Delete, Update
from trunkline.metrics import _HELP, FeedCollector
from trunkline.stats import Counters, Stats


class Counted:
    def __init__(self) -> None:
        self.counters = Counters()

    def stats(self) -> Stats:
        return self.counters.snapshot()


@pytest.fixture
def feed() -> Counted:
    feed = Counted()
    feed.counters.by_type.update({Update: 3, Delete: 1})
    feed.counters.disconnects.update({"stall": 2, "cut": 5})
    feed.counters.caught_up = 7
    return feed


def test_every_count_has_a_help_text() -> None:
    assert {field.name for field in fields(Stats)} == set(_HELP)


def test_a_scrape_shows_the_counts_with_their_labels(feed: Counted) -> None:
    registry = CollectorRegistry()
    FeedCollector(feed, server="mastodon.example").register(registry)
    text = generate_latest(registry).decode()
    assert 'trunkline_events_total{server="mastodon.example",type="update"} 3.0' in text
    assert 'trunkline_disconnects_total{reason="stall",server="mastodon.example"} 2.0' in text
    assert 'trunkline_stalls_total{server="mastodon.example"} 2.0' in text
    assert 'trunkline_caught_up_total{server="mastodon.example"} 7.0' in text
    assert "trunkline_lag_seconds" not in text


def test_a_later_scrape_shows_later_counts(feed: Counted) -> None:
    registry = CollectorRegistry()
    FeedCollector(feed).register(registry)
    before = generate_latest(registry).decode()
    feed.counters.caught_up += 1
    assert "trunkline_caught_up_total 7.0" in before
    assert "trunkline_caught_up_total 8.0" in generate_latest(registry).decode()


def test_two_feeds_share_a_registry_by_their_labels(feed: Counted) -> None:
    registry = CollectorRegistry()
    FeedCollector(feed, stream="public").register(registry)
    FeedCollector(Counted(), stream="user").register(registry)
    text = generate_latest(registry).decode()
    assert 'trunkline_caught_up_total{stream="public"} 7.0' in text
    assert 'trunkline_caught_up_total{stream="user"} 0.0' in text
