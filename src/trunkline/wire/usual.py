"""The usual event, found by searching bytes: what a client of a busy stream does all the time.

Of every event it is asked which bytes of a chunked body are one as Mastodon writes it, or what the
payload of a message on a WebSocket says, and whether it is a post that was never edited. Whatever
looks different in any way is left to those who can take everything. Nothing here raises, and
nothing here decides.

The functions are written twice, here and in C (`_usual.c`) for whoever had a compiler when
Trunkline was installed; `IS_COMPILED` tells. A test holds ones against the others: they return the
same for all bytes, and differ in time only.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from trunkline.wire.sse import Comment, Frame, Oversized

__all__ = [
    "IN_PYTHON",
    "IS_COMPILED",
    "SIZE_LINE_BYTES",
    "Usual",
    "last_string",
    "never_edited",
    "payload_place",
    "take_usual",
    "unedited_id",
    "usual_event",
    "usual_size_bytes",
]

SIZE_LINE_BYTES: Final = 9
"""How long a usual size line is at the most, with its end."""
_SIZE_LINE: Final = re.compile(rb"[0-9A-Fa-f]{1,7}\r\n")
_SIZES_KEPT: Final = 4096
_DATA: Final = b"data: "
_END: Final = b"\n\n\r\n"  # of the event, then of the chunk
_ID: Final = b'{"id":"'
_EDITED_AT: Final = b'"edited_at":'
_decode_string: Final = msgspec.json.Decoder(str).decode


class Usual(NamedTuple):
    """How the usual event of a stream looks.

    Attributes:
        opening: The chunk that holds its name and nothing else, as Mastodon's server cuts it.
        block: How it begins where it is one chunk, up to the payload.
        name: The event that both name.
        largest_bytes: How large its chunk may be.
    """

    opening: bytes
    block: bytes
    name: str
    largest_bytes: int


def usual_event(block: bytes, name: str, *, largest_bytes: int) -> Usual:
    """Return how events look that begin with `block` and name `name`."""
    line = block.removesuffix(_DATA)
    return Usual(b"%x\r\n%b\r\n" % (len(line), line), block, name, largest_bytes)


def payload_place(data: bytes, position: int, usual: Usual) -> tuple[int, int] | None:
    """Return where the payload of a usual event begins and where its chunk should end.

    ``None`` if no such event begins at `position`, or not so much of it is there.
    """
    size_at, content = position + len(usual.opening), _DATA
    if data[position:size_at] != usual.opening:
        size_at, content = position, usual.block
    start = data.find(b"\n", size_at, size_at + SIZE_LINE_BYTES) + 1
    size_bytes = usual_size_bytes(data[size_at:start]) if start else 0
    payload_at, stop = start + len(content), start + size_bytes
    is_usual = size_bytes <= usual.largest_bytes and payload_at <= stop - 2
    return (payload_at, stop) if is_usual and data[start:payload_at] == content else None


@lru_cache(_SIZES_KEPT)
def usual_size_bytes(line: bytes) -> int:
    """Return the size of a chunk that its line names, as is usual: digits alone; 0 for the rest."""
    return int(line, 16) if _SIZE_LINE.fullmatch(line) else 0


def take_usual(
    data: bytes, position: int, usual: Usual, items: list[Frame | Comment | Oversized]
) -> int:
    """Append the frames of whole usual events to `items`, from `position` on.

    Return the position of what is not one.
    """
    while (place := payload_place(data, position, usual)) is not None:
        payload_at, stop = place
        if (
            data[stop - 2 : stop + 2] != _END
            or data.find(b"\n", payload_at) != stop - 2
            or data.find(b"\r", payload_at) != stop
        ):
            break
        items.append(Frame(usual.name, data[payload_at : stop - 2]))
        position = stop + 2
    return position


def unedited_id(raw: bytes) -> str | None:
    """Return the id of the post in `raw`, or ``None`` if it was edited or is written unusually.

    Mastodon writes the id first, and ``edited_at`` early, before that of any post inside the post.
    """
    if raw[: len(_ID)] != _ID:
        return None
    end = raw.find(b'"', len(_ID))
    status_id = raw[len(_ID) : end]
    is_usual = end > 0 and status_id.isalnum() and never_edited(raw)
    return status_id.decode() if is_usual else None


def never_edited(raw: bytes) -> bool:
    """Tell whether the first ``edited_at`` in `raw` is null; the post's own comes first."""
    place = raw.find(_EDITED_AT)
    return place >= 0 and raw.startswith(b"n", place + len(_EDITED_AT))


def last_string(text: bytes, quote_at: int) -> bytes | None:
    """Return what the last string of a JSON object says; it begins with the quote at `quote_at`.

    ``None`` if the object does not end with it, or if it is no string as JSON writes it.
    """
    if text[-2:] != b'"}' or quote_at < 0 or text[quote_at : quote_at + 1] != b'"':
        return None
    try:
        return _decode_string(text[quote_at:-1]).encode()
    except ValueError:  # broken JSON, broken UTF-8, and half a surrogate pair
        return None


IN_PYTHON: Final = take_usual, unedited_id, last_string
if not TYPE_CHECKING:
    with suppress(ImportError):  # there was no compiler
        from trunkline.wire._usual import last_string, take_usual, unedited_id
IS_COMPILED: Final = take_usual is not IN_PYTHON[0]
