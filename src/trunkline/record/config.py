"""`trunkline.toml`: what a long recording records, in a file.

    to = "sqlite:toots.db"

    [[server]]
    url = "https://mastodon.example"
    token_file = "mastodon.token"
    streams = ["public", "hashtag:python"]

    [[sink]]
    name = "columns"
    to = "parquet:toots/"

    [[server]]
    url = "https://other.example"
    streams = ["public"]
    sink = "columns"

Promises to name every mistake with its line, and to open nothing but the files of tokens. Paths
count from the directory of the file. Refuses to know how to record.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, cast

from trunkline.errors import BadInput
from trunkline.options import StreamKeywords
from trunkline.record.lines import Lines, Where
from trunkline.record.schema import FILE, Schema
from trunkline.record.source import Limits, Source, stream_twice
from trunkline.sinks.base import OnDelete
from trunkline.sinks.opening import check_target, same_place
from trunkline.streams import Stream
from trunkline.transport.http import Network

__all__ = ["Config", "Mistake", "Part", "load_config", "read_config"]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a file: the line it stands in, from 1, and what to do about it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is recorded into one sink.

    Attributes:
        to: Where to record, as `open_sink` takes it; ``None`` if the file does not say.
        on_delete: What becomes of deleted posts.
        sources: What to record; none where every server names another sink.
    """

    to: str | None
    on_delete: OnDelete
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a file asks for.

    Attributes:
        parts: What to record into which sink; each sink once.
        limits: When to end, and how much to store in one step.
    """

    parts: tuple[Part, ...]
    limits: Limits

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everything that is recorded."""
        return tuple(source for part in self.parts for source in part.sources)


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
        text = path.read_text(encoding="utf-8-sig")
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


_Values = dict[str, object]
_USUAL: Final = ""
"""The name of the sink of all servers that name none."""


class _Reader:
    """Reads the tables of one file, and collects what is wrong with them."""

    def __init__(self, lines: Lines, directory: Path) -> None:
        self._lines = lines
        self._directory = directory
        self.mistakes: list[Mistake] = []

    def config(self, table: object) -> Config:
        """Return what the file asks for; only to be used if there are no mistakes."""
        values = cast("_Values", self._read(table, FILE, ()))
        servers = _tables(values, "server")
        if "server" not in values:
            self._complain("Expected at least one [[server]] with 'url' and 'streams'.", ())
        shared = cast("_Values", values.get("options") or {})
        parts = self._sinks(values)
        recorded: dict[str, list[Source | None]] = {name: [] for name in parts}
        for place, server in enumerate(servers):
            where: Where = ("server", place)
            name = self._sink_of(server, parts, where)
            if values.get("sink") and "to" not in values and "sink" not in server:
                self._complain("Expected 'sink' here, or 'to' at the top of the file.", where)
            source = self._source(server, shared, where)
            self._refuse_repeated(source, recorded[name], where)
            recorded[name].append(source)
        self._refuse_idle(values, recorded)
        return Config(
            parts=tuple(
                replace(parts[name], sources=tuple(one for one in sources if one is not None))
                for name, sources in recorded.items()
                if sources
            ),
            limits=Limits(**cast("dict[str, int]", values.get("limits") or {})),
        )

    def _sinks(self, values: _Values) -> dict[str, Part]:
        """Return the sinks by their names, with nothing that is recorded into them."""
        usual = Part(
            to=cast("str | None", values.get("to")),
            on_delete=cast("OnDelete", values.get("on_delete") or "mark"),
        )
        self._check_sink(usual, ())
        parts = {_USUAL: usual}
        for place, sink in enumerate(_tables(values, "sink")):
            where: Where = ("sink", place)
            for key in ("name", "to"):
                if sink.get(key, "") == "":
                    self._complain(f"Expected {key!r} in this [[sink]].", where)
            name, to = cast("str", sink.get("name")), cast("str | None", sink.get("to"))
            if not name:
                continue
            self._refuse_twin(name, to, parts, where)
            on_delete = cast("OnDelete", sink.get("on_delete") or usual.on_delete)
            parts[name] = Part(to=to, on_delete=on_delete)
            self._check_sink(parts[name], where)
        return parts

    def _check_sink(self, part: Part, where: Where) -> None:
        try:
            if part.to:
                check_target(part.to, on_delete=part.on_delete)
        except BadInput as error:
            self._complain(str(error), (*where, "to"))

    def _refuse_twin(
        self, name: str, to: str | None, parts: Mapping[str, Part], where: Where
    ) -> None:
        if name in parts:
            text = f"Expected a name that no other [[sink]] has; got {name!r} twice."
            self._complain(text, (*where, "name"))
        taken = [one.to for one in parts.values() if one.to and to and same_place(one.to, to)]
        if taken:
            text = f"Expected a place that no other sink has; {taken[0]} is one already."
            self._complain(text, (*where, "to"))

    def _sink_of(self, server: _Values, parts: Mapping[str, Part], where: Where) -> str:
        """Return the name of the sink that a server is recorded into."""
        name = cast("str | None", server.get("sink"))
        if name is None or name in parts:
            return name or _USUAL
        known = [one for one in parts if one]
        hint = _hint(name, known) if known else "add it, with 'name' and 'to'."
        self._complain(f"There is no [[sink]] named {name!r}; {hint}", (*where, "sink"))
        return _USUAL

    def _refuse_idle(self, values: _Values, recorded: Mapping[str, list[Source | None]]) -> None:
        for place, sink in enumerate(_tables(values, "sink")):
            name = sink.get("name")
            if isinstance(name, str) and name and not recorded.get(name):
                text = f"No [[server]] records into this sink: say sink = {name!r} in one."
                self._complain(text, ("sink", place))

    def _source(self, values: _Values, shared: _Values, where: Where) -> Source | None:
        for name in ("url", "streams"):
            if name not in values:
                self._complain(f"Expected {name!r} in this [[server]].", where)
        read = cast("list[Stream | None]", values.get("streams") or [])
        streams = [one for one in read if one is not None]
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

    def _refuse_repeated(
        self, source: Source | None, others: Sequence[Source | None], where: Where
    ) -> None:
        """Refuse streams that the same sink has from the same server already."""
        if source is None:
            return
        known = [one for one in others if one is not None and one.server == source.server]
        taken = {stream for one in known for stream in one.streams}
        for stream in source.streams:
            if stream in taken:
                text = str(stream_twice(stream, source.server))
                self._complain(text, (*where, "streams"), near=str(stream))
            taken.add(stream)

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
            hint = _hint(name, list(schema))
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


def _tables(values: _Values, name: str) -> list[_Values]:
    return cast("list[_Values]", values.get(name) or [])


def _hint(name: str, known: list[str]) -> str:
    meant = get_close_matches(name, known, n=1)
    return f"did you mean {meant[0]!r}?" if meant else f"known are {', '.join(known)}."
