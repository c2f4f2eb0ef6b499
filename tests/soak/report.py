"""What a soak prints at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from tests.chaos.books import shown
from tests.soak.books import Balance, percentile
from tests.soak.run import SHARES, Result

__all__ = ["print_result"]

_COLUMNS = (
    "server",
    "published",
    "recorded",
    "missing",
    "named",
    "vanished",
    "extra",
    "gaps",
    "incomplete",
    "lag p50",
    "lag p99",
    "longest",
    "faults",
)
_MEBIBYTE = 1 << 20


def print_result(result: Result) -> None:
    """Print a row for each server, what the recorder took, and every breach."""
    console = Console(width=160, highlight=False)
    table = Table(*_COLUMNS)
    for number, balance in enumerate(result.balances, start=1):
        table.add_row(*map(str, _row(number, balance)))
    console.print(table)
    struck = sum((balance.struck for balance in result.balances), Counter[str]())
    console.print(
        "published and recorded: on all subscriptions; missing: and no gap names it; lag: from"
        " publication to arrival of live events, in milliseconds; vanished: deleted before anybody"
        " could fetch it, and so without a deletion; of edits the newest version is fetched"
    )
    console.print(
        "faults that struck:", ", ".join(f"{name} {n}" for name, n in sorted(struck.items()))
    )
    for share, probe in zip(SHARES, result.probes, strict=True):
        console.print(
            f"recorder after {share:.0%} of the time: {probe.resident_bytes / _MEBIBYTE:.1f} MiB"
        )
    console.print(f"recorder: {result.cores:.1%} of one processor")
    console.print(f"stored: {result.events_per_second:.0f} events a second")
    console.print(f"recovered after the last fault: {result.recover_seconds:.0f} s")
    for balance in result.balances:
        for breach in shown(balance.breaches):
            console.print(f"{balance.url}: {breach}")


def _row(number: int, balance: Balance) -> Sequence[object]:
    word = "misbehaves" if balance.misbehaves else "healthy"
    return (
        f"{number} {word}",
        balance.published,
        balance.recorded,
        balance.missing,
        balance.named,
        balance.vanished,
        balance.extra,
        balance.gaps,
        balance.incomplete,
        *(f"{percentile(balance.lags, share) * 1000:.0f}" for share in (0.5, 0.99, 1.0)),
        balance.struck.total(),
    )
