"""Files of JSON lines on the disk: appended to, overwritten in place, compressed when full.

Promises that what was written is on the disk when a call returns, and that a file is replaced as a
whole or not at all. Knows lines only as bytes.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import IO, Final, cast

from trunkline.errors import BadInput
from trunkline.sinks.durable import flush_directory, put_in_place

__all__ = [
    "SUFFIXES",
    "Appender",
    "Codec",
    "codec_named",
    "codec_of",
    "compress",
    "overwrite",
    "patch",
    "read_lines",
]

_PIECE_BYTES: Final = 1024 * 1024
_FLUSH: Final = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to compress files: the ending of their names, and how they are read and written."""

    suffix: str
    read: Callable[[Path], IO[bytes]]
    write: Callable[[Path], IO[bytes]]


def codec_named(name: str) -> Codec:
    """Return the codec ``gzip`` or ``zstd``.

    Raises:
        BadInput: There is no such codec, or the package for it is not installed.
    """
    if name not in _CODECS:
        raise BadInput(f"Expected compress=gzip or compress=zstd; got {name!r}.")
    return _CODECS[name]()


def _gzip() -> Codec:
    return Codec(
        ".gz",
        lambda path: cast("IO[bytes]", gzip.open(path, "rb")),
        lambda path: cast("IO[bytes]", gzip.open(path, "wb", compresslevel=6)),
    )


def _zstd() -> Codec:
    try:
        zstandard = import_module("zstandard")
    except ImportError:
        raise BadInput(
            "Expected the package zstandard for compress=zstd; install trunkline[zstd], or use"
            " compress=gzip."
        ) from None
    return Codec(
        ".zst",
        lambda path: BufferedReader(zstandard.open(path, "rb")),
        lambda path: cast("IO[bytes]", zstandard.open(path, "wb")),
    )


_CODECS: Final[Mapping[str, Callable[[], Codec]]] = {"gzip": _gzip, "zstd": _zstd}
SUFFIXES: Final = {".gz": "gzip", ".zst": "zstd"}
"""The endings of compressed files, and which codec each is."""


def codec_of(name: str) -> Codec | None:
    """Return the codec that a file of this name is compressed with; ``None`` for a plain one.

    Raises:
        BadInput: The package for it is not installed.
    """
    known = SUFFIXES.get(name[name.rindex(".") :])
    return None if known is None else codec_named(known)


class Appender:
    """A file that grows; what stands beyond its size was never finished, and is cut off.

    Args:
        path: The file; it is made if it is not there.
        size_bytes: How much of it counts.

    Raises:
        OSError: It cannot be opened or cut.
    """

    def __init__(self, path: Path, *, size_bytes: int) -> None:
        path.touch()
        self._file = path.open("r+b", buffering=0)
        self.size_bytes = size_bytes
        try:
            self._file.truncate(size_bytes)
            flush_directory(path.parent)
        except BaseException:
            self._file.close()
            raise

    def append(self, data: bytes) -> None:
        """Write behind what counts; it counts once `size_bytes` is raised.

        Raises:
            OSError: It cannot be written.
        """
        self._file.truncate(self.size_bytes)  # what an earlier try has left
        self._file.seek(self.size_bytes)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        _FLUSH(self._file.fileno())

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._file.close()


Edit = Callable[[bytes], bytes]
"""Returns what is to stand in place of a line; it may be shorter, never longer."""


def overwrite(path: Path, edits: Iterable[tuple[int, Edit]]) -> None:
    """Overwrite lines in place, each given by its offset; the length of each stays.

    Raises:
        OSError: The file cannot be read or written.
    """
    with path.open("r+b") as file:
        for offset, edit in edits:
            file.seek(offset)
            line = file.readline()
            file.seek(offset)
            file.write(_as_long_as(line, edit(line)))
        file.flush()
        os.fsync(file.fileno())


def patch(path: Path, edits: Iterable[tuple[int, Edit]], *, codec: Codec) -> None:
    """Overwrite lines of a compressed file, which is replaced; offsets are those before that.

    Raises:
        OSError: The file cannot be read, or the new one not written.
    """
    edits_at: dict[int, list[Edit]] = {}
    for offset, edit in edits:
        edits_at.setdefault(offset, []).append(edit)
    fresh = path.with_name(f"{path.name}.tmp")
    with codec.read(path) as old, codec.write(fresh) as new:
        for offset, line in read_lines(old):
            changed = line
            for edit in edits_at.get(offset, ()):
                changed = _as_long_as(line, edit(changed))
            new.write(changed)
    put_in_place(fresh, path)


def compress(path: Path, *, codec: Codec) -> Path:
    """Write a compressed copy of a file beside it, and return its path.

    Raises:
        OSError: It cannot be read, or the copy not written.
    """
    target = path.with_name(f"{path.name}{codec.suffix}")
    fresh = target.with_name(f"{target.name}.tmp")
    with path.open("rb") as old, codec.write(fresh) as new:
        shutil.copyfileobj(old, new, _PIECE_BYTES)
    put_in_place(fresh, target)
    return target


def read_lines(file: IO[bytes]) -> Iterable[tuple[int, bytes]]:
    """Yield every line with its offset."""
    offset = 0
    for line in file:
        yield offset, line
        offset += len(line)


def _as_long_as(line: bytes, changed: bytes) -> bytes:
    """Return `changed` filled up with spaces, which JSON allows at its end."""
    body = changed.rstrip(b"\n")
    return body + b" " * (len(line) - 1 - len(body)) + b"\n"
