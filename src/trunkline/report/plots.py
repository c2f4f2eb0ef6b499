"""The pictures of a report, as SVG that stands inside a page.

Promises well-formed elements whose texts are escaped and which take their colours from the classes
of the page: no style of their own, no script, no address. Each says in words what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import Final

from trunkline.report.scales import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Times,
    log_ticks,
    round_ticks,
)
from trunkline.report.values import Bucket, Delays, Lag, Missed
from trunkline.report.words import KINDS, amount, duration, moment_words

__all__ = ["LAYERS", "bar", "histogram", "lag_plot", "layer_counts", "rate_plot"]

LAYERS: Final = (*KINDS.items(), ("", "others"))
"""The layers of the plot of rates, from the bottom up: names of events, and what they are called.

The last one is all events that are none of the others.
"""

_NARROWEST_BAND: Final = 2.5

Point = tuple[float, float]


def rate_plot(
    timeline: Sequence[Bucket],
    *,
    width_seconds: int,
    gaps: Sequence[Missed],
) -> str:
    """Return events a minute as stacked areas, with the gaps as bands over them.

    There is at least one bucket in the timeline.
    """
    times = Times.of(timeline, width_seconds)
    a_minute = 60 / width_seconds
    counts = [layer_counts(bucket.counts) for bucket in timeline]
    layers = [[count * a_minute for count in layer] for layer in zip(*counts, strict=True)]
    heights = [sum(layer) for layer in zip(*layers, strict=True)]
    ticks = round_ticks(max([*heights, 0.1]))

    def y(value: float) -> float:
        return BOTTOM - value / ticks[-1] * (BOTTOM - TOP)

    edges = [times.x(bucket.start) for bucket in timeline] + [float(RIGHT)]
    areas, ground = [], [0.0] * len(timeline)
    for place, layer in enumerate(layers):
        top = [below + value for below, value in zip(ground, layer, strict=True)]
        outline = _steps(edges, map(y, top)) + _steps(edges, map(y, ground))[::-1]
        areas.append(f'<path class="k{place}" d="{_path(outline)}Z"/>')
        ground = top
    tips = [_rate_tip(there, a_minute) for there in counts]
    return _svg(
        f"Events a minute from {moment_words(timeline[0].start)} on, by kind",
        _grid([(y(tick), amount(tick)) for tick in ticks], times),
        *areas,
        *_bands(gaps, times),
        *_hovers(edges, tips, timeline, width_seconds),
    )


def lag_plot(timeline: Sequence[Bucket], *, width_seconds: int, gaps: Sequence[Missed]) -> str:
    """Return the median and the 95th percentile of the lag, on a logarithmic axis.

    At least one bucket of the timeline has a lag.
    """
    times = Times.of(timeline, width_seconds)
    lags = [bucket.lag for bucket in timeline if bucket.lag is not None]
    ticks = log_ticks(min(lag.median_seconds for lag in lags), max(lag.p95_seconds for lag in lags))
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])

    def y(seconds: float) -> float:
        share = (math.log10(max(seconds, ticks[0])) - low) / (high - low)
        return BOTTOM - share * (BOTTOM - TOP)

    edges = [times.x(bucket.start) for bucket in timeline] + [float(RIGHT)]
    shapes = []
    for known, run in groupby(enumerate(timeline), key=lambda one: one[1].lag is not None):
        places = [place for place, _ in run]
        if known:
            there = [lag for place in places if (lag := timeline[place].lag) is not None]
            shapes += _lag_shapes(edges[places[0] : places[-1] + 2], there, y)
    return _svg(
        "Lag of live posts: median and 95th percentile",
        _grid([(y(tick), duration(tick)) for tick in ticks], times),
        *_bands(gaps, times),
        *shapes,
        *_hovers(edges, [_lag_tip(bucket.lag) for bucket in timeline], timeline, width_seconds),
    )


def histogram(delays: Delays, *, bounds_seconds: Sequence[int], about: str) -> str:
    """Return a histogram of delays, which are not none at all."""
    left, bottom, top, width = 10, 168, 26, 520
    highest, pitch = max(delays.counts), (width - 2 * left) / len(delays.counts)
    parts = [f'<path class="axis" d="M{left} {bottom}H{width - left}"/>']
    for place, count in enumerate(delays.counts):
        height = (bottom - top) * count / highest
        x = left + place * pitch
        parts.append(
            f'<rect class="column" x="{x + 2:.1f}" y="{bottom - height:.1f}"'
            f' width="{pitch - 4:.1f}" height="{height:.1f}" rx="2"/>'
        )
        if count:
            parts.append(_text(x + pitch / 2, bottom - height - 6, amount(count), "middle value"))
    for place, bound in enumerate(bounds_seconds, start=1):
        parts.append(_text(left + place * pitch, bottom + 17, duration(bound), "middle"))
    return _svg(about, *parts, size=(width, 192))


def bar(share: float) -> str:
    """Return a bar that fills a share of its width, for a row of a table."""
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.2f}" height="8"/></svg>'
    )


def _svg(about: str, *parts: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {size[0]} {size[1]}" role="img"'
        f' aria-label="{escape(about)}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _grid(levels: Iterable[tuple[float, str]], times: Times) -> str:
    parts = []
    for y, label in levels:
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, label, "end"))
    for x, label in times.ticks():
        parts.append(f'<path class="axis" d="M{x:.1f} {BOTTOM}v5"/>')
        parts.append(_text(x, BOTTOM + 21, label, "middle"))
    return "".join(parts)


def _steps(edges: Sequence[float], heights: Iterable[float]) -> list[Point]:
    """Return the corners of steps, each from one edge to the next."""
    return [
        (x, height)
        for left, right, height in zip(edges, edges[1:], heights, strict=False)
        for x in (left, right)
    ]


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _lag_shapes(
    edges: Sequence[float], lags: Sequence[Lag], y: Callable[[float], float]
) -> list[str]:
    median = _steps(edges, [y(lag.median_seconds) for lag in lags])
    late = _steps(edges, [y(lag.p95_seconds) for lag in lags])
    return [
        f'<path class="between" d="{_path(late + median[::-1])}Z"/>',
        f'<path class="late" d="{_path(late)}"/>',
        f'<path class="median" d="{_path(median)}"/>',
    ]


def _bands(gaps: Sequence[Missed], times: Times) -> list[str]:
    """Return the gaps as bands; those that overlap and look the same are one."""
    bands: list[str] = []
    for complete, look in ((True, "gap whole"), (False, "gap holed")):
        spans = sorted(
            (times.x(gap.since or gap.until), times.x(gap.until))
            for gap in gaps
            if gap.complete is complete
        )
        for left, right in _merged(spans):
            width = max(right - left, _NARROWEST_BAND)
            x = min(left, RIGHT - width)
            bands.append(
                f'<rect class="{look}" x="{x:.1f}" y="{TOP}" width="{width:.1f}"'
                f' height="{BOTTOM - TOP}"/>'
            )
    return bands


def _merged(spans: Iterable[Point]) -> list[Point]:
    merged: list[Point] = []
    for left, right in spans:
        if merged and left <= merged[-1][1] + _NARROWEST_BAND:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def _hovers(
    edges: Sequence[float], tips: Sequence[str], timeline: Sequence[Bucket], width_seconds: int
) -> list[str]:
    """Return what shows the numbers of a bucket while somebody points at it."""
    return [
        f'<rect class="hover" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}"'
        f' height="{BOTTOM - TOP}"><title>{escape(_span(bucket.start, width_seconds))}\n'
        f"{escape(tip)}</title></rect>"
        for left, right, tip, bucket in zip(edges, edges[1:], tips, timeline, strict=False)
    ]


def _span(start: datetime, width_seconds: int) -> str:
    return f"{moment_words(start)} to {start + timedelta(seconds=width_seconds):%H:%M:%S} UTC"


def layer_counts(counts: Mapping[str, int]) -> list[int]:
    """Return how many events each of the `LAYERS` has."""
    named = [counts.get(name, 0) for name, _ in LAYERS[:-1]]
    return [*named, sum(counts.values()) - sum(named)]


def _rate_tip(counts: Sequence[int], a_minute: float) -> str:
    told = [
        f"{amount(count * a_minute)} {words}"
        for (_, words), count in zip(LAYERS, counts, strict=True)
        if count
    ]
    return f"a minute: {', '.join(told)}" if told else "nothing"


def _lag_tip(lag: Lag | None) -> str:
    if lag is None:
        return "no live posts"
    return f"median {duration(lag.median_seconds)}, 95 % within {duration(lag.p95_seconds)}"
