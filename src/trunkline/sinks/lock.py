"""One recorder at a time: a lock on a place that ends with the process, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from trunkline.errors import SinkError
from trunkline.sinks.base import unavailable

__all__ = ["PlaceLock"]


class PlaceLock:
    """Holds the place of a sink for this process, by a file beside it.

    The lock is the operating system's: it goes away with the process that holds it, killed or not.
    The file stays, for to remove it could let two in.

    Args:
        path: The file of the lock; it is made if it is not there.
        place: What it guards, for messages.

    Raises:
        SinkError: Another recorder holds it.
        SinkUnavailable: The file cannot be made.
    """

    def __init__(self, path: Path, *, place: Path) -> None:
        try:
            self._file = path.open("a+", encoding="ascii")
        except OSError as error:
            raise unavailable(error, place) from error
        try:
            _lock(self._file)
        except OSError:
            holder = _holder(self._file)
            self._file.close()
            who = f"process {holder}" if holder.isdigit() else "another process"
            raise SinkError(
                f"Expected to be the only recorder of {place}; {who} records there. Stop it, or"
                " give each recording a place of its own."
            ) from None
        self._sign()

    def close(self) -> None:
        """Let others in; safe to call twice."""
        self._file.close()

    def _sign(self) -> None:
        """Write down who holds the lock, as far as the disk allows."""
        try:
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()
        except OSError:
            return  # on a full disk the lock holds all the same


def _holder(file: IO[str]) -> str:
    """Return what the holder of the lock has written down, as far as the system lets us look."""
    try:
        file.seek(0)
        return file.read().strip()
    except OSError:
        return ""


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
