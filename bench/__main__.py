"""The benchmark from one command: ``python -m bench``, or ``make bench``.

Measures every row in every situation, writes ``bench/results/latest.json``, a table beside it and a
plot, and prints the table. With ``--publish`` the documentation gets them too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from bench.fixtures import SITUATIONS
from bench.idle import measure_idle
from bench.machine import describe
from bench.measure import known_rows, measure
from bench.publish import publish, write
from bench.report import Results, as_markdown

_RESULTS: Final = Path(__file__).parent / "results"
_IDLE: Final = "idle-streams"


def main() -> None:
    """Measure, write, print."""
    asked = _arguments().parse_args()
    rows = known_rows(asked.rows)
    situations = asked.situations or [*SITUATIONS, _IDLE]
    machine = describe(sorted({name for row in rows for name in row.distributions}))
    measured = [
        one
        for situation in situations
        if situation != _IDLE
        for one in measure(
            situation, [row for row in rows if row.measures(situation)], rounds=asked.rounds
        )
    ]
    results = Results(
        machine=machine,
        measured=measured,
        idle=measure_idle() if _IDLE in situations else None,
    )
    write(results, _RESULTS)
    if asked.publish:
        publish(results)
    print(as_markdown(results))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("situations", nargs="*", help="by default all", metavar="SITUATION")
    parser.add_argument("--rows", nargs="+", default=[], help="by default all", metavar="ROW")
    parser.add_argument("--rounds", type=int, default=5, help="of each row; the best counts")
    parser.add_argument("--publish", action="store_true", help="put the results into docs/")
    return parser


if __name__ == "__main__":
    main()
