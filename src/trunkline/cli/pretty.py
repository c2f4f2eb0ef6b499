"""Events and signals on a terminal: colours and columns for what `words` says.

Promises one block of text for each item, as wide as the terminal.
"""

from __future__ import annotations

import io
import shutil
import sys
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trunkline.cli.words import Words, words_of, words_of_signal
from trunkline.events import AnyEvent
from trunkline.inbox import Item
from trunkline.signals import SIGNALS, AnySignal

__all__ = ["TerminalLines", "is_terminal", "styled"]

STYLES: Final[dict[str, str]] = {
    "post": "",
    "edit": "yellow",
    "deleted": "red",
    "notification": "magenta",
    "conversation": "magenta",
    "malformed": "bold red",
    "unknown": "dim",
}
"""How each kind of event looks; what is not here is dim."""


class TerminalLines:
    """Makes what a terminal shows of each item.

    Args:
        streams: How many streams there are; with several, each event says which it came from.
        width: Columns; by default as many as the terminal has when an item is shown.
    """

    def __init__(self, *, streams: int, width: int | None = None) -> None:
        self._several = streams > 1
        self._width = width
        self._console = Console(
            file=io.StringIO(), force_terminal=True, highlight=False, legacy_windows=False
        )

    def __call__(self, item: Item) -> bytes:
        """Return the block of text for `item`, with the codes of its colours."""
        with self._console.capture() as captured:
            self._console.print(
                self._signal(item) if isinstance(item, SIGNALS) else self._event(item),
                width=self._width or shutil.get_terminal_size().columns,
            )
        return captured.get().encode("utf-8", "replace")

    def _event(self, event: AnyEvent) -> Table:
        row = _columns()
        words = words_of(event)
        stream = Text(f"{event.stream}  ", style="cyan") if self._several else Text()
        remarks = Text(f"  {', '.join(words.remarks)}" if words.remarks else "", style="dim italic")
        row.add_row(
            f"{event.received_at.astimezone():%H:%M:%S}",
            Text(words.who, style="bold"),
            Text.assemble(stream, styled(words), remarks),
        )
        return row

    def _signal(self, signal: AnySignal) -> Table:
        row = _columns()
        moment = f"{signal.at.astimezone():%H:%M:%S}"
        row.add_row(moment, "", Text(words_of_signal(signal)), style="dim")
        return row


def styled(words: Words) -> Text:
    """Return what happened and what was said, coloured."""
    style = STYLES.get(words.what, "dim")
    parts = [] if words.what == "post" else [Text(words.what, style=f"bold {style}")]
    parts += [Text(words.text, style=style)] if words.text else []
    return Text("  ").join(parts)


def _columns() -> Table:
    row = Table.grid(padding=(0, 2, 0, 0), expand=True)
    row.add_column(width=8, style="dim", no_wrap=True)
    row.add_column(width=24, no_wrap=True, overflow="ellipsis")
    row.add_column(ratio=1, overflow="fold")
    return row


def is_terminal() -> bool:
    """Tell whether a person sees what is written to standard output."""
    return sys.stdout.isatty()
