"""Files that are on the disk and not only promised: names as well as contents."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["flush_directory", "put_in_place"]


def put_in_place(fresh: Path, path: Path) -> None:
    """Let a finished file be the one at `path`, as a whole, in place of what was there.

    Raises:
        OSError: It cannot be; what was there is there still.
    """
    descriptor = os.open(fresh, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
    flush_directory(path.parent)


def flush_directory(directory: Path) -> None:
    """Let the names in a directory be on the disk, where the system can do that.

    Raises:
        OSError: They cannot.
    """
    if os.name == "nt":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
