"""How long to wait before the next try.

Promise: a `Backoff` is an immutable value; `delay` gives the seconds to wait and the value to
use for the try after that one. Thousands of clients that lose a server in the same instant come
back spread out, because all jitter is full jitter: any moment between the floor and the ceiling
is equally likely.

Refuses to know: the clock and the dice (both are arguments), and why a try failed; the verdict
says which curve to use.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from trunkline.errors import BadInput

__all__ = [
    "HEALTHY_SECONDS",
    "OPENING_SLOT_SECONDS",
    "SHAPES",
    "Backoff",
    "Curve",
    "GiveUp",
    "Shape",
    "comeback_seconds",
    "opening_delay_seconds",
]

HEALTHY_SECONDS: Final = 60.0
"""A connection that lived this long ends the trouble: the next failure is a first one."""

OPENING_SLOT_SECONDS: Final = 0.25
"""Connections to one server open one per slot, each anywhere inside its slot."""


class Curve(StrEnum):
    """Which way the waits grow: quickly again, or sparing a server in trouble."""

    PROMPT = "prompt"
    SERVER_TROUBLE = "server_trouble"


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a curve: step n waits from the floor up to `first * 2**n`, capped."""

    first_seconds: float
    cap_seconds: float
    floor_seconds: float

    def ceiling_seconds(self, step: int) -> float:
        """The longest wait of this step. Step 0 is the first retry."""
        # The exponent is bounded because two to the power of a week of retries is no float.
        return min(self.cap_seconds, self.first_seconds * 2.0 ** min(step, 32))

    def step_reaching(self, ceiling_seconds: float) -> int:
        """The first step whose longest wait is at least this one, or the step of the cap."""
        wanted = min(ceiling_seconds, self.cap_seconds)
        return next(step for step in range(64) if self.ceiling_seconds(step) >= wanted)


SHAPES: Final[Mapping[Curve, Shape]] = MappingProxyType(
    {
        Curve.PROMPT: Shape(first_seconds=1.0, cap_seconds=60.0, floor_seconds=0.0),
        # A floor keeps the lucky ones of a storm from hitting a server that is just starting.
        Curve.SERVER_TROUBLE: Shape(first_seconds=5.0, cap_seconds=300.0, floor_seconds=0.5),
    }
)


@dataclass(frozen=True, slots=True)
class Backoff:
    """Where we stand in a row of failures.

    `attempt` counts the retries since the last healthy connection, whichever the curve; `step` is
    the place on the present curve.
    """

    curve: Curve = Curve.PROMPT
    attempt: int = 0
    step: int = 0

    def delay(self, dice: float) -> tuple[float, "Backoff"]:
        """Seconds to wait before the next try, and the value to use for the one after it.

        Args:
            dice: a number in [0, 1), drawn anew for each call.

        Raises:
            ValueError: the dice is outside [0, 1).
        """
        _check_dice(dice)
        shape = SHAPES[self.curve]
        span_seconds = shape.ceiling_seconds(self.step) - shape.floor_seconds
        seconds = shape.floor_seconds + dice * span_seconds
        return seconds, replace(self, attempt=self.attempt + 1, step=self.step + 1)

    def on(self, curve: Curve) -> "Backoff":
        """The same row of failures on another curve.

        The longest possible wait never shrinks by a change of curve, except to the cap of the new
        one: a server that answers now with a cut, now with a 502, does not get the first, quick
        retry again and again.
        """
        if curve is self.curve:
            return self
        if self.attempt == 0:
            return replace(self, curve=curve)
        last_seconds = SHAPES[self.curve].ceiling_seconds(self.step - 1)
        return replace(self, curve=curve, step=SHAPES[curve].step_reaching(last_seconds))

    def after_connection(self, healthy_seconds: float) -> "Backoff":
        """What a connection that lived this long leaves: all forgiven from `HEALTHY_SECONDS` on."""
        return Backoff() if healthy_seconds >= HEALTHY_SECONDS else self


@dataclass(frozen=True, slots=True)
class GiveUp:
    """When to stop trying. The default is never.

    Raises:
        BadInput: a limit is negative.
    """

    max_retries: int | None = None
    """Retries allowed since the last healthy connection; 0 means the first failure is the last."""

    give_up_after_seconds: float | None = None
    """Longest time without a connection."""

    def __post_init__(self) -> None:
        limits = {
            "max_retries": self.max_retries,
            "give_up_after_seconds": self.give_up_after_seconds,
        }
        for name, limit in limits.items():
            if limit is not None and not limit >= 0:
                message = f"{name} must be 0 or more, or None for no limit; got {limit!r}"
                raise BadInput(message)

    def reached(self, *, retries: int, down_seconds: float) -> bool:
        """Whether to stop now, after so many retries and so long without a connection."""
        if self.max_retries is not None and retries >= self.max_retries:
            return True
        return self.give_up_after_seconds is not None and down_seconds >= self.give_up_after_seconds


def comeback_seconds(backoff: Backoff, dice: Iterable[float]) -> float:
    """When a client that fails once per die makes its next try, counted from the first failure.

    Computes a whole reconnection storm without a clock: one call for each client.

    Raises:
        ValueError: a die is outside [0, 1).
    """
    total_seconds = 0.0
    for die in dice:
        seconds, backoff = backoff.delay(die)
        total_seconds += seconds
    return total_seconds


def opening_delay_seconds(opened_before: int, *, dice: float) -> float:
    """How long the next of many connections to one server waits before it opens.

    The first opens at once; each later one anywhere inside a slot of its own, so that a hundred
    hashtags do not knock in the same instant.

    Raises:
        ValueError: the dice is outside [0, 1).
    """
    _check_dice(dice)
    if opened_before <= 0:
        return 0.0
    return (opened_before - 1 + dice) * OPENING_SLOT_SECONDS


def _check_dice(dice: float) -> None:
    if not 0.0 <= dice < 1.0:
        message = f"the dice must be in [0, 1), as random.random() gives it; got {dice!r}"
        raise ValueError(message)
