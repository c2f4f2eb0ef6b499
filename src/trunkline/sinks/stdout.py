"""`StandardOutput`: lines of JSON for the next program in a pipe.

Promises whole lines, in order, each once, as long as it lives. It remembers nothing: the next run
begins where the streams are then.
"""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path
from typing import Final

from trunkline.cursors import SavedCursor
from trunkline.errors import BadInput, SinkError, SinkUnavailable
from trunkline.sinks.base import Batch, OnDelete
from trunkline.sinks.lines import event_line, signal_line

__all__ = ["StandardOutput", "refuse_purge"]

_PATIENCE_SECONDS: Final = 1.0
_PIPE_BYTES: Final = getattr(select, "PIPE_BUF", 512)


class StandardOutput:
    """Writes to a descriptor; by default that of standard output.

    Raises:
        BadInput: `on_delete` is ``purge``: what was printed cannot be taken back.
    """

    def __init__(self, *, on_delete: OnDelete = "mark", descriptor: int | None = None) -> None:
        refuse_purge(on_delete)
        self.place: Path | None = None
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._batch: Batch | None = None
        self._rest = memoryview(b"")

    def load(self, name: str) -> SavedCursor | None:
        """Return ``None``: nothing is remembered."""
        return None

    def write(self, batch: Batch) -> None:
        """Write a line for each event and each gap.

        Raises:
            SinkUnavailable: The reader does not read; when tried again it goes on inside the batch.
            BrokenPipeError: The reader is gone.
            SinkError: It cannot be written for another reason, and trying again would not help.
        """
        if batch is not self._batch:
            lines = b"".join([*map(event_line, batch.events), *map(signal_line, batch.gaps)])
            self._batch, self._rest = batch, memoryview(lines)
        while self._rest:
            if not _has_room(self._descriptor):
                raise SinkUnavailable("Cannot write to standard output: its reader does not read.")
            self._rest = self._rest[self._put(self._rest[:_PIPE_BYTES]) :]
        self._batch = None

    def _put(self, piece: memoryview) -> int:
        try:
            # A pipe with room has room for this much (POSIX), so the write cannot block.
            return os.write(self._descriptor, piece)
        except BrokenPipeError:
            raise
        except OSError as error:
            why = error.strerror or error
            raise SinkError(f"Standard output cannot be written: {why}.") from error

    def close(self) -> None:
        """Do nothing: standard output is not ours to close."""


def refuse_purge(on_delete: OnDelete) -> None:
    """Refuse to take back what was printed.

    Raises:
        BadInput: That is what `on_delete` asks for.
    """
    if on_delete == "purge":
        raise BadInput(
            "Expected a file to purge deleted posts from; what was printed cannot be taken back."
        )


def _has_room(descriptor: int) -> bool:
    """Tell whether something can be written, a little later if not now."""
    if os.name == "nt":  # there nobody can ask a pipe; the write waits
        return True
    return bool(select.select([], [descriptor], [], _PATIENCE_SECONDS)[1])
