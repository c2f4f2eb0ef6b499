"""Reconnecting: what an ending means for one connection, and how long to wait.

Keeps what the verdict table and the backoff need to know of the past: how many refusals in a row,
how long without a connection, whether there ever was one. It decides and never waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from trunkline.errors import CertificateError, GaveUp, ServerError, Unauthorized
from trunkline.options import StreamOptions, Transport
from trunkline.policy.backoff import HEALTHY_SECONDS, Backoff, GiveUp
from trunkline.policy.outcome import Outcome
from trunkline.policy.unauthorized import explain_unauthorized
from trunkline.policy.verdict import REFUSALS, Action, Verdict, judge, settle
from trunkline.stats import Counters
from trunkline.streams import Stream

__all__ = ["Decision", "OtherTransport", "Past", "Reconnecting"]

_REDISCOVER_AFTER_RETRIES: Final = 3
_SPREAD_SECONDS: Final = 1.0
_SPREAD_SHARE: Final = 0.1


class OtherTransport(Exception):  # a change of plan, not an error
    """The server does not offer this transport; another may do.

    Attributes:
        reason: The name of the verdict's row.
        is_barred: Whether the server did not let us in, rather than not knowing this transport.
    """

    def __init__(self, why: str, *, reason: str, is_barred: bool) -> None:
        super().__init__(why)
        self.reason = reason
        self.is_barred = is_barred


@dataclass(frozen=True, slots=True)
class Decision:
    """Try again: why, after how long, and whether to read the instance document before."""

    reason: str
    wait_seconds: float
    rediscover: bool


@dataclass(slots=True)
class Past:
    """What following some streams has been through; a change of transport does not wipe it out.

    Attributes:
        was_connected: Whether a connection ever brought something.
        refusals: How often in a row we were refused and tried again.
        refusal: What to raise should no transport say anything clearer: how one was refused without
            a word why.
        backoff: Where we stand in a row of failures.
        down_since_seconds: When the last connection ended, or following began; on the clock of
            `Reconnecting`.
    """

    down_since_seconds: float
    was_connected: bool = False
    refusals: int = 0
    refusal: ServerError | None = None
    backoff: Backoff = field(default_factory=Backoff)


class Reconnecting:
    """Decides after each ending of one connection.

    Args:
        server: Base URL of the server, for messages.
        streams: What the connection carries, for messages.
        options: Whether and when to give up.
        counters: Where endings are counted.
        others: The transports that can be tried if this one is refused.
        past: What happened before; it is kept up to date.
        dice: Chance, for jitter.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        server: str,
        streams: Sequence[Stream],
        *,
        options: StreamOptions,
        counters: Counters,
        others: Sequence[Transport],
        past: Past,
        dice: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._server = server
        self._streams = streams
        self._give_up = GiveUp(options.max_retries, options.give_up_after_seconds)
        self._counters = counters
        self._others = others
        self._past = past
        self._dice = dice
        self._clock = clock
        self._opened_at_seconds = clock()

    def opened(self) -> None:
        """Take note that a connection is open."""
        self._opened_at_seconds = self._clock()

    def ended(self, *, brought: bool) -> None:
        """Take note that it ended, and whether it brought anything: a refusal does not."""
        past = self._past
        past.down_since_seconds = self._clock()
        healthy_seconds = past.down_since_seconds - self._opened_at_seconds
        past.backoff = past.backoff.after_connection(healthy_seconds)
        if brought or healthy_seconds >= HEALTHY_SECONDS:
            past.refusals, past.was_connected = 0, True

    def decide(self, outcome: Outcome) -> Decision:
        """Return when to try again.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The user's limits are used up.
            OtherTransport: The server does not offer this transport.
        """
        verdict = self._verdict(outcome)
        self._counters.disconnects[verdict.reason.value] += 1
        if verdict.action is Action.FATAL:
            error = self._error(verdict, outcome)
            if self._past.refusal is None or outcome.words:
                raise error
            raise self._past.refusal from error
        if verdict.action is Action.OTHER_TRANSPORT:
            barred = verdict.error is Unauthorized
            self._past.refusal = self._error(verdict, outcome) if barred else None
            raise OtherTransport(verdict.why, reason=verdict.reason.value, is_barred=barred)
        wait_seconds = self._wait_seconds(verdict)
        self._give_up_if_told(verdict)
        self._past.refusals += verdict.reason in REFUSALS
        often = self._past.backoff.attempt % _REDISCOVER_AFTER_RETRIES == 0
        return Decision(verdict.reason.value, wait_seconds, verdict.rediscover or often)

    def _verdict(self, outcome: Outcome) -> Verdict:
        verdict = judge(
            replace(outcome, was_connected=self._past.was_connected),
            retries_after_connected=self._past.refusals,
        )
        # Whom a server bars is not to be followed in a way that needs no leave.
        barred = verdict.error is Unauthorized
        others = [other for other in self._others if not (barred and other == "polling")]
        return settle(verdict, other_transport_left=bool(others))

    def _wait_seconds(self, verdict: Verdict) -> float:
        wait_seconds = 0.0
        if verdict.curve is not None:
            backoff = self._past.backoff.on(verdict.curve)
            wait_seconds, self._past.backoff = backoff.delay(self._dice())
        told_seconds = verdict.told_seconds
        if told_seconds is None:
            return wait_seconds
        # A little more than told, so that all who were told the same do not come at once.
        spread_seconds = max(_SPREAD_SECONDS, _SPREAD_SHARE * told_seconds)
        return max(told_seconds, _SPREAD_SECONDS) + self._dice() * spread_seconds

    def _give_up_if_told(self, verdict: Verdict) -> None:
        retries = self._past.backoff.attempt - 1
        down_seconds = self._clock() - self._past.down_since_seconds
        if self._give_up.reached(retries=retries, down_seconds=down_seconds):
            raise GaveUp(
                f"{self._server}: gave up after {retries} retries and {down_seconds:.0f} s without"
                f" a connection; last: {verdict.why}"
            )

    def _error(self, verdict: Verdict, outcome: Outcome) -> ServerError:
        kind = verdict.error or ServerError
        why = explain_unauthorized(outcome.words) if kind is Unauthorized else verdict.why
        if outcome.words and kind is not Unauthorized:
            speaker = "The system" if kind is CertificateError else "The server"
            why = f"{why} {speaker} said: {outcome.words}"
        streams = f" ({', '.join(map(str, self._streams))})" if self._streams else ""
        message = f"{self._server}{streams}: {why}"
        return kind(message, server=self._server, status=outcome.status)
