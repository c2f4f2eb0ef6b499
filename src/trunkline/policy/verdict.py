"""What to do about an outcome.

Promise: `judge` is total. Every kind of outcome, every HTTP status and every WebSocket close code
gets a verdict, also those that nobody has seen yet. It reads one table (`verdict_table`) from the
top; the first row that fits decides.

Refuses to know: the clock, how long to wait exactly (`backoff`), and how to do any of it.
"""

from dataclasses import replace
from typing import Final

from trunkline.policy.outcome import Outcome
from trunkline.policy.verdict_table import ROWS
from trunkline.policy.verdict_values import Action, Reason, Verdict

__all__ = ["LONGEST_WAIT_SECONDS", "REFUSALS", "Action", "Reason", "Verdict", "judge", "settle"]

REFUSALS: Final = frozenset({Reason.UNAUTHORIZED, Reason.NO_SUCH_STREAM})
"""Reasons that are retried a few times only: answers of a server, not accidents on the way."""

LONGEST_WAIT_SECONDS: Final = 3600.0
"""A server that asks for more is asked again after this long: dates in headers can be wrong."""


def judge(outcome: Outcome, *, retries_after_connected: int) -> Verdict:
    """What to do about this outcome.

    Args:
        outcome: how the attempt or the connection ended.
        retries_after_connected: how many verdicts with a reason in `REFUSALS` there have been since
            the subscription last worked. A connection that is refused as soon as it is open has not
            worked, or a refusal after the handshake would be retried for ever.
    """
    row = next(row for row in ROWS if row.when.matches(outcome, retries=retries_after_connected))
    asked_seconds = outcome.retry_after_seconds
    if asked_seconds is None or row.verdict.action is Action.FATAL:
        return row.verdict
    told_seconds = max(0.0, min(asked_seconds, LONGEST_WAIT_SECONDS))
    return replace(row.verdict, told_seconds=told_seconds)


def settle(verdict: Verdict, *, other_transport_left: bool) -> Verdict:
    """The verdict once it is known whether another transport may still be tried.

    With none left, `other_transport` becomes `fatal` if the verdict names an error, else
    `reconnect`. Every other verdict is returned as it is.
    """
    if verdict.action is not Action.OTHER_TRANSPORT or other_transport_left:
        return verdict
    action = Action.RECONNECT if verdict.error is None else Action.FATAL
    return replace(verdict, action=action)
