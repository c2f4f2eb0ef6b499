"""What the fuzz targets share: atheris where it is installed, a random loop where it is not.

Promises that a failure shows the bytes that made it. Refuses to know what is fuzzed.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

try:
    import atheris
except ImportError:
    atheris = None

__all__ = ["instrumented", "run"]

_LONGEST = 40  # pieces in one input


def instrumented() -> AbstractContextManager[object]:
    """Return a context in which imports are instrumented for coverage, if atheris is there."""
    if atheris is None:
        return nullcontext()
    context: AbstractContextManager[object] = atheris.instrument_imports(include=["trunkline"])
    return context


def run(check: Callable[[bytes], None], pieces: Sequence[bytes]) -> None:
    """Call `check` with input after input, for ever or for so many ``--seconds``.

    Without ``--seconds`` atheris does it, with its own options, or the loop for ten seconds if it
    is not installed. The loop joins `pieces` and random bytes; ``--seed`` repeats it.
    """
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    options, rest = parser.parse_known_args()
    if atheris is not None and options.seconds is None:
        atheris.Setup([sys.argv[0], *rest], check)
        atheris.Fuzz()
    else:
        _loop(check, pieces, seconds=options.seconds or 10.0, seed=options.seed)


def _loop(
    check: Callable[[bytes], None], pieces: Sequence[bytes], *, seconds: float, seed: int
) -> None:
    dice = random.Random(seed)
    inputs = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = _any_bytes(dice, pieces)
        try:
            check(data)
        except BaseException:
            print(f"seed {seed}, input {inputs}: {data!r}", file=sys.stderr)
            raise
        inputs += 1
    print(f"{inputs} inputs, no failure (seed {seed})")


def _any_bytes(dice: random.Random, pieces: Sequence[bytes]) -> bytes:
    parts = (
        dice.randbytes(dice.randint(1, 6)) if dice.random() < 0.1 else dice.choice(pieces)
        for _ in range(dice.randint(0, _LONGEST))
    )
    return b"".join(parts)
