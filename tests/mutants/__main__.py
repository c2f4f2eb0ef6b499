"""``python -m tests.mutants [NAME...]``: every mutant, or those that are named, and a table.

Ends with 1 if a mutant survives, if its text does not occur exactly once, or if its test fails
without it; with 2 if a name is unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.running import Result, Verdict, judge_all
from tests.mutants.table import MUTANTS
from tests.mutants.values import Mutant

__all__ = ["main", "report"]

_CHECKOUT = Path(__file__).parents[2]


def main(names: Sequence[str]) -> int:
    """Judge the mutants of these names, or all, print what became of them, and say it as a code."""
    unknown = set(names) - {mutant.name for mutant in MUTANTS}
    if unknown:
        known = "\n  ".join(mutant.name for mutant in MUTANTS)
        print(f"No mutant is called {', '.join(sorted(unknown))}. There are\n  {known}")
        return 2
    return report([one for one in MUTANTS if not names or one.name in names], _CHECKOUT)


def report(mutants: Sequence[Mutant], checkout: Path) -> int:
    """Judge `mutants` of a checkout, print a line for each, and return 1 unless all are killed."""
    bad: list[Result] = []
    width = max((len(mutant.name) for mutant in mutants), default=0)
    for result in judge_all(mutants, checkout):
        test = result.mutant.test.partition("::")[2]
        print(f"{result.verdict.value:8}  {result.mutant.name:{width}}  {test}", flush=True)
        bad += [result] if result.verdict is not Verdict.KILLED else []
    for result in bad:
        print(f"\n{result.mutant.name} ({result.mutant.file}): {result.verdict.value}")
        print(f"{result.mutant.why}\n{result.words}")
    print(f"\n{len(mutants)} mutants, {len(mutants) - len(bad)} killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
