"""Two ways to tell the demo: a picture on a terminal, and lines for whoever reads a pipe."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol

from rich.console import Console, RenderableType
from rich.live import Live

from trunkline.cli.dashboard import picture
from trunkline.cli.lines import plain_line
from trunkline.cli.output import Output
from trunkline.cli.show import Row, Show, Tempo
from trunkline.inbox import Item
from trunkline.signals import SIGNALS, Heartbeat

__all__ = ["Lines", "Picture", "Teller"]

_FRAME_SECONDS: Final = 0.1
_REPORT_SECONDS: Final = 5.0


class Teller(Protocol):
    """Tells of a show."""

    async def item(self, item: Item, row: Row | None) -> None:
        """Tell of an event, with its row if it is a new one, or of a signal."""
        ...

    async def fault(self, row: Row) -> None:
        """Tell that something went wrong on the server, on purpose."""
        ...

    async def keep_telling(self, refresh: Callable[[], None]) -> None:
        """Tell how things stand again and again until cancelled; `refresh` brings it up to date."""
        ...


class Picture:
    """Draws the show on the whole terminal, ten times a second."""

    def __init__(self, show: Show, *, title: str) -> None:
        self._show = show
        self._title = title
        self._events = Tempo()
        self._bytes = Tempo()

    async def item(self, item: Item, row: Row | None) -> None:
        """Do nothing: the next picture has it."""

    async def fault(self, row: Row) -> None:
        """Do nothing: the next picture has it."""

    async def keep_telling(self, refresh: Callable[[], None]) -> None:
        """Draw until cancelled; then the terminal is as it was before."""
        console = Console(file=sys.stdout, highlight=False)
        with Live(console=console, screen=True, auto_refresh=False) as canvas:
            while True:
                refresh()
                canvas.update(self._draw(), refresh=True)
                await asyncio.sleep(_FRAME_SECONDS)

    def _draw(self) -> RenderableType:
        show, now_seconds = self._show, time.monotonic()
        return picture(
            show,
            title=self._title,
            events_per_second=self._events.per_second(show.events, now_seconds=now_seconds),
            bytes_per_second=self._bytes.per_second(
                show.totals.received_bytes, now_seconds=now_seconds
            ),
            height=shutil.get_terminal_size().lines,
        )


class Lines:
    """Writes a line for everything that happens, and one of the oracle now and then."""

    def __init__(self, show: Show, *, output: Output) -> None:
        self._show = show
        self._output = output

    async def item(self, item: Item, row: Row | None) -> None:
        """Write what is new; not again what another stream brought already, and no heartbeats."""
        if row is not None or (isinstance(item, SIGNALS) and not isinstance(item, Heartbeat)):
            await self._output.write(plain_line(item))

    async def fault(self, row: Row) -> None:
        """Write what goes wrong."""
        line = f"{row.at.astimezone():%H:%M:%S} !! {row.words.text}\n"
        await self._output.write(line.encode())

    async def keep_telling(self, refresh: Callable[[], None]) -> None:
        """Write the score every few seconds until cancelled."""
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            refresh()
            await self._output.write(f"oracle: {self._show.score}\n".encode())
