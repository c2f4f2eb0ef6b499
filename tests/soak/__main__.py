"""Soak: 100 subscriptions on 10 servers, of which 3 misbehave all the time, into one recording.

``python -m tests.soak``, or ``make soak``. `trunkline record` runs as a program of its own, with a
`trunkline.toml`; the servers share another process. Exits with 1 unless the healthy servers show no
gap, nothing missing, nothing twice and a lag whose 99th percentile is below a second, and whatever
is missing of the others lies in a gap that names it. Needs Linux.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.soak.recorder import Broken
from tests.soak.report import print_result
from tests.soak.run import run
from tests.soak.scenario import STREAMS, Soak


def main() -> int:
    """Run what is asked for; return 1 if the promise broke."""
    asked = _asked()
    soak = _soak(asked)
    print(
        f"{soak.servers * len(soak.streams)} subscriptions on {soak.servers} servers, of which"
        f" {soak.misbehaving} misbehave: {soak.seconds:g} s, seed {soak.seed}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as passing:
        folder = asked.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            result = run(soak, folder)
        except Broken as error:
            print(f"The run broke off: {error}")
            return 1
    print_result(result)
    print("The promise broke." if result.breaches else "The promise was kept.")
    return 1 if result.breaches else 0


def _asked() -> argparse.Namespace:
    usual = Soak()
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--servers", type=int, default=usual.servers)
    parser.add_argument("--misbehaving", type=int, default=usual.misbehaving)
    parser.add_argument("--streams", type=int, default=len(STREAMS), help="of each server")
    parser.add_argument("--rate", type=float, default=usual.rate_per_second, help="of each server")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--folder", type=Path, help="new: keeps the recording and the logs")
    asked = parser.parse_args()
    if asked.seconds <= 0 or asked.rate <= 0 or not 0 < asked.streams <= len(STREAMS):
        parser.error(f"expected seconds and a rate above 0, and 1 to {len(STREAMS)} streams")
    return asked


def _soak(asked: argparse.Namespace) -> Soak:
    return Soak(
        servers=asked.servers,
        misbehaving=asked.misbehaving,
        streams=STREAMS[: asked.streams],
        seconds=asked.seconds,
        rate_per_second=asked.rate,
        seed=asked.seed,
    )


if __name__ == "__main__":
    sys.exit(main())
