"""The commands as a page of the documentation, made from the commands themselves.

Promises a heading, a usage line, an example, and a row for each argument and option of every
command, so that the page cannot tell another story than ``--help``. Refuses to know where the page
lies; a test compares it with the text of this function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Protocol, cast

import typer

from trunkline.cli.main import COMMANDS, app

__all__ = ["commands_markdown"]


class _Parameter(Protocol):
    """What is read of an argument or an option, in every version of typer."""

    name: str
    opts: list[str]
    secondary_opts: list[str]
    metavar: str | None
    nargs: int
    default: object
    required: bool
    help: str | None
    param_type_name: str


def commands_markdown() -> str:
    """Return the page's part about commands, without a line feed at its end."""
    return "\n\n".join(_section(command, example) for command, example in COMMANDS)


def _section(command: Callable[..., int], example: str) -> str:
    name, about = command.__name__, inspect.getdoc(command) or ""
    parameters = tuple(_parameters(name))
    rows = ["| argument or option | default | what it is |", "|---|---|---|"]
    rows += map(_row, parameters)
    return "\n".join(
        (
            f"### trunkline {name}",
            "",
            about,
            "",
            "```console",
            f"$ {example}",
            "```",
            "",
            *rows,
        )
    )


def _parameters(name: str) -> Iterator[_Parameter]:
    commands = getattr(typer.main.get_command(app), "commands", {})
    for parameter in commands[name].params:
        yield cast("_Parameter", parameter)


def _row(parameter: _Parameter) -> str:
    default = _default(parameter)
    return f"| {_names(parameter)} |{f' {default}' if default else ''} | {parameter.help} |"


def _names(parameter: _Parameter) -> str:
    if parameter.param_type_name == "argument":
        name = f"{parameter.metavar} ..." if parameter.nargs < 0 else str(parameter.metavar)
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    names = "` / `".join([*parameter.opts, *parameter.secondary_opts])
    value = f" {parameter.metavar}" if parameter.metavar else ""
    return f"`{names}{value}`".replace("|", "\\|")


def _default(parameter: _Parameter) -> str:
    if parameter.required:
        return "required"
    if parameter.default in (None, False):
        return ""
    if parameter.default is True:
        return f"`{parameter.opts[0]}`"
    return f"`{parameter.default}`"
