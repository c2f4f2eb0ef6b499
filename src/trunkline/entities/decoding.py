"""Bytes or parsed JSON to an entity: fast when the server keeps to the API, lenient when not.

Promises that every JSON object becomes the entity asked for. Refuses to know what an event is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

import msgspec

from trunkline.entities.repair import repair
from trunkline.errors import MalformedEventError

__all__ = ["NOT_STRICT", "convert", "decode", "strict_decoder"]

T = TypeVar("T")

NOT_STRICT: Final = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What a strict decoder raises at a payload that only `decode` can read, if anything can."""

_JSON_NAMES: Final[dict[type, str]] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def _decoder(entity: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(entity)


if not TYPE_CHECKING:  # the type of a cached function forgets T
    _decoder = cache(_decoder)


def strict_decoder(entity: type[T]) -> Callable[[bytes], T]:
    """Return what decodes payloads that keep to the API, as `decode` does but in one call of C.

    It raises one of `NOT_STRICT` at others; ask `decode` then.
    """
    return _decoder(entity).decode


def decode(data: bytes | str, entity: type[T]) -> T:
    """Return the `entity` in `data`, a JSON object.

    A field of the wrong type never fails: it is coerced where the meaning is plain (an id sent as a
    number, a count as a string, a timestamp without an offset), else it takes its default. Fields
    that `entity` does not have are skipped unread.

    Raises:
        MalformedEventError: Not UTF-8, not well-formed JSON, not an object, or nested deeper than
            Python's stack.
    """
    try:
        return _decoder(entity).decode(data)
    except NOT_STRICT:
        return _lenient(_parse(data, entity), entity)


def convert(value: object, entity: type[T]) -> T:
    """Return the `entity` in `value`, a JSON object that is parsed already; `decode` has the rules.

    Raises:
        MalformedEventError: Not an object, or nested deeper than Python's stack.
    """
    # By way of bytes, because `msgspec.convert` would let lone surrogates through.
    try:
        return _decoder(entity).decode(msgspec.json.encode(value))
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError):
        return _lenient(value, entity)


def _parse(data: bytes | str, entity: type) -> object:
    """Parse by the standard library, which, unlike msgspec, takes lone surrogates."""
    try:
        text = data if isinstance(data, str) else data.decode()
        return json.loads(text, parse_int=_parse_integer, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise _too_deep(entity) from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise MalformedEventError(
            f"Expected a {entity.__name__} as a JSON object in UTF-8, got something else: {error}. "
            "The event's raw bytes show what the server sent."
        ) from error


def _lenient(value: object, entity: type[T]) -> T:
    if not isinstance(value, dict):
        name = _JSON_NAMES.get(type(value), type(value).__name__)
        raise MalformedEventError(
            f"Expected a {entity.__name__} as a JSON object, got JSON of type {name}. "
            "The event's raw bytes show what the server sent."
        )
    try:
        return repair(value, entity)
    except RecursionError as error:
        raise _too_deep(entity) from error


def _too_deep(entity: type) -> MalformedEventError:
    return MalformedEventError(
        f"Expected a {entity.__name__} as a JSON object, got one nested deeper than Python's "
        "stack. The event's raw bytes show what the server sent."
    )


def _parse_integer(digits: str) -> int | float:
    # int() refuses thousands of digits, which are JSON all the same.
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
