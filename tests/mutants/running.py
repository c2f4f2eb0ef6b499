"""Runs the test of each mutant in a copy of its own, and says which mutants survive.

Promise: the checkout is only read. What is judged is the copy: a test process that imports
the package from anywhere else judges nothing. Only a failing test kills; a mutant that cannot be
imported, a test that is not there or a process that hangs are errors of the table.

Refuses to know: which mutants there are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from tests.mutants.values import Mutant, StaleMutant, mutate

__all__ = ["Result", "Verdict", "judge_all"]

_AT_ONCE: Final = 2
_LONGEST_SECONDS: Final = 120.0
_SHOWN_LINES: Final = 25
_COPIED: Final = ("src", "tests")
_PYTEST_PASSED: Final = 0

_CHILD: Final = """
import sys, pytest
code = pytest.main(["-x", "-p", "no:xdist", "--timeout=60", *sys.argv[2:]])
package = sys.modules.get("trunkline")
if package is not None and not package.__file__.startswith(sys.argv[1]):
    print(f"expected to import the package from {sys.argv[1]}; it came from {package.__file__}")
    sys.exit(99)  # no code of pytest
sys.exit(code)
"""


class Verdict(Enum):
    """What became of a mutant; only `KILLED` is good."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    STALE = "STALE"
    SICK = "SICK"
    """Its test fails without it, or could not be run."""


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one mutant, how long it took, and what the test said unless it killed."""

    mutant: Mutant
    verdict: Verdict
    seconds: float
    words: str = ""


def judge_all(mutants: Sequence[Mutant], checkout: Path) -> Iterator[Result]:
    """Yield the verdict on each mutant, in their order, as soon as it is known.

    Args:
        mutants: What to write into copies.
        checkout: Where `src`, `tests` and `pyproject.toml` are.
    """
    with _copy_of(checkout) as healthy:
        failing = _failing(healthy, tuple(dict.fromkeys(mutant.test for mutant in mutants)))
        with ThreadPoolExecutor(_AT_ONCE) as workers:
            yield from workers.map(
                lambda mutant: _judge(mutant, healthy, failing.get(mutant.test)), mutants
            )


def _failing(healthy: Path, tests: Sequence[str]) -> dict[str, str]:
    """Return which tests fail without any mutant, and what they say: in one run if none does."""
    code, _ = _run(healthy, tests)
    if code == _PYTEST_PASSED:
        return {}
    outcomes = {test: _run(healthy, (test,)) for test in tests}
    return {test: words for test, (code, words) in outcomes.items() if code != _PYTEST_PASSED}


def _judge(mutant: Mutant, healthy: Path, failed_before: str | None) -> Result:
    began = time.monotonic()
    verdict, words = Verdict.SICK, failed_before or ""
    if failed_before is None:
        with _copy_of(healthy) as copy:
            verdict, words = _verdict(mutant, copy)
    return Result(mutant, verdict, time.monotonic() - began, words)


def _verdict(mutant: Mutant, copy: Path) -> tuple[Verdict, str]:
    try:
        mutate(mutant, copy / "src" / "trunkline")
    except StaleMutant as stale:
        return Verdict.STALE, str(stale)
    code, words = _run(copy, (mutant.test,))
    match code:
        case 0:  # pytest: all passed
            return Verdict.SURVIVED, f"{mutant.test} passes with it."
        case 1:  # pytest: some failed
            return Verdict.KILLED, ""
        case _:
            return Verdict.SICK, words


def _run(copy: Path, tests: Sequence[str]) -> tuple[int | None, str]:
    """Run tests in a copy; return pytest's exit code, or ``None`` of a hang, and its words."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(copy), *tests],
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no result after {_LONGEST_SECONDS:.0f} s"
    return done.returncode, "\n".join((done.stdout + done.stderr).splitlines()[-_SHOWN_LINES:])


@contextmanager
def _copy_of(checkout: Path) -> Iterator[Path]:
    """Copy what tests need; compiled files too, which are half the time of a short run."""
    with tempfile.TemporaryDirectory(prefix="trunkline-mutant-") as directory:
        copy = Path(directory).resolve()
        for name in _COPIED:
            shutil.copytree(checkout / name, copy / name, ignore=_not_needed)
        shutil.copy2(checkout / "pyproject.toml", copy)
        yield copy


def _not_needed(directory: str, names: list[str]) -> set[str]:
    return {".hypothesis", ".mypy_cache", ".ruff_cache"}.intersection(names)
