"""Metrics for Prometheus: the counts of feeds, read whenever they are scraped.

Needs the extra ``trunkline[metrics]``. Nothing is counted twice and nothing runs in the background:
a collector asks its feed for `stats()` when Prometheus asks for metrics.

    from prometheus_client import start_http_server
    from trunkline.metrics import FeedCollector

    start_http_server(9100, addr="127.0.0.1")
    FeedCollector(events, stream="public").register()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final, Protocol

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from trunkline.stats import Stats

__all__ = ["FeedCollector"]


class HasStats(Protocol):
    """Anything with `stats()`: an `AsyncFeed` or a `Feed`."""

    def stats(self) -> Stats:
        """Return the counts as they are now."""
        ...


_HELP: Final[dict[str, str]] = {
    "events": "Events passed on, by type.",
    "received_bytes": "Bytes read from streaming connections.",
    "connects": "Connections opened.",
    "disconnects": "Endings of connections and of attempts, by reason.",
    "stalls": "Connections given up for silence.",
    "caught_up": "Events fetched after disconnects.",
    "reconciled": "Edits and deletions found by asking.",
    "duplicates": "Events dropped because they had been seen.",
    "held_back": "Posts and edits dropped because the post was known to be deleted.",
    "malformed": "Frames that could not be events.",
    "unknown": "Events of a type that is not known.",
    "gaps_complete": "Gaps that were closed entirely.",
    "gaps_incomplete": "Gaps that name something as missing.",
    "heartbeats": "Proofs of life.",
    "lag_seconds": "How late the last live post came, by the time in its id.",
}
_BY_LABEL: Final = {"events": "type", "disconnects": "reason"}


class FeedCollector(Collector):
    """Exports the counts of one feed under ``trunkline_*``.

    Args:
        feed: Whose counts to export.
        **labels: Labels for every metric, such as ``server="mastodon.example"``; feeds that share a
            registry need different ones.
    """

    def __init__(self, feed: HasStats, **labels: str) -> None:
        self._feed = feed
        self._labels = labels

    def register(self, registry: CollectorRegistry = REGISTRY) -> None:
        """Have `registry` ask this collector whenever it is scraped."""
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Return nothing: several collectors of one registry share their names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every count of the feed as it is now."""
        stats = self._feed.stats()
        for field in fields(stats):
            value = getattr(stats, field.name)
            if value is not None:
                yield self._metric(field.name, value)

    def _metric(self, name: str, value: Mapping[str, int] | float) -> Metric:
        family = GaugeMetricFamily if name == "lag_seconds" else CounterMetricFamily
        label = _BY_LABEL.get(name)
        names = [*self._labels, *([label] if label else [])]
        metric = family(f"trunkline_{name}", _HELP[name], labels=names)
        counts = value if isinstance(value, Mapping) else {"": value}
        for kind, count in counts.items():
            metric.add_metric([*self._labels.values(), *([kind] if label else [])], count)
        return metric
