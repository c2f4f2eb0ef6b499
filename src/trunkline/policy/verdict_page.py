"""The verdict table, printed for the documentation.

Promise: every row of `verdict_table.ROWS` becomes one line of Markdown, made from the very data
that decide, so that the page cannot tell another story than the code.

Refuses to know: where the page lies; a test compares it with the text of this function.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from trunkline.policy.backoff import SHAPES, Curve
from trunkline.policy.outcome import OutcomeKind
from trunkline.policy.verdict_table import ROWS, Row, When
from trunkline.policy.verdict_values import Action, Verdict

__all__ = ["verdict_table_markdown"]

_KIND_WORDS: Final[Mapping[OutcomeKind, str]] = MappingProxyType(
    {
        OutcomeKind.ENDED: "clean end",
        OutcomeKind.CUT: "reset, or end in mid-air",
        OutcomeKind.TIMEOUT: "no connection or no answer in time",
        OutcomeKind.UNREACHABLE: "connection refused, host unreachable",
        OutcomeKind.DNS: "name not found",
        OutcomeKind.TLS: "TLS handshake interrupted",
        OutcomeKind.CERTIFICATE: "certificate not trusted",
        OutcomeKind.STALL: "stall: no byte for three heartbeats",
        OutcomeKind.SILENT: "heartbeats, but no data while REST has newer posts",
        OutcomeKind.NO_OPENER: "200 and then nothing, not even the opener",
        OutcomeKind.NO_UPGRADE: "WebSocket handshake not completed",
        OutcomeKind.REFUSED_STATUS: "HTTP",
        OutcomeKind.ERROR_FRAME: "error frame",
        OutcomeKind.CLOSED: "WebSocket close",
        OutcomeKind.TOKEN_KILLED: "WebSocket close without a code",
        OutcomeKind.WRONG_CONTENT_TYPE: "200 with another content type",
        OutcomeKind.REDIRECT_ELSEWHERE: "redirect to another host",
        OutcomeKind.BAD_FRAMING: "broken chunks or frames",
        OutcomeKind.SUPERSEDED: "closed by ourselves to open another",
    }
)


def verdict_table_markdown() -> str:
    """The whole table as Markdown, without a line feed at its end."""
    lines = ["| outcome | verdict | reason | why |", "|---|---|---|---|"]
    return "\n".join([*lines, *map(_line, ROWS)])


def _line(row: Row) -> str:
    cells = (
        _condition(row.when),
        _decision(row.verdict),
        f"`{row.verdict.reason}`",
        row.verdict.why,
    )
    return f"| {' | '.join(cells)} |"


def _condition(when: When) -> str:
    parts = [_kinds(when.kinds)]
    parts += [_numbers(when.numbers)] if when.numbers else []
    if when.words:
        parts.append("saying " + " or ".join(f'"{fragment}"' for fragment in when.words))
    parts += [_SAID[when.said_why]] if when.said_why is not None else []
    parts += [_CONNECTED[when.was_connected]] if when.was_connected is not None else []
    parts += [_tries(when.retries_below)] if when.retries_below is not None else []
    parts += [_ASKED[when.asked_to_wait]] if when.asked_to_wait is not None else []
    return " ".join(parts).replace(" ,", ",")


_SAID: Final = {True: "with words", False: "without words"}
_CONNECTED: Final = {True: ", after having been connected", False: ", never connected before"}
_ASKED: Final = {True: "with `Retry-After`", False: "without `Retry-After`"}


def _tries(retries_below: int) -> str:
    return ", once" if retries_below == 1 else f", up to {retries_below} times"


def _kinds(kinds: frozenset[OutcomeKind]) -> str:
    if kinds == frozenset(OutcomeKind):
        return "anything else"
    return " or ".join(_KIND_WORDS[kind] for kind in OutcomeKind if kind in kinds)


def _numbers(spans: Iterable[range]) -> str:
    in_order = sorted(spans, key=lambda span: span.start)
    return ", ".join(
        str(span.start) if len(span) == 1 else f"{span.start}-{span[-1]}" for span in in_order
    )


def _decision(verdict: Verdict) -> str:
    pace = _pace(verdict.curve) if verdict.curve else ""
    error = f"`{verdict.error.__name__}`" if verdict.error else f"reconnect {pace}"
    by_action = {
        Action.RECONNECT: f"reconnect {pace}",
        Action.WAIT_UNTIL: f"reconnect when the server says, or else {pace}",
        Action.OTHER_TRANSPORT: f"try the other transport; if none is left, {error}",
        Action.FATAL: f"stop with {error}",
    }
    discovery = ", after reading the instance document again" if verdict.rediscover else ""
    return by_action[verdict.action] + discovery


def _pace(curve: Curve) -> str:
    shape = SHAPES[curve]
    first, cap = shape.first_seconds, shape.cap_seconds
    return f"within {first:g} s, then doubling to {cap:g} s"
