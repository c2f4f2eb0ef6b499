"""Reads a recording of JSON lines: what `trunkline watch --json` prints, in a file or in many.

A directory is read file by file, in order of the names. Where a recorder keeps a ledger there, that
says which files there are and how far they count. A last line counts only when it is whole, so
reading may go on while a recorder writes. Lines about connections are passed by, but for gaps. So
is a line that a killed `watch` left torn, since its event comes again whole; it is logged.
"""

from __future__ import annotations

import gzip
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import lru_cache
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import IO, Final, cast

import msgspec

from trunkline.errors import BadInput, SinkError
from trunkline.events import AnyEvent
from trunkline.events.base import bare_id
from trunkline.events.kinds import EVENTS
from trunkline.signals import Gap
from trunkline.sinks.base import unavailable
from trunkline.sinks.recorded import event_of, moment_of, origin_of
from trunkline.streams import Stream

__all__ = ["gap_of", "read_jsonl"]

log = logging.getLogger("trunkline")

_LEDGER: Final = "_trunkline.db"
_ENDINGS: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson")
_PAYLOAD: Final = b',"payload":'
_MALFORMED: Final = "malformed"
_BEGINNINGS: Final = (b'{"event":"', b'{"signal":"')


class _Line(msgspec.Struct):
    """The members of a line, without the payload."""

    event: str = ""
    signal: str = ""
    stream: str = ""
    server: str = ""
    received_at: str = ""
    origin: str = "live"
    name: str = ""
    reason: str | None = None
    at: str = ""
    since: str | None = None
    until: str = ""
    recovered: int = 0
    complete: bool = False
    missing: list[str] = []


_decode_line = msgspec.json.Decoder(_Line).decode
_skip_json = msgspec.json.Decoder(msgspec.Raw).decode
_decode_text = msgspec.json.Decoder(str).decode


def read_jsonl(path: str | Path, *, after: int = -1) -> Iterator[tuple[int, AnyEvent | Gap]]:
    """Yield events and gaps behind the line `after`, each with the number of its line, from 0.

    Raises:
        SinkError: There is no such file or directory, or a line is none of a recording.
    """
    number = -1
    for file, size_bytes in _files(Path(path)):
        for line in _lines(file, size_bytes):
            number += 1
            item = _item_of(line, file=file, number=number) if number > after else None
            if item is not None:
                yield number, item


def _item_of(line: bytes, *, file: Path, number: int) -> AnyEvent | Gap | None:
    """Return what a line tells; ``None`` if that is nothing of the recording."""
    try:
        if _is_json(line):
            return _item(line)
        why: Exception | str = "it is no JSON"
    except (msgspec.MsgspecError, ValueError) as error:
        why = error
    else:
        if line.startswith(b"{") and not line.endswith(b"\n"):
            return None  # it is still being written
        if line.startswith(_BEGINNINGS):
            extra = {"trunkline_place": str(file), "trunkline_line": number + 1}
            log.warning("trunkline.torn_line", extra=extra)
            return None
    raise SinkError(
        f"Expected line {number + 1} to be a line of a recording, in {file}; got {line[:60]!r}"
        f" ({why}). Repair or remove it."
    )


def _is_json(line: bytes) -> bool:
    try:
        _skip_json(line)
    except (msgspec.MsgspecError, RecursionError):
        try:  # escapes of lone surrogates are JSON, which msgspec refuses
            json.loads(line)
        except (ValueError, RecursionError):
            return False
    return True


def _files(path: Path) -> list[tuple[Path, int | None]]:
    """Return the files of a recording in order, and how many bytes of each count, if that is known.

    Raises:
        SinkError: There is none.
    """
    if path.is_file():
        return [(path, None)]
    ledger = path / _LEDGER
    found: list[tuple[Path, int | None]]
    if ledger.is_file():
        found = [(_present(path / name), size_bytes) for name, size_bytes in _finished(ledger)]
    else:
        names = (one for one in path.rglob("*") if one.name.endswith(_ENDINGS))
        found = [(one, None) for one in sorted(names)]
        if not found:
            raise SinkError(
                f"Expected a file of JSON lines, or a directory with files named *.jsonl, at"
                f" {path}; found none."
            )
    return found


