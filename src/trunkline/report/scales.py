"""Where things lie on a plot, and where its lines and labels stand. Knows no colour and no SVG."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from trunkline.report.values import Bucket

__all__ = ["BOTTOM", "HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "Times", "log_ticks", "round_ticks"]

WIDTH, HEIGHT = 1000, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 975, 14, 268
"""The inner edges of a plot."""

_DAY: Final = 86_400
_STEPS_SECONDS: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
    *(_DAY * days for days in (1, 2, 7, 14, 30, 90, 180, 365)),
)
_MOST_TICKS: Final = 9
_LAG_TICKS: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Times:
    """The axis of time: from the start of the first bucket to the end of the last one."""

    start_seconds: float
    end_seconds: float

    @classmethod
    def of(cls, timeline: Sequence[Bucket], width_seconds: int) -> Times:
        """Return the axis on which a timeline lies, which is not empty."""
        return cls(timeline[0].start.timestamp(), timeline[-1].start.timestamp() + width_seconds)

    def x(self, at: datetime) -> float:
        """Return where a time lies; one that is outside, on the edge."""
        share = (at.timestamp() - self.start_seconds) / (self.end_seconds - self.start_seconds)
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    def ticks(self) -> list[tuple[float, str]]:
        """Return where labels stand and what they say."""
        span = self.end_seconds - self.start_seconds
        step = next((step for step in _STEPS_SECONDS if span / step <= _MOST_TICKS), None)
        step = step or math.ceil(span / _MOST_TICKS / (365 * _DAY)) * 365 * _DAY
        first = math.ceil(self.start_seconds / step) * step
        moments = [
            datetime.fromtimestamp(first + place * step, UTC)
            for place in range(int((self.end_seconds - first) // step) + 1)
        ]
        return [(self.x(moment), _time_label(moment, step)) for moment in moments]


def _time_label(moment: datetime, step_seconds: int) -> str:
    if step_seconds >= 90 * _DAY:
        return f"{moment:%b %Y}"
    if step_seconds >= _DAY or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if step_seconds < 60 else f"{moment:%H:%M}"


def round_ticks(highest: float) -> list[float]:
    """Return four to six round numbers from 0 on, the last of which is not below `highest`."""
    rough = max(highest, 1e-9) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
    return [round(step * place, 10) for place in range(math.ceil(highest / step - 1e-9) + 1)]


def log_ticks(lowest: float, highest: float) -> list[float]:
    """Return round lengths of time, from one not above `lowest` to one not below `highest`.

    Each is several times the one before it; there are two at least.
    """
    first = max(bisect_right(_LAG_TICKS, lowest) - 1, 0)
    last = min(bisect_left(_LAG_TICKS, highest), len(_LAG_TICKS) - 1)
    first = min(first, len(_LAG_TICKS) - 2)
    return list(_LAG_TICKS[first : max(last, first + 1) + 1])
