"""`trunkline.toml`: what a long recording records, in a file.

    to = "sqlite:toots.db"

    [[server]]
    url = "https://mastodon.example"
    token_file = "mastodon.token"
    streams = ["public", "hashtag:python"]

Promises to name every mistake with its line, and to open nothing but the files of tokens. Paths
count from the directory of the file. Refuses to know how to record.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final, cast, get_type_hints

import msgspec

from trunkline.client import AsyncMastodon
from trunkline.errors import BadInput
from trunkline.options import StreamKeywords, StreamOptions
from trunkline.record.lines import Lines, Where
from trunkline.record.source import Limits, Source
from trunkline.sinks.base import OnDelete, check_on_delete
from trunkline.sinks.opening import on_this_disk
from trunkline.streams import Stream
from trunkline.transport.http import Network, Secret

__all__ = ["Config", "Mistake", "load_config", "read_config"]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a file: the line it stands in, from 1, and what to do about it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a file asks for.

    Attributes:
        to: Where to record, as `open_sink` takes it; ``None`` if the file does not say.
        on_delete: What becomes of deleted posts.
        sources: What to record.
        limits: When to end, and how much to store in one step.
    """

    to: str | None
    on_delete: OnDelete
    sources: tuple[Source, ...]
    limits: Limits


def load_config(path: str | Path) -> Config:
    """Return what the file at `path` asks for.

    Raises:
        BadInput: It cannot be read, or has mistakes: the first of them, with its line.
    """
    config = read_config(path)
    if isinstance(config, Config):
        return config
    first, *others = config
    more = f" And {len(others)} more: trunkline config check {path}" if others else ""
    raise BadInput(f"{path}:{first.line}: {first.text}{more}")


def read_config(path: str | Path) -> Config | list[Mistake]:
    """Return what the file at `path` asks for, or every mistake in it, in order of the lines.

    Raises:
        BadInput: It cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"Expected a file such as trunkline.toml at {path}: {why}.") from None
    lines = Lines(text)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [Mistake(lines.named_in(str(error)), f"This is not TOML: {error}.")]
    reader = _Reader(lines, path.parent)
    config = reader.config(table)
    return config if not reader.mistakes else sorted(reader.mistakes)


Leaf = Callable[[object, Path], object]
"""Makes what is meant of a value, with the directory of the file; raises `BadInput`."""
Schema = Leaf | dict[str, "Schema"] | list["Schema"]
"""What may stand at a place: a value, a table of known keys, or a list of what it holds."""


def _typed(value: object, hint: object) -> object:
    try:
        fitting: object = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        why = str(error).replace(" | null", "").replace("`", "")
        raise BadInput(f"{why}: {value!r}.") from None
    return fitting


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
}
_FILE: Final[dict[str, Schema]] = {
    "to": _target,
    "on_delete": _on_delete,
    "limits": _LIMITS,
    "options": _OPTIONS,
    "server": [_SERVER],
}
"""Everything that may stand in the file."""

_Values = dict[str, object]


class _Reader:
    """Reads the tables of one file, and collects what is wrong with them."""

    def __init__(self, lines: Lines, directory: Path) -> None:
        self._lines = lines
        self._directory = directory
        self.mistakes: list[Mistake] = []

    def config(self, table: object) -> Config:
        """Return what the file asks for; only to be used if there are no mistakes."""
        values = cast("_Values", self._read(table, _FILE, ()))
        servers = cast("list[_Values]", values.get("server") or [])
        if "server" not in values:
            self._complain("Expected at least one [[server]] with 'url' and 'streams'.", ())
        shared = cast("_Values", values.get("options") or {})
        sources = [
            self._source(server, shared, ("server", place)) for place, server in enumerate(servers)
        ]
        return Config(
            to=cast("str | None", values.get("to")),
            on_delete=cast("OnDelete", values.get("on_delete") or "mark"),
            sources=tuple(source for source in sources if source is not None),
            limits=Limits(**cast("dict[str, int]", values.get("limits") or {})),
        )

    def _source(self, values: _Values, shared: _Values, where: Where) -> Source | None:
        for name in ("url", "streams"):
            if name not in values:
                self._complain(f"Expected {name!r} in this [[server]].", where)
        streams = cast("list[Stream]", values.get("streams") or [])
        if not streams or "url" not in values:
            return None
        own = cast("_Values", values.get("options") or {})
        return Source(
            server=cast("str", values["url"]),
            streams=tuple(streams),
            access_token=cast("Path | None", values.get("token_file")),
            streaming_url=cast("str | None", values.get("streaming_url")),
            network=Network(
                proxy=cast("str | None", values.get("proxy")),
                ca_file=cast("Path | None", values.get("ca_file")),
            ),
            options=cast("StreamKeywords", shared | own),
        )

    def _read(self, value: object, schema: Schema, where: Where) -> object:
        """Return what is meant by a value; ``None`` for what cannot be meant, with a mistake."""
        if isinstance(schema, dict):
            return self._table(value, schema, where)
        if isinstance(schema, list):
            return self._list(value, schema[0], where)
        try:
            return schema(value, self._directory)
        except BadInput as error:
            near = value if isinstance(value, str) else ""
            self._complain(str(error), where, near=near)
            return None

    def _table(self, value: object, schema: dict[str, Schema], where: Where) -> _Values:
        if not isinstance(value, dict):
            self._complain(f"Expected a table, such as [{where[-1]}]; got {value!r}.", where)
            return {}
        for name in value.keys() - schema.keys():
            meant = get_close_matches(name, schema, n=1)
            hint = f"did you mean {meant[0]!r}?" if meant else f"known are {', '.join(schema)}."
            self._complain(f"There is no key {name!r} here; {hint}", (*where, name))
        return {
            name: self._read(one, schema[name], (*where, name))
            for name, one in value.items()
            if name in schema
        }

    def _list(self, value: object, schema: Schema, where: Where) -> list[object]:
        if not isinstance(value, list) or not value:
            self._complain(f"Expected a list with something in it; got {value!r}.", where)
            return []
        return [self._read(one, schema, (*where, place)) for place, one in enumerate(value)]

    def _complain(self, text: str, where: Where, *, near: str = "") -> None:
        self.mistakes.append(Mistake(self._lines.find(where, near=near), text))
