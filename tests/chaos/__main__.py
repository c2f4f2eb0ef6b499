"""Chaos: 200 faults over 100,000 events on real sockets, and nothing may be lost.

``python -m tests.chaos``, or ``make chaos``. The events and faults are shared by the runs of each
transport and client. Two more runs let something go missing, which must be named. Exits with 1 when
the promise broke or a declared fault did not strike.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.chaos.run import run
from tests.chaos.scenario import main_runs, named_runs
from tests.chaos.table import print_results


def main() -> int:
    """Run what is asked for; return 1 if the promise broke."""
    asked = _arguments().parse_args()
    scenarios = main_runs(
        events=asked.events,
        faults=asked.faults,
        seed=asked.seed,
        transports=asked.transport or ["sse", "websocket"],
        clients=asked.client or ["async", "sync"],
    )
    if not (asked.transport or asked.client):
        share = {"events": max(asked.events // 50, 500), "faults": max(asked.faults // 13, 15)}
        scenarios += named_runs(**share, seed=asked.seed + len(scenarios))
    print(f"{len(scenarios)} runs, {sum(one.events for one in scenarios)} events at the least:")
    for one in scenarios:
        print(f"  {one.name}: seed {one.seed}, {one.events} events, {one.faults} faults")
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(run, one) for one in scenarios]
        for done in as_completed(running):
            result = done.result()
            print(
                f"  {result.scenario.name}: {result.score.missing} missing, {result.seconds:.0f} s",
                flush=True,
            )
    results = [each.result() for each in running]
    print_results(results)
    kept = not any(result.breaches for result in results)
    print("The promise was kept." if kept else "The promise broke.")
    return 0 if kept else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="over all main runs")
    parser.add_argument("--faults", type=int, default=200, help="over all main runs")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first run; the next has one more"
    )
    parser.add_argument("--transport", action="append", choices=["sse", "websocket"])
    parser.add_argument("--client", action="append", choices=["async", "sync"])
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
