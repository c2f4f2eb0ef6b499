"""Parquet files: what a row of one is, written in row groups, rewritten without purged posts.

Promises that a file appears whole or not at all, and that no more than one row group is in memory.
Needs the package pyarrow, which `trunkline[parquet]` brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from math import inf
from pathlib import Path
from typing import Final

import pyarrow
import pyarrow.parquet

from trunkline.entities import Status, decode
from trunkline.errors import MalformedEventError, SinkError
from trunkline.sinks.durable import put_in_place
from trunkline.sinks.parquet_spool import Spooled
from trunkline.sinks.purging import without_post
from trunkline.sinks.rows import status_values

__all__ = [
    "COLUMNS",
    "Torn",
    "read_columns",
    "read_rows",
    "rewrite",
    "row_of",
    "span_of",
    "write_rows",
]

Row = dict[str, object]

_ROW_GROUP: Final = 8_192
_BUFFER_BYTES: Final = 256 * 1024
"""How much of each column is read at once, so that a row group need not be in memory."""
_TYPES: Final = {
    "number": pyarrow.int64(),
    "text": pyarrow.string(),
    "word": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    "moment": pyarrow.timestamp("ms", tz="UTC"),
    "flag": pyarrow.bool_(),
    "texts": pyarrow.list_(pyarrow.string()),
}
COLUMNS: Final = {
    "seq": "number",
    "server": "word",
    "stream": "word",
    "name": "word",
    "id": "text",
    "received_at": "moment",
    "origin": "word",
    "reason": "text",
    "raw": "text",
    "uri": "text",
    "url": "text",
    "in_reply_to_id": "text",
    "in_reply_to_account_id": "text",
    "visibility": "word",
    "language": "word",
    "sensitive": "flag",
    "spoiler_text": "text",
    "replies_count": "number",
    "reblogs_count": "number",
    "favourites_count": "number",
    "quotes_count": "number",
    "created_at": "moment",
    "edited_at": "moment",
    "kind": "word",
    "quote_of_id": "text",
    "text": "text",
    "media_count": "number",
    "card_url": "text",
    "card_title": "text",
    "reblog_of_id": "text",
    "account_id": "text",
    "acct": "text",
    "tags": "texts",
}
"""The columns of a file: first the event as it came, then the post that it is about."""

_SCHEMA: Final = pyarrow.schema([(name, _TYPES[kind]) for name, kind in COLUMNS.items()])
_FLAT: Final = tuple(COLUMNS)[tuple(COLUMNS).index("raw") + 1 :]
_MOMENTS: Final = tuple(name for name, kind in COLUMNS.items() if kind == "moment")
_POSTS: Final = frozenset({"update", "status.update"})


def row_of(event: Spooled) -> Row:
    """Return the row of an event, flattened if it is about a post."""
    raw = event.raw if isinstance(event.raw, str | None) else event.raw.decode("utf-8", "replace")
    row: Row = {
        "seq": event.seq,
        "server": event.server,
        "stream": event.stream,
        "name": event.name,
        "id": event.id,
        "received_at": event.received_at,
        "origin": event.origin,
        "reason": event.reason,
        "raw": raw,
    }
    row |= _flat(event.name, raw)
    for name in _MOMENTS:
        text = row.get(name)
        row[name] = datetime.fromisoformat(text) if isinstance(text, str) else None
    return row


def _flat(name: str, raw: str | None) -> Row:
    if raw is None or name not in _POSTS:
        return {}
    try:
        status = decode(raw, Status)
    except MalformedEventError:
        return {}
    _, *values = status_values(status)
    return dict(
        zip(
            _FLAT,
            (
                *values,
                status.reblog.id if status.reblog is not None else None,
                status.account.id or None,
                status.account.acct or None,
                [tag.name.lower() for tag in status.tags],
            ),
            strict=True,
        )
    )


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write a file of rows; it appears when it is whole.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.tmp")
    remaining = iter(rows)
    with pyarrow.parquet.ParquetWriter(fresh, _SCHEMA, compression="zstd") as writer:
        while group := list(islice(remaining, _ROW_GROUP)):
            table = pyarrow.Table.from_pylist(group, schema=_SCHEMA)
            writer.write_table(table, row_group_size=_ROW_GROUP)
    put_in_place(fresh, path)


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file.

    Raises:
        OSError: It cannot be read.
    """
    with pyarrow.parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group).to_pylist()


class Torn(ValueError):
    """A file that is no Parquet file, or not a whole one."""


def span_of(path: Path) -> tuple[float, float]:
    """Return the first and the last number of the rows of a file; its end alone is read.

    Raises:
        Torn: The file is not whole.
        OSError: It cannot be read.
    """
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            spans = [_span(file, group) for group in range(file.num_row_groups)]
    except pyarrow.ArrowInvalid as error:
        raise Torn(f"{path} is not whole: {error}") from error
    return min(one[0] for one in spans), max(one[1] for one in spans)


def read_columns(
    path: Path, names: Sequence[str], *, after: int, chunk_rows: int
) -> Iterator[tuple[object, ...]]:
    """Yield these columns of the rows of a file, without the row groups that end before `after`.

    Raises:
        SinkError: The file has no such columns.
        OSError: It cannot be read.
    """
    with pyarrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
        missing = sorted(set(names) - set(file.schema_arrow.names))
        if missing:
            raise SinkError(f"Expected a file of a recording at {path}; it lacks {missing[0]}.")
        groups = [one for one in range(file.num_row_groups) if _span(file, one)[1] > after]
        for chunk in file.iter_batches(chunk_rows, row_groups=groups, columns=[*names]):
            yield from zip(*(chunk.column(name).to_pylist() for name in names), strict=True)


def _span(file: pyarrow.parquet.ParquetFile, group: int) -> tuple[float, float]:
    """Return the first and the last number of a row group; any, where the file does not say."""
    seq = file.schema_arrow.get_field_index("seq")
    numbers = file.metadata.row_group(group).column(seq).statistics if seq >= 0 else None
    if numbers is None or not numbers.has_min_max:
        return -inf, inf
    return numbers.min, numbers.max


def rewrite(path: Path, gone: Mapping[int, Iterable[str]]) -> None:
    """Rewrite a file without posts: `gone` names them for each row that shows some, by its seq.

    Raises:
        OSError: It cannot be read, or the new one not written.
    """
    write_rows(path, (_without(row, gone) for row in read_rows(path)))


def _without(row: Row, gone: Mapping[int, Iterable[str]]) -> Row:
    raw, seq = row["raw"], row["seq"]
    if not isinstance(raw, str) or not isinstance(seq, int) or seq not in gone:
        return row
    cut: str | None = raw
    for status_id in gone[seq]:
        cut = without_post(cut, status_id) if cut is not None else None
    return row | {"raw": cut} | ({} if cut is not None else dict.fromkeys(_FLAT))
