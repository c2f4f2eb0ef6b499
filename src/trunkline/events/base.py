"""What every event is made of: the `Event` with its payload, and what is decoded on first use.

Promises that `raw` is never touched and that nothing is decoded before it is asked for, and then
once. Refuses to know which events there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeVar, overload

import msgspec

from trunkline.entities.decoding import NOT_STRICT
from trunkline.errors import MalformedEventError
from trunkline.streams import Stream

__all__ = ["Decoded", "Event", "Origin", "Shape", "bare_id", "leading_id"]

Origin = Literal["live", "catch-up", "reconcile"]
T = TypeVar("T")
Shape = Literal["object", "id", "any"]

_SHOWN_BYTES: Final = 60


class Decoded(Generic[T]):
    """An attribute that is decoded from `raw` on first use and then kept in the instance.

    As `functools.cached_property`, without the lock that makes that one slow on Python 3.11.

    Args:
        decode: Makes the value of any payload, or raises `MalformedEventError`.
        about: What the attribute is.
        strict: Makes the same of a usual payload, faster; raises one of `NOT_STRICT` at others.

    Attributes:
        strict: The same, for whoever has to be fast; `decode` where there is none.
    """

    def __init__(
        self,
        decode: Callable[[bytes], T],
        about: str,
        *,
        strict: Callable[[bytes], T] | None = None,
    ) -> None:
        self._decode = decode
        self.strict = strict or decode
        self.__doc__ = about

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, event: None, owner: type) -> Self: ...
    @overload
    def __get__(self, event: Event, owner: type) -> T: ...
    def __get__(self, event: Event | None, owner: type) -> T | Self:
        if event is None:
            return self
        try:
            value = self.strict(event.raw)
        except NOT_STRICT:
            value = self._decode(event.raw)
        event.__dict__[self._name] = value
        return value


class _Identified(msgspec.Struct, gc=False):
    id: str | int = ""


_decode_identified = msgspec.json.Decoder(_Identified).decode


def leading_id(raw: bytes) -> str:
    """Return the ``id`` of the entity in `raw` without decoding the rest; ``""`` if it has none.

    Mastodon writes the id first, which makes this a search for one byte.
    """
    if raw[:7] == b'{"id":"':
        end = raw.find(b'"', 7)
        identifier = raw[7:end]
        if end > 0 and identifier.isalnum():
            return identifier.decode()
    try:
        return str(_decode_identified(raw).id)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""


def bare_id(raw: bytes) -> str:
    """Return the id that `raw` is, without the quotes that some servers put around it."""
    return raw.decode("utf-8", "replace").strip().strip('"')


def _shown(value: object) -> str:
    if isinstance(value, bytes) and len(value) > _SHOWN_BYTES:
        return f"{value[:_SHOWN_BYTES]!r} and {len(value) - _SHOWN_BYTES:,} bytes more"
    return repr(value)


class _EventType(msgspec.StructMeta):
    """The type of event classes: lets each say what ``case Update(status)`` binds.

    msgspec itself would answer with the fields that can be passed by position.
    """

    @property
    def __match_args__(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only there too
        names: tuple[str, ...] = self.__dict__.get("__match_args__", ())
        return names


class Event(msgspec.Struct, metaclass=_EventType, frozen=True, dict=True):
    """What every event carries.

    Attributes:
        stream: The stream that told it.
        server: Base URL of the server.
        received_at: When its bytes arrived here; aware, UTC. One clock reading for each read of
            the connection, so events that arrived together share it.
        origin: ``live``, ``catch-up`` (fetched after a disconnect) or ``reconcile`` (found by
            asking whether a delivered post still stands).
        raw: The payload's bytes, untouched.
    """

    stream: Stream
    server: str
    received_at: datetime
    raw: bytes
    origin: Origin = "live"

    shape: ClassVar[Shape] = "object"
    entity: ClassVar[str | None] = None

    def decode(self) -> None:
        """Decode the entity now, so that reading it later cannot fail.

        Raises:
            MalformedEventError: The payload is not the JSON of an entity.
        """
        if self.entity is not None:
            getattr(self, self.entity)

    def json(self) -> Any:  # noqa: ANN401  # plain JSON has no narrower type
        """Return the payload as `json.loads` gives it; an id that is not JSON as a string.

        Raises:
            MalformedEventError: The payload is not JSON.
        """
        try:
            value = json.loads(self.raw)
        except (ValueError, RecursionError) as error:
            if self.shape != "object":
                return bare_id(self.raw)
            raise MalformedEventError(f"Expected JSON in the payload: {error}.") from error
        is_number_by_chance = self.shape == "id" and isinstance(value, float)  # the flake id 12e4
        return bare_id(self.raw) if is_number_by_chance else value

    def __repr__(self) -> str:
        """Show every field, of a long payload only the beginning, and decode nothing."""
        fields = (f"{name}={_shown(getattr(self, name))}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({', '.join(fields)})"
