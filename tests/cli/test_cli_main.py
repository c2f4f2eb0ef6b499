"""Which commands there are, their help, and the page that documents them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.cli.programs import SECONDS, run_program
from typer.testing import CliRunner

from trunkline.cli.main import COMMANDS, app, main
from trunkline.cli.reference import commands_markdown

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
NAMES = [command.__name__ for command, _ in COMMANDS]
HOW_TO_MEND = (
    "the commands in docs/reference/cli.md are not those of the code; replace them by what"
    ' `python -c "from trunkline.cli.reference import commands_markdown as page; print(page())"`'
    " prints"
)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_has_an_example(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert f"Example: trunkline {name}" in shown.output


def test_the_help_lists_every_command() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert all(name in shown.output for name in NAMES)


def test_without_a_command_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "watch" in capsys.readouterr().out


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"trunkline {version('trunkline')}\n"


def test_the_page_documents_every_command_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition("<!-- commands -->\n")[2].partition("\n<!-- /commands -->")[0]
    assert shown == commands_markdown(), HOW_TO_MEND


def test_every_argument_and_option_is_explained() -> None:
    rows = [line for line in commands_markdown().splitlines() if line.startswith("| `")]
    assert len(rows) > len(COMMANDS)
    assert not any(line.endswith("| None |") for line in rows)


def test_as_a_module_it_is_the_demo() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "trunkline", "--seconds", "0.5", "--no-faults"],
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    assert b"missing 0, duplicated 0" in shown.stdout.splitlines()[-1]


def test_a_terminal_that_knows_few_letters_is_no_reason_to_fail() -> None:
    done = run_program("check", "--server", "http://127.0.0.1:1/\N{BLACK STAR}")
    assert b"Traceback" not in done.stderr
    assert done.returncode in (1, 2)
