"""One event on its way to the subscribers, and the bytes that a payload of any type becomes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import msgspec

__all__ = ["Publication", "encode_payload", "make_publication"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Publication:
    """An event's name, its payload's bytes and the channels that carry it.

    `bare` says that the payload was a JSON number or boolean, which the WebSocket envelope carries
    unquoted.
    """

    event: str
    data: bytes
    channels: tuple[str, ...]
    bare: bool = False


def make_publication(event: str, payload: object, *, channels: tuple[str, ...]) -> Publication:
    """Return the publication of `payload`: text and bytes as they are, anything else as JSON."""
    bare = isinstance(payload, (bool, int, float))
    return Publication(event, encode_payload(payload), channels, bare)


def encode_payload(payload: object) -> bytes:
    """Return the bytes that the server sends for `payload`.

    Numbers lose the digits that a double cannot hold, as in the server, which is JavaScript.
    """
    if isinstance(payload, bytes):
        return payload
    if isinstance(payload, str):
        return payload.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    if isinstance(payload, int) and not isinstance(payload, bool) and abs(payload) > 2**53:
        mantissa, _, exponent = f"{float(payload)!r}".partition("e+")
        digits = mantissa.replace(".", "")
        return digits.ljust(int(exponent or 0) + len(mantissa.partition(".")[0]), "0").encode()
    try:
        return msgspec.json.encode(payload)
    except UnicodeEncodeError:
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
