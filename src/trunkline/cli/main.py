"""The command line `trunkline`: which commands there are, and how every one of them ends.

Promises that what the library raises on purpose, and what was typed wrongly, is one line on
standard error and the exit code 2.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated, Final, cast

import typer

from trunkline.cli.check import check
from trunkline.cli.config import config
from trunkline.cli.convert import convert
from trunkline.cli.demo import demo
from trunkline.cli.login import login
from trunkline.cli.record import record
from trunkline.cli.relay import relay
from trunkline.cli.replay import replay
from trunkline.cli.report import report
from trunkline.cli.running import (
    BAD_INPUT,
    INTERRUPTED,
    OK,
    Terminated,
    complain,
    raising_terminated,
)
from trunkline.cli.serve import serve
from trunkline.cli.standard import ReaderLeft, open_what_is_closed, telling_of_output
from trunkline.cli.watch import watch
from trunkline.errors import TrunklineError

__all__ = ["COMMANDS", "app", "main"]

# typer has its own click inside and names only the leaf: a wrong parameter, a wrong usage, an error
# of the command line.
_WrongUsage = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])

Command = tuple[Callable[..., int], str]

COMMANDS: Final[tuple[Command, ...]] = (
    (demo, "trunkline demo --seconds 30"),
    (watch, "trunkline watch public:local hashtag:python --server mastodon.example"),
    (record, "trunkline record public hashtag:python --server mastodon.example --to toots.db"),
    (config, "trunkline config check trunkline.toml"),
    (serve, "trunkline serve --port 4000 --rate 20"),
    (replay, "trunkline replay sqlite:toots.db --serve --port 4000 --speed 60"),
    (relay, "trunkline relay public hashtag:python --server mastodon.example --port 4000"),
    (convert, "trunkline convert sqlite:toots.db jsonl:toots/"),
    (report, "trunkline report toots.db -o report.html"),
    (login, "trunkline login --server mastodon.example --token-file token.txt"),
    (check, "trunkline check --server mastodon.example --token-file token.txt"),
)
"""Every command and an example of it."""

app = typer.Typer(
    name="trunkline",
    help="Mastodon's streaming API without lost events.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command, example in COMMANDS:
    app.command(epilog=f"Example: {example}")(command)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Mastodon's streaming API without lost events."""
    if show_version:
        typer.echo(f"trunkline {version('trunkline')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process, and return its exit code."""
    open_what_is_closed()
    if sys.stdout is None:
        complain("Expected an open standard output; it is closed.")
        return BAD_INPUT
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows few letters is no reason
    logging.getLogger("trunkline").addHandler(logging.NullHandler())
    return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        with raising_terminated(), telling_of_output():
            code = app(arguments, prog_name="trunkline", standalone_mode=False)
    except (ReaderLeft, Terminated):
        return OK
    except TrunklineError as error:
        complain(str(error))
        return BAD_INPUT
    except _WrongUsage as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "trunkline"
        complain(f"{error.format_message().rstrip('.')}. Try '{path} --help'.")
        return BAD_INPUT
    except typer.Abort:
        return INTERRUPTED
    return OK if code is None else int(code)
