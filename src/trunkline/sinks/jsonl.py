"""`JsonlSink`: a recording in files of JSON lines, for pipes and for people with other tools.

Promises that every line is whole and there exactly once, however the recorder ended: the ledger
says how far a file counts, and is written after the file; what stands beyond is cut off when the
directory is opened again. The lines are those of ``trunkline watch --json``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from trunkline.cursors import SavedCursor
from trunkline.errors import SinkError
from trunkline.events import Delete
from trunkline.sinks.base import Batch, OnDelete, unavailable
from trunkline.sinks.jsonl_files import codec_named
from trunkline.sinks.jsonl_purge import index, settle
from trunkline.sinks.jsonl_series import FILES, Series
from trunkline.sinks.ledger import Holding, Ledger
from trunkline.sinks.lines import event_line, signal_line
from trunkline.sinks.purging import posts_in

__all__ = ["JsonlSink"]

ROTATE_BYTES: Final = 256 * 1024 * 1024
ROTATE_SECONDS: Final = 86_400.0
_PATCH_SECONDS: Final = 60.0
_PATCH_SHARE: Final = 20
"""Replacing compressed files may take a twentieth of the time, however large they are."""


class JsonlSink:
    """Records into files of a directory, for one recorder at a time.

    Args:
        directory: The directory; it is made if it is not there.
        on_delete: What becomes of posts that are deleted. ``mark`` and ``ignore`` are the same
            here: the deletion is a line like others. ``purge`` overwrites the lines that show the
            post; those in compressed files within minutes, and when it is closed.
        rotate_bytes: How large a file becomes before the next one is begun.
        rotate_seconds: How old.
        compress: ``gzip`` or ``zstd`` compresses every file that is full; ``None`` does not.
        durable: Whether every batch survives that the machine loses its power. Without it such a
            loss takes the last batches, events and cursors alike, and they are caught up.

    Raises:
        BadInput: There is no such way to compress, or its package is not installed.
        SinkError: It is in use by another recorder, or holds another kind of recording.
        SinkUnavailable: It cannot be written to.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        on_delete: OnDelete = "mark",
        rotate_bytes: float = ROTATE_BYTES,
        rotate_seconds: float = ROTATE_SECONDS,
        compress: str | None = None,
        durable: bool = False,
    ) -> None:
        codec = codec_named(compress) if compress is not None else None
        self.place: Path | None = Path(directory)
        self._directory = Path(directory)
        self._on_delete: OnDelete = on_delete
        self._lock = threading.Lock()
        self._patch_at = 0.0
        self._closed = False
        self._ledger = Ledger(self._directory, kind="jsonl", files=FILES, durable=durable)
        try:
            self._series = Series(
                self._directory,
                self._ledger,
                codec=codec,
                rotate_bytes=rotate_bytes,
                rotate_seconds=rotate_seconds,
            )
            if on_delete == "purge":
                index(self._ledger, self._directory)
                settle(self._ledger, self._directory, self._ledger.debts())
        except OSError as error:
            self._ledger.close()
            raise unavailable(error, self._directory) from error
        except BaseException:
            self._ledger.close()
            raise

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of the subscription `name`, or ``None`` without one."""
        with self._lock:
            return self._ledger.load(name)

    def write(self, batch: Batch) -> None:
        """Append a line for each event and each gap, and store the positions in the same step.

        Raises:
            SinkUnavailable: Nothing counts; the same batch may be tried again.
            SinkError: The ledger is damaged.
        """
        with self._lock:
            purges = self._on_delete == "purge"
            posts = list(map(posts_in, batch.events)) if purges else None
            try:
                self._series.rotate_when_due()
                self._write(batch, posts)
            except OSError as error:
                raise unavailable(error, self._directory) from error
            if posts is not None:
                self._purge(batch, posts)

    def close(self) -> None:
        """Let go of the directory; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._on_delete == "purge":
                with suppress(OSError, SinkError):  # what is owed is settled next time
                    settle(self._ledger, self._directory, self._ledger.debts())
            self._series.close()
            self._ledger.close()

    def _write(self, batch: Batch, posts: Sequence[set[str]] | None) -> None:
        lines = [*map(event_line, batch.events), *map(signal_line, batch.gaps)]
        holdings: list[Holding] = []
        file = None
        if lines:
            if posts is not None:
                holdings += _holdings(batch, lines, posts, *self._series.place)
            file = self._series.append(
                b"".join(lines), events=len(batch.events), is_indexed=posts is not None
            )
        with self._ledger.step():
            if file is not None:
                self._ledger.put(file)
            self._ledger.save(batch.positions, saved_at=datetime.now(UTC).isoformat())
            self._ledger.hold(holdings)
            if self._on_delete != "ignore":
                self._ledger.bury(_deleted(batch))
        if file is not None:
            self._series.count(file)

    def _purge(self, batch: Batch, posts: Sequence[set[str]]) -> None:
        """Overwrite what the batch has deleted, or brought although it is deleted.

        The batch is stored, so it must not be tried again: what fails is done later.
        """
        touched = {
            (event.server, one)
            for event, shown in zip(batch.events, posts, strict=True)
            for one in shown
        }
        with suppress(OSError, SinkError):
            debts = self._ledger.debts(touched.union(_deleted(batch)))
            settle(self._ledger, self._directory, debts, compressed=False)
            started = time.monotonic()
            if started >= self._patch_at:
                settle(self._ledger, self._directory, self._ledger.debts())
                took_seconds = time.monotonic() - started
                self._patch_at = started + max(_PATCH_SECONDS, took_seconds * _PATCH_SHARE)


def _deleted(batch: Batch) -> list[tuple[str, str]]:
    return [(one.server, one.status_id) for one in batch.events if isinstance(one, Delete)]


def _holdings(
    batch: Batch, lines: Sequence[bytes], posts: Sequence[set[str]], file: int, offset: int
) -> Iterator[Holding]:
    """Yield where the posts of a batch will stand."""
    for event, line, shown in zip(batch.events, lines, posts, strict=False):
        for status_id in shown:
            yield Holding(event.server, status_id, file, offset)
        offset += len(line)
