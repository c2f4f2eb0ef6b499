"""The first moments of a command, while its modules are imported."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.cli.programs import COMMAND, SECONDS

from trunkline.cli.running import INTERRUPTED, OK

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
SIGNALLED = """
import signal, sys

class Signalling:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            signal.raise_signal({number})

sys.meta_path.insert(0, Signalling())
{command}
"""
"""A program that gets a signal when it begins to import a module."""


@pytest.mark.parametrize(
    "module", ["trunkline.cli.main", "typer", "aiohttp", "trunkline.cli.watch"]
)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, OK)], ids=["int", "term"]
)
def test_a_signal_ends_it_quietly_while_modules_are_imported(
    number: signal.Signals, code: int, module: str
) -> None:
    text = SIGNALLED.format(module=module, number=int(number), command=COMMAND[-1])
    done = subprocess.run(
        [sys.executable, "-c", text, "--version"], capture_output=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_a_shell_that_wants_no_ctrl_c_gets_its_way() -> None:
    text = SIGNALLED.format(module="typer", number=int(signal.SIGINT), command=COMMAND[-1])
    ignoring = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{text}"
    done = subprocess.run(
        [sys.executable, "-c", ignoring, "--version"],
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.startswith(b"trunkline ")


def test_the_command_that_is_installed_begins_there() -> None:
    scripts = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["scripts"]
    assert scripts["trunkline"] == "trunkline.cli.starting:main"
