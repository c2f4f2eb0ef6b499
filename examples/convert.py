"""Store a recording in another sink: `python convert.py sqlite:toots.db jsonl:toots/`.

Every event is stored once and in order. Stopped or killed it goes on where it was, and a second
time it brings only what was added since.
"""

import sys
from contextlib import suppress

from trunkline.errors import TrunklineError
from trunkline.sinks.converting import Converted, convert


def tell(done: Converted) -> None:
    print(f"{done.events} events so far", file=sys.stderr, flush=True)


def main(recording: str, target: str) -> None:
    done = convert(recording, target, tell=tell if sys.stderr.isatty() else None)
    again = " more" if done.resumed else ""
    print(f"{done.events}{again} events and {done.gaps} gaps are in {target} now")


if __name__ == "__main__":
    try:
        with suppress(KeyboardInterrupt):
            main(sys.argv[1], sys.argv[2])
    except TrunklineError as error:  # one of the two cannot be used; it says why
        sys.exit(str(error))
