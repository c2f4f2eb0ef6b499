"""Purging posts from files of JSON lines: their lines are overwritten where they stand.

A line keeps its length, filled up with spaces, so nothing else in its file moves. What was a post
becomes ``{"signal":"purged","id":...}``; what showed it inside of something else has null in its
place. A compressed file is replaced as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec

from trunkline.sinks.jsonl_files import codec_of, overwrite, patch, read_lines
from trunkline.sinks.ledger import Holding, Ledger, LedgerFile
from trunkline.sinks.lines import joined, parted, purged_line
from trunkline.sinks.purging import post_ids, without_post

__all__ = ["index", "settle"]


def settle(
    ledger: Ledger, directory: Path, debts: Iterable[Holding], *, compressed: bool = True
) -> None:
    """Overwrite deleted posts wherever they stand, and note that they do not any more.

    Args:
        ledger: Where the files and the debts are from.
        directory: Where the files are.
        debts: Where deleted posts stand.
        compressed: Whether to replace compressed files, which takes its time.

    Raises:
        OSError: A file cannot be written; what was done before is noted.
        SinkError: The ledger cannot be written.
    """
    for number, group in groupby(sorted(debts, key=_file_of), key=_file_of):
        holdings, file = list(group), ledger.file(number)
        codec = codec_of(file.name)
        if codec is not None and not compressed:
            continue
        edits = [(one.offset, partial(_without, status_id=one.status_id)) for one in holdings]
        with suppress(FileNotFoundError):  # somebody took it away, and it is theirs to purge
            if codec is None:
                overwrite(directory / file.name, edits)
            else:
                patch(directory / file.name, edits, codec=codec)
        with ledger.step():
            ledger.forget(holdings)


def index(ledger: Ledger, directory: Path) -> None:
    """Note where posts stand in the files of runs that did not purge.

    Raises:
        OSError: A file cannot be read.
        SinkError: The ledger cannot be written.
    """
    for file in ledger.files():
        if file.is_indexed:
            continue
        with ledger.step():
            with suppress(FileNotFoundError):
                ledger.hold(_standing(directory / file.name, file))
            ledger.put(replace(file, is_indexed=True))


class _Told(msgspec.Struct):
    server: str = ""


_decode_told = msgspec.json.Decoder(_Told).decode


def _standing(path: Path, file: LedgerFile) -> Iterator[Holding]:
    codec = codec_of(file.name)
    with path.open("rb") if codec is None else codec.read(path) as lines:
        for offset, line in read_lines(lines):
            if offset >= file.size_bytes:
                return
            head, payload = parted(line)
            if payload is not None:
                server = _decode_told(head).server
                for status_id in post_ids(payload):
                    yield Holding(server, status_id, file.file, offset)


def _without(line: bytes, *, status_id: str) -> bytes:
    """Return a line without a post."""
    head, payload = parted(line)
    cut = without_post(payload, status_id) if payload is not None else None
    changed = None if cut is None else joined(head, cut.encode("utf-8", "replace"))
    if changed is None or len(changed) > len(line):
        return purged_line(status_id)
    return changed


def _file_of(holding: Holding) -> int:
    return holding.file
