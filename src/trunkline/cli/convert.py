"""`trunkline convert`: from one kind of recording to another."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from trunkline.cli.running import INTERRUPTED, OK
from trunkline.sinks.converting import Converted
from trunkline.sinks.converting import convert as converted

__all__ = ["convert"]

_TELL_SECONDS = 0.1


def convert(
    recording: Annotated[
        str, typer.Argument(metavar="FROM", help="What to read, such as sqlite:toots.db.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="Where to store it, such as jsonl:toots/.")
    ],
) -> int:
    """Store a recording in another sink: every event once, in order.

    It may be stopped at any moment and begun again: it goes on where it was.
    """
    progress = Progress()
    try:
        done = converted(recording, target, tell=progress.tell)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        progress.end()
    went_on = ", going on where an earlier run ended" if done.resumed else ""
    typer.echo(f"{_amount(done)} from {recording} to {target}{went_on}")
    return OK


class Progress:
    """A line on standard error that says how far it is, for somebody at a terminal."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._began = time.monotonic()
        self._told = 0.0

    def tell(self, done: Converted) -> None:
        """Say how much was done, not more often than can be read."""
        now = time.monotonic()
        if self._shows and now - self._told >= _TELL_SECONDS:
            self._told = now
            rate = done.events / max(now - self._began, 0.001)
            typer.echo(f"\r{_amount(done)}, {rate:,.0f} a second\x1b[K", nl=False, err=True)

    def end(self) -> None:
        """Remove the line."""
        if self._told:
            typer.echo("\r\x1b[K", nl=False, err=True)


def _amount(done: Converted) -> str:
    events = f"{done.events:,} event{'' if done.events == 1 else 's'}"
    return f"{events} and {done.gaps} gap{'' if done.gaps == 1 else 's'}" if done.gaps else events
