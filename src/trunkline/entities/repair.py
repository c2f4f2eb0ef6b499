"""The lenient path: make an entity of whatever JSON object a server sent.

Promises that every field which fits its type is kept, that a value whose meaning is plain is
coerced, and that every other odd value is replaced by the field's default. Refuses to know any
entity by name: it walks the types as `msgspec.inspect` describes them. Does not parse JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

__all__ = ["repair"]

T = TypeVar("T")

_ODD: Final = object()
"""What a fitter answers when a value cannot be meant as the type."""

_KINDS: Final[dict[type, inspect.Type]] = {}
"""The description of each entity asked for so far; making one costs more than using it."""

_SURROGATES: Final = dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")
_BOOLEANS: Final[dict[object, bool]] = {0: False, 1: True, "false": False, "true": True}
_MOST_DIGITS: Final = 19  # of a signed 64-bit number; int() refuses thousands of digits


def repair(value: dict[str, object], entity: type[T]) -> T:
    """Return the `entity` that `value` most probably means.

    Raises:
        RecursionError: The value is nested deeper than Python's stack.
    """
    kind = _KINDS.get(entity) or _KINDS.setdefault(entity, inspect.type_info(entity))
    return cast("T", _fit(value, kind))


def _fit(value: object, kind: inspect.Type) -> object:
    return _FITTERS[type(kind)](value, kind)


def _fit_text(value: object, _: inspect.Type) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.translate(_SURROGATES)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _ODD


def _fit_integer(value: object, _: inspect.Type) -> object:
    if isinstance(value, bool):
        return _ODD
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and len(value) <= _MOST_DIGITS:
        return int(value) if value.removeprefix("-").isdigit() else _ODD
    return _ODD


def _fit_boolean(value: object, _: inspect.Type) -> object:
    return _BOOLEANS.get(value, _ODD) if isinstance(value, bool | int | str) else _ODD


def _fit_timestamp(value: object, _: inspect.Type) -> object:
    """Read RFC 3339 as the strict path does, then any ISO 8601; without an offset it is UTC."""
    if not isinstance(value, str):
        return _ODD
    for read in (_read_rfc3339, datetime.fromisoformat):
        try:
            moment = read(value)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _ODD


def _read_rfc3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def _fit_null(value: object, _: inspect.Type) -> object:
    return None if value is None else _ODD


def _fit_anything(value: object, kind: inspect.Type) -> object:
    """Keep plain JSON as it is, but for text that no UTF-8 could carry."""
    if isinstance(value, str):
        return _fit_text(value, kind)
    if isinstance(value, list):
        return [_fit_anything(item, kind) for item in value]
    if isinstance(value, dict):
        return {
            _fit_text(name, kind): _fit_anything(item, kind)
            for name, item in value.items()
            if isinstance(name, str)
        }
    return value


def _fit_mapping(value: object, kind: inspect.Type) -> object:
    return _fit_anything(value, kind) if isinstance(value, dict) else _ODD


def _fit_union(value: object, kind: inspect.UnionType) -> object:
    fitted = (_fit(value, choice) for choice in kind.types)
    return next((one for one in fitted if one is not _ODD), _ODD)


def _fit_sequence(value: object, kind: inspect.VarTupleType) -> object:
    """Keep the items that fit: one odd mention must not cost the others."""
    if not isinstance(value, list | tuple):
        return _ODD
    fitted = (_fit(item, kind.item_type) for item in value)
    return tuple(item for item in fitted if item is not _ODD)


def _fit_entity(value: object, kind: inspect.StructType) -> object:
    if not isinstance(value, dict):
        return _ODD
    fields = {}
    for field in kind.fields:
        fitted = _fit(value.get(field.encode_name, _ODD), field.type)
        if fitted is not _ODD:
            fields[field.name] = fitted
    return kind.cls(**fields)


_FITTERS: Final[dict[type[inspect.Type], Callable[[object, Any], object]]] = {
    inspect.StrType: _fit_text,
    inspect.IntType: _fit_integer,
    inspect.BoolType: _fit_boolean,
    inspect.DateTimeType: _fit_timestamp,
    inspect.NoneType: _fit_null,
    inspect.AnyType: _fit_anything,
    inspect.DictType: _fit_mapping,
    inspect.UnionType: _fit_union,
    inspect.VarTupleType: _fit_sequence,
    inspect.StructType: _fit_entity,
}
"""One fitter for each kind of type that entities use; a new kind fails loudly with a KeyError."""
