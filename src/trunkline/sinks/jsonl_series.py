"""The files of a recording of JSON lines, one after the other: begun, filled, closed, compressed.

Promises that what the ledger says of a file is on the disk, and that nothing else is in its way: a
tail that was never finished and copies that were never completed are removed when it is opened.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from trunkline.errors import SinkError
from trunkline.sinks.jsonl_files import SUFFIXES, Appender, Codec, compress
from trunkline.sinks.ledger import Ledger, LedgerFile

__all__ = ["FILES", "Series"]

_ENDING: Final = ".jsonl"
FILES: Final = f"events-*{_ENDING}*"
"""What the files are called, as a pattern."""
_NUMBERED: Final = re.compile(r"events-(\d+)-")


class Series:
    """The files in one directory.

    Args:
        directory: Where they are.
        ledger: What says how far each counts.
        codec: How to compress the full ones, or ``None``.
        rotate_bytes: How large a file becomes before the next one is begun.
        rotate_seconds: How old.
        clock: Seconds since 1970.

    Raises:
        SinkError: A file that is not full is not there, or lacks what was written to it.
        OSError: The directory cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        ledger: Ledger,
        *,
        codec: Codec | None,
        rotate_bytes: float,
        rotate_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._ledger = ledger
        self._codec = codec
        self._rotate_bytes = rotate_bytes
        self._rotate_seconds = rotate_seconds
        self._clock = clock
        self._file: LedgerFile | None = None
        self._appender: Appender | None = None
        self._repair()

    def path(self, file: LedgerFile) -> Path:
        """Return where a file is."""
        return self._directory / file.name

    def append(self, data: bytes, *, events: int, is_indexed: bool) -> LedgerFile:
        """Write data, and return what is true of its file once the ledger has it: then `count` it.

        Raises:
            OSError: It cannot be written; nothing counts.
        """
        file, appender = self._current()
        appender.append(data)
        return replace(
            file,
            size_bytes=file.size_bytes + len(data),
            events=file.events + events,
            is_indexed=file.is_indexed and is_indexed,
        )

    @property
    def place(self) -> tuple[int, int]:
        """The number of the file and the offset at which the next line will stand.

        Raises:
            OSError: The next file cannot be made.
        """
        file, _ = self._current()
        return file.file, file.size_bytes

    def count(self, file: LedgerFile) -> None:
        """Take note that the ledger has what was appended."""
        self._file = file
        if self._appender is not None:
            self._appender.size_bytes = file.size_bytes

    def rotate_when_due(self) -> None:
        """Close the present file if it is full or old, and compress it.

        Raises:
            SinkError: The ledger cannot be written.
            OSError: There is no room for the compressed file; the next call tries again.
        """
        file = self._file or self._unfilled()
        if file is None or not file.size_bytes:
            return
        age_seconds = self._clock() - file.opened_at
        if file.size_bytes >= self._rotate_bytes or age_seconds >= self._rotate_seconds:
            name = self._compressed(file)
            with self._ledger.step():
                self._ledger.put(replace(file, is_open=False, name=name))
            self.close()
            if name != file.name:
                self.path(file).unlink()

    def close(self) -> None:
        """Let go of the present file; the next line opens it again, or begins one."""
        if self._appender is not None:
            self._appender.close()
        self._file = self._appender = None

    def _compressed(self, file: LedgerFile) -> str:
        """Return the name of a file after compressing it, if it is to be compressed."""
        if self._codec is None:
            return file.name
        return compress(self.path(file), codec=self._codec).name

    def _current(self) -> tuple[LedgerFile, Appender]:
        """Return the file that is not full; one is begun if there is none."""
        if self._file is not None and self._appender is not None:
            return self._file, self._appender
        file = self._unfilled() or self._begun()
        appender = Appender(self.path(file), size_bytes=file.size_bytes)
        self._file, self._appender = file, appender
        return file, appender

    def _unfilled(self) -> LedgerFile | None:
        """Return the file that an earlier run has begun and not filled."""
        found = self._ledger.files(only_open=True)
        return found[-1] if found else None

    def _begun(self) -> LedgerFile:
        """Return the next file, of which neither the ledger nor the disk knows yet."""
        number, now_seconds = self._ledger.next_file(), self._clock()
        moment = datetime.fromtimestamp(now_seconds, UTC)
        return LedgerFile(
            file=number,
            name=f"events-{number:08d}-{moment:%Y%m%dT%H%M%SZ}{_ENDING}",
            size_bytes=0,
            events=0,
            opened_at=now_seconds,
            is_open=True,
            is_indexed=True,
        )

    def _repair(self) -> None:
        """Remove what was never finished."""
        next_file = self._ledger.next_file()
        for path in self._directory.glob(FILES):
            numbered = _NUMBERED.match(path.name)
            if path.name.endswith(".tmp") or (numbered and int(numbered[1]) >= next_file):
                path.unlink()
        for file in self._ledger.files():
            plain = file.name.partition(_ENDING)[0] + _ENDING
            for name in {plain, *(plain + suffix for suffix in SUFFIXES)} - {file.name}:
                with suppress(FileNotFoundError):
                    (self._directory / name).unlink()
            if file.is_open:
                self._require(file)

    def _require(self, file: LedgerFile) -> None:
        path = self.path(file)
        size_bytes = path.stat().st_size if path.exists() else 0
        if size_bytes < file.size_bytes:
            raise SinkError(
                f"Expected {file.size_bytes} bytes in {path}; it has {size_bytes}. Put it back, or"
                " record into another directory."
            )
