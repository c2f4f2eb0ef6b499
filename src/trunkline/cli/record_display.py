"""The picture of a recording on a terminal: servers, rates, gaps, and how long the disk lasts."""

from __future__ import annotations

import logging
import shutil
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trunkline.cli.record_log import plain_words
from trunkline.cli.show import Tempo
from trunkline.record import Progress, ServerProgress

__all__ = ["Disk", "Display", "Space", "lasting"]

_MARKS: Final = {
    "connecting": ("○", "dim"),
    "live": ("●", "green"),
    "away": ("○", "red"),
    "refused": ("✗", "bold red"),
}
_NEWS: Final = 6
_LOOK_SECONDS: Final = 2.0
"""How often the disk is asked: a directory may hold many files."""
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")
_SPANS: Final = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@dataclass(frozen=True, slots=True)
class Space:
    """What a recording fills, what is free beside it, and how fast it grows."""

    used_bytes: int
    free_bytes: int
    bytes_per_second: float

    @property
    def seconds_left(self) -> float | None:
        """How long the disk lasts at this rate; ``None`` if nothing grows."""
        return self.free_bytes / self.bytes_per_second if self.bytes_per_second > 0 else None


class Disk:
    """Looks at the disk now and then.

    Args:
        *places: What is recorded into; ``None`` is on no disk of this machine.
    """

    def __init__(self, *places: Path | None) -> None:
        self._places = [place for place in places if place is not None]
        self._tempo = Tempo()
        self._looked_at = float("-inf")
        self._space: Space | None = None

    def space(self, *, now_seconds: float) -> Space | None:
        """Return what there was when it was last looked at; ``None`` without a place."""
        if self._places and now_seconds - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now_seconds
            self._space = self._look(now_seconds)
        return self._space

    def _look(self, now_seconds: float) -> Space | None:
        try:
            used_bytes = sum(size for place in self._places for size in _sizes(place))
            free_bytes = min(map(_free_bytes, self._places))
        except OSError:
            return self._space
        rate = self._tempo.per_second(used_bytes, now_seconds=now_seconds)
        return Space(used_bytes, free_bytes, max(0.0, rate))


def _free_bytes(place: Path) -> int:
    return shutil.disk_usage(place if place.is_dir() else place.parent).free


def _sizes(place: Path) -> Iterator[int]:
    if place.is_dir():
        files = (one for one in place.rglob("*") if one.is_file())
    else:
        files = (one for one in place.parent.glob(f"{place.name}*") if one.is_file())
    return (one.stat().st_size for one in files)


class Display:
    """Draws a recording, with the newest news below."""

    def __init__(self, title: str, disk: Disk) -> None:
        self._title = title
        self._disk = disk
        self._tempos: dict[int, Tempo] = {}  # of each server from 1, and of all at 0
        self._news: deque[str] = deque(maxlen=_NEWS)

    def hear(self, record: logging.LogRecord) -> None:
        """Remember what was logged, to show it."""
        self._news.append(plain_words(record))

    def picture(self, progress: Progress) -> RenderableType:
        """Return everything there is to see now."""
        now_seconds = time.monotonic()
        parts: list[RenderableType] = [
            Text(self._title, style="bold"),
            self._servers(progress, now_seconds),
            self._totals(progress, now_seconds),
        ]
        if progress.trouble:
            parts.append(Text(f"{progress.trouble} Reading has stopped.", style="bold red"))
        parts += [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._news]
        return Group(*parts)

    def _servers(self, progress: Progress, now_seconds: float) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("", "server", "events", "a second", "lag", "reconnects", "caught up"):
            table.add_column(
                heading, no_wrap=True, justify="left" if heading == "server" else "right"
            )
        table.add_column("gaps", no_wrap=True)
        table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
        for place, server in enumerate(progress.servers, start=1):
            rate = self._rate(place, server.taken, now_seconds)
            table.add_row(*_cells(server, rate))
        return table

    def _rate(self, place: int, total: int, now_seconds: float) -> float:
        tempo = self._tempos.setdefault(place, Tempo())
        return tempo.per_second(total, now_seconds=now_seconds)

    def _totals(self, progress: Progress, now_seconds: float) -> Text:
        words = [
            f"stored {progress.stored:,}",
            f"{self._rate(0, progress.stored, now_seconds):,.1f} a second",
            f"waiting {progress.waiting:,}",
        ]
        space = self._disk.space(now_seconds=now_seconds)
        if space is not None:
            words += [f"{_size(space.used_bytes)} on disk", f"{_size(space.free_bytes)} free"]
            if space.seconds_left is not None:
                words.append(f"full in {lasting(space.seconds_left)} at this rate")
        return Text(" · ".join(words))


def _cells(server: ServerProgress, rate: float) -> tuple[RenderableType, ...]:
    stats = server.stats
    mark, style = _MARKS[server.state]
    lag = "" if stats.lag_seconds is None else f"{stats.lag_seconds:.1f} s"
    gaps = f"{stats.gaps_complete} closed"
    if stats.gaps_incomplete:
        gaps += f", {stats.gaps_incomplete} incomplete"
    streams = " ".join(map(str, server.streams[:4])) + (" ..." if len(server.streams) > 4 else "")
    return (
        Text(mark, style=style),
        server.server.partition("://")[2],
        f"{server.taken:,}",
        f"{rate:,.1f}",
        lag,
        str(max(0, stats.connects - 1)),
        f"{stats.caught_up + stats.reconciled:,}",
        Text(gaps, style="yellow" if stats.gaps_incomplete else ""),
        Text(server.words, style="red") if server.words else Text(streams, style="dim"),
    )


def _size(size_bytes: float) -> str:
    """Return a size with three digits and a unit."""
    for unit in _UNITS[:-1]:
        if size_bytes < 1000:
            return f"{size_bytes:.3g} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:,.3g} {_UNITS[-1]}"


def lasting(seconds: float) -> str:
    """Return a span of time in the largest unit of which there are two."""
    for length, name in _SPANS:
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return "a moment"
