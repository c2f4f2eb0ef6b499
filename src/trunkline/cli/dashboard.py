"""The picture of the demo on a terminal: who is connected, what comes, and what the oracle says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from trunkline.cli.oracle import Score
from trunkline.cli.pretty import styled
from trunkline.cli.show import Line, Row, Show

__all__ = ["picture"]

_STATES: Final = {
    "connecting": ("○", "dim"),
    "live": ("●", "green"),
    "catching up": ("◐", "yellow"),
    "away": ("○", "red"),
}
_FRAME_LINES: Final = 9
"""What is not rows: a title, two connections, three lines at the bottom, and the borders."""


def picture(
    show: Show, *, title: str, events_per_second: float, bytes_per_second: float, height: int
) -> RenderableType:
    """Return the whole picture, `height` lines high."""
    speed = f"{events_per_second:.1f} events/s, {bytes_per_second / 1000:.0f} kB/s"
    return Group(
        Panel(_connections(show.lines), title=title, title_align="left", border_style="cyan"),
        _rows(show, height - _FRAME_LINES),
        Panel(_foot(show, speed), border_style="cyan"),
    )


def _connections(lines: Sequence[Line]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for line in lines:
        mark, style = _STATES[line.state]
        table.add_row(
            Text(f"{mark} {line.state:<11}", style=style),
            line.part.title,
            Text("  ").join(
                Text.assemble((letter, "bold"), f" {stream}")
                for letter, stream in line.part.streams
            ),
            Text(line.words, style="red"),
        )
    return table


def _rows(show: Show, count: int) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(width=8, style="dim", no_wrap=True)
    table.add_column(width=4, no_wrap=True)
    table.add_column(width=22, no_wrap=True, overflow="ellipsis")
    table.add_column(width=14, style="dim", no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    rows = show.rows(count)
    for row in rows:
        table.add_row(*_cells(row, show.lines))
    for _ in range(count - len(rows)):
        table.add_row(*[""] * 5)
    return table


def _cells(row: Row, lines: Sequence[Line]) -> tuple[RenderableType, ...]:
    moment = f"{row.at.astimezone():%H:%M:%S}"
    if row.state == "fault":
        return moment, Text("!!!!", style="bold red"), "", "", Text(row.words.text, style="red")
    letters = Text()
    for letter, stream in (pair for line in lines for pair in line.part.streams):
        letters.append(*((letter, "cyan") if stream in row.streams else ("·", "dim")))
    text = styled(row.words)
    if row.state == "edited":
        text = Text.assemble(("edited  " if row.words.what == "post" else "", "bold yellow"), text)
    if row.caught_up:
        text = Text.assemble(("caught up  ", "bold blue"), text)
    if row.state == "deleted":
        text.stylize("strike dim")
    remarks = Text(" ".join(row.words.remarks))
    return moment, letters, Text(row.words.who, style="bold"), remarks, text


def _foot(show: Show, speed: str) -> RenderableType:
    return Group(Text(speed), Text(str(show.totals)), _verdict(show.score))


def _verdict(score: Score) -> Text:
    style = "bold green" if score.is_perfect else "bold red"
    return Text.assemble(("oracle: ", "bold"), (str(score), style))
