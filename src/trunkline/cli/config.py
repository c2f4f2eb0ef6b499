"""`trunkline config`: what is wrong with a `trunkline.toml`, line by line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trunkline.cli.running import FAILED, OK, one_line
from trunkline.errors import BadInput
from trunkline.record.config import Config, read_config

__all__ = ["config"]


def config(
    action: Annotated[str, typer.Argument(metavar="check", help="What to do: check the file.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file; trunkline.toml if none is named.")
    ] = Path("trunkline.toml"),
) -> int:
    """Say what is wrong with a file for `trunkline record --config`, line by line.

    Exits with 1 if something is. It reads the files of tokens and asks no server.
    """
    if action != "check":
        raise BadInput(f"Expected 'trunkline config check FILE'; got {action!r}.")
    found = read_config(file)
    if isinstance(found, Config):
        streams = sum(len(source.streams) for source in found.sources)
        into = f" into {len(found.parts)} sinks" if len(found.parts) > 1 else ""
        typer.echo(f"{file}: fine, {streams} streams of {len(found.sources)} servers{into}")
        return OK
    for mistake in found:
        typer.echo(f"{file}:{mistake.line}: {one_line(mistake.text)}")
    return FAILED
