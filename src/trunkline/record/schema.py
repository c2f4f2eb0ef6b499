"""What may stand in a `trunkline.toml`: one table of keys, and what each value has to be.

Promises a sentence that says what was expected for every value that cannot be meant. Opens nothing
but the files of tokens. Refuses to know lines, and what a recording makes of it all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from trunkline.client import AsyncMastodon
from trunkline.errors import BadInput
from trunkline.options import StreamKeywords, StreamOptions
from trunkline.record.source import Limits
from trunkline.sinks.base import OnDelete, check_on_delete
from trunkline.sinks.opening import on_this_disk
from trunkline.streams import Stream
from trunkline.transport.http import Network, Secret

__all__ = ["FILE", "Schema"]

Leaf = Callable[[object, Path], object]
"""Makes what is meant of a value, with the directory of the file; raises `BadInput`."""
Schema = Leaf | dict[str, "Schema"] | list["Schema"]
"""What may stand at a place: a value, a table of known keys, or a list of what it holds."""


def _typed(value: object, hint: object) -> object:
    try:
        fitting: object = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        choices = _choices(hint)
        if choices:
            raise BadInput(f"Expected {' or '.join(choices)}; got {value!r}.") from None
        why = str(error).replace(" | null", "").replace("`", "")
        raise BadInput(f"{why}: {value!r}.") from None
    return fitting


def _choices(hint: object) -> list[str]:
    """Return what may be chosen where there are words to choose from."""
    if get_origin(hint) is Literal:
        words = get_args(hint)
        return [f"one of {', '.join(words)}" if len(words) > 1 else words[0]]
    named = [words for one in get_args(hint) for words in _choices(one)]
    return ["a number", *named] if named and float in get_args(hint) else named


def _keyword(
    name: str, hint: object, make: Callable[..., object], value: object, _: Path
) -> object:
    """Return a value of the right type that `make` accepts as its keyword `name`."""
    fitting = _typed(value, hint)
    make(**{name: fitting})
    return fitting


def _text(value: object, _: Path) -> str:
    return cast("str", _typed(value, str))


def _url(value: object, directory: Path) -> str:
    return AsyncMastodon(_text(value, directory)).server


def _stream(value: object, directory: Path) -> Stream:
    return Stream.parse(_text(value, directory))


def _target(value: object, directory: Path) -> str:
    return on_this_disk(_text(value, directory), directory=directory)


def _on_delete(value: object, directory: Path) -> OnDelete:
    return check_on_delete(_text(value, directory))


def _proxy(value: object, directory: Path) -> str:
    url = _text(value, directory)
    Network(proxy=url)
    return url


def _file(value: object, directory: Path) -> Path:
    path = directory / _text(value, directory)
    if not path.is_file():
        raise BadInput(f"Expected a file at {path}; there is none.")
    return path


def _token_file(value: object, directory: Path) -> Path:
    path = _file(value, directory)
    Secret.read(path)
    return path


def _each(hints: Mapping[str, object], make: Callable[..., object]) -> dict[str, Schema]:
    """Return what may stand in a table whose keys are the keywords of `make`."""
    return {name: partial(_keyword, name, hint, make) for name, hint in hints.items()}


_OPTIONS: Final = _each(
    {name: hint for name, hint in get_type_hints(StreamKeywords).items() if name != "decode"},
    StreamOptions,
)
_LIMITS: Final = _each(get_type_hints(Limits), Limits)
_SERVER: Final[dict[str, Schema]] = {
    "url": _url,
    "streams": [_stream],
    "token_file": _token_file,
    "streaming_url": _url,
    "proxy": _proxy,
    "ca_file": _file,
    "options": _OPTIONS,
    "sink": _text,
}
_SINK: Final[dict[str, Schema]] = {"name": _text, "to": _target, "on_delete": _on_delete}
FILE: Final[dict[str, Schema]] = {
    "to": _target,
    "on_delete": _on_delete,
    "limits": _LIMITS,
    "options": _OPTIONS,
    "sink": [_SINK],
    "server": [_SERVER],
}
"""Everything that may stand in the file."""
