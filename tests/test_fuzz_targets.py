"""The fuzz targets run, and find what is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )


TARGETS = [f"fuzz.{found.stem}" for found in sorted((CHECKOUT / "fuzz").glob("fuzz_*.py"))]


@pytest.mark.parametrize("target", TARGETS)
def test_a_fuzz_target_runs_without_atheris_and_finds_nothing(target: str) -> None:
    result = run("-m", target, "--seconds", "0.5")
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"[1-9]\d* inputs, no failure \(seed \d+\)\n", result.stdout)


def test_a_failure_shows_the_bytes_that_made_it() -> None:
    script = """
from fuzz.loop import run
import sys

def check(data):
    assert b"ab" not in data

sys.argv = ["target", "--seconds", "30", "--seed", "1"]
run(check, [b"a", b"b", b"c"])
"""
    result = run("-c", script)
    assert result.returncode == 1
    assert re.search(r"^seed 1, input \d+: b'.*ab.*'$", result.stderr, re.MULTILINE)
