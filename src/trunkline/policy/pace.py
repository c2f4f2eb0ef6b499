"""Pace: how often something usually comes, and which silences are unusual.

Promise: one number for each subscription, learnt from what arrives, cheap to keep. A silence is
unusual when it is many times longer than what is usual; each false alarm makes it take longer.

Refuses to know: the clock, and what to do about a silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["Pace"]

_LEAST_SECONDS: Final = 10.0
_TIMES: Final = 20.0
_ENOUGH: Final = 20
_MEMORY: Final = 200


@dataclass(frozen=True, slots=True)
class Pace:
    """The mean interval between arrivals; the last few hundred count.

    Attributes:
        mean_seconds: The mean.
        counted: How many intervals it was learnt from, up to a bound.
        times: How many times longer a silence must be to be unusual.
    """

    mean_seconds: float = 0.0
    counted: int = 0
    times: float = _TIMES

    def after(self, intervals_seconds: Iterable[float]) -> Pace:
        """Return the pace after some more intervals."""
        mean_seconds, counted = self.mean_seconds, self.counted
        for interval_seconds in intervals_seconds:
            counted = min(counted + 1, _MEMORY)
            mean_seconds += (interval_seconds - mean_seconds) / counted
        return replace(self, mean_seconds=mean_seconds, counted=counted)

    def is_unusual(self, silence_seconds: float) -> bool:
        """Tell whether a silence is longer than chance explains, once enough is known."""
        known = self.counted >= _ENOUGH
        return known and silence_seconds >= max(_LEAST_SECONDS, self.times * self.mean_seconds)

    def after_false_alarm(self) -> Pace:
        """Return the pace after a silence that hid nothing: so long a one is usual here."""
        return replace(self, times=2 * self.times)
