"""The table that the runs are printed as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from tests.chaos.books import shown
from tests.chaos.run import Result

__all__ = ["print_results"]

_COLUMNS = (
    "run",
    "seed",
    "events",
    "faults",
    "published",
    "delivered",
    "vanished",
    "missing",
    "named",
    "duplicated",
    "edits",
    "deletions",
    "gaps",
    "incomplete",
    "caught up",
    "reconciled",
    "seconds",
)


def print_results(results: Sequence[Result]) -> None:
    """Print a row for each run, what each fault and ending came to, and every breach."""
    console = Console(width=200)
    table = Table(*_COLUMNS)
    for result in results:
        table.add_row(*map(str, _row(result)))
    console.print(table)
    console.print(
        "published: on all streams of the run; vanished: deleted before anybody could fetch it;"
        " named: missing as a gap says"
    )
    struck = sum((result.struck for result in results), Counter[str]())
    reasons = sum((result.reasons for result in results), Counter[str]())
    console.print("faults that struck:", _counts(struck))
    console.print("reconnects:", _counts(reasons))
    for result in results:
        for breach in shown(result.breaches):
            console.print(f"{result.scenario.name}, seed {result.scenario.seed}: {breach}")


def _row(result: Result) -> Sequence[object]:
    score, stats = result.score, result.stats
    return (
        result.scenario.name,
        result.scenario.seed,
        result.published,
        sum(result.struck.values()),
        score.published,
        score.delivered,
        score.vanished,
        score.missing,
        score.named,
        score.duplicated,
        score.edits,
        score.deletions,
        stats.gaps_complete + stats.gaps_incomplete,
        stats.gaps_incomplete,
        stats.caught_up,
        stats.reconciled,
        f"{result.seconds:.0f}",
    )


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counter.items()))