def _finished(ledger: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as database:
        try:
            found = database.execute("SELECT name, size_bytes FROM files ORDER BY file").fetchall()
            (kind,) = database.execute("SELECT kind FROM directory").fetchone() or ("nothing",)
        except sqlite3.Error as error:
            raise SinkError(f"Expected the ledger of a recording at {ledger}: {error}.") from error
    if kind != "jsonl":
        raise SinkError(f"Expected a recording of JSON lines at {ledger.parent}; it holds {kind}.")
    return found


def _present(file: Path) -> Path:
    """Return the file, or what it became when it was compressed a moment ago."""
    compressed = (file.with_name(f"{file.name}{ending}") for ending in _OPENERS)
    return file if file.exists() else next((one for one in compressed if one.exists()), file)


def _lines(file: Path, size_bytes: int | None) -> Iterator[bytes]:
    """Yield the lines of a file that count."""
    read_bytes = 0
    try:
        with _OPENERS.get(file.suffix, _plain)(file) as lines:
            for line in lines:
                read_bytes += len(line)
                if size_bytes is not None and read_bytes > size_bytes:
                    return
                if not line.isspace():
                    yield line
    except EOFError:  # a compressed file that is still being written
        return
    except OSError as error:
        raise SinkError(str(unavailable(error, file)).replace("write to", "read", 1)) from error


def _plain(file: Path) -> IO[bytes]:
    return file.open("rb")


def _gzip(file: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(file, "rb"))


def _zstd(file: Path) -> IO[bytes]:
    try:
        zstandard = import_module("zstandard")
    except ImportError:
        raise SinkError(
            f"Expected the package zstandard to read {file}; install trunkline[zstd], or unpack the"
            " file."
        ) from None
    return BufferedReader(zstandard.open(file, "rb"))


_OPENERS: Final[dict[str, Callable[[Path], IO[bytes]]]] = {".gz": _gzip, ".zst": _zstd}


def _item(line: bytes) -> AnyEvent | Gap | None:
    head, payload = _parted(line)
    members = _decode_line(head)
    if members.signal:
        return _gap(members) if members.signal == "gap" else None
    if not members.event or not members.stream:
        raise BadInput("Expected the members 'event' and 'stream'")
    name = members.name if members.event == _MALFORMED else members.event
    reason = (members.reason or "") if members.event == _MALFORMED else None
    return event_of(
        name,
        _raw(members.event, payload),
        stream=_stream(members.stream),
        server=members.server,
        received_at=moment_of(members.received_at),
        origin=origin_of(members.origin),
        reason=reason,
    )


def _parted(line: bytes) -> tuple[bytes, bytes]:
    """Return a line without its payload, which is its last member, and the payload untouched."""
    head, found, rest = line.partition(_PAYLOAD)
    if not found:
        return line, b"null"
    return head + b"}", rest.rstrip().removesuffix(b"}")


def _raw(event: str, payload: bytes) -> bytes:
    """Return the payload as the server sent it: ids and text without quotes, nothing for null."""
    if event == _MALFORMED:
        return _text(payload).encode()
    shape = EVENTS[event].shape if event in EVENTS else "any"
    if shape == "id":
        return bare_id(payload).encode()
    return b"" if shape == "any" and payload == b"null" else payload


def _text(payload: bytes) -> str:
    try:
        return _decode_text(payload)
    except msgspec.MsgspecError:
        return payload.decode("utf-8", "replace")


def gap_of(line: bytes) -> Gap:
    """Return the gap that a line tells.

    Raises:
        ValueError: It tells none.
    """
    return _gap(_decode_line(line))


def _gap(members: _Line) -> Gap:
    return Gap(
        server=members.server,
        at=moment_of(members.at or members.until),
        stream=_stream(members.stream),
        since=None if members.since is None else moment_of(members.since),
        until=moment_of(members.until),
        recovered=members.recovered,
        complete=members.complete,
        missing=frozenset(members.missing),
        reason=members.reason or "",
    )


_stream = lru_cache(maxsize=1024)(Stream.parse)
