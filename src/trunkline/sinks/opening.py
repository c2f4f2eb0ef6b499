"""`open_sink`: from a text such as ``sqlite:toots.db`` to a sink.

The text is ``KIND:PLACE``, with options after a question mark: ``jsonl:toots/?compress=zstd``. A
file that ends in ``.db``, ``.sqlite`` or ``.sqlite3`` needs no kind. Other packages add kinds by
entry points of the group ``trunkline.sinks``: the name is the kind, the value a function that takes
a `Target` and returns a `Sink`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from trunkline.errors import BadInput
from trunkline.sinks.base import ON_DELETE, OnDelete, Sink
from trunkline.sinks.jsonl import ROTATE_BYTES, ROTATE_SECONDS, JsonlSink
from trunkline.sinks.jsonl_files import codec_named
from trunkline.sinks.sqlite import SqliteSink
from trunkline.sinks.stdout import StandardOutput, refuse_purge

__all__ = [
    "PARQUET_NEEDS",
    "SINKS",
    "Target",
    "check_target",
    "on_this_disk",
    "open_sink",
    "parse_target",
    "same_place",
]

PARQUET_NEEDS: Final = "Expected the package pyarrow for parquet:; install trunkline[parquet]."
"""What is said where it is not installed."""
GROUP: Final = "trunkline.sinks"
_SQLITE_ENDINGS: Final = (".db", ".sqlite", ".sqlite3")
_YES: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a sink is opened with.

    Attributes:
        kind: The kind of sink, such as ``sqlite``.
        place: Where it stores; what that means is the kind's decision.
        options: What stood after the question mark.
        on_delete: What becomes of deleted posts.
    """

    kind: str
    place: str
    options: Mapping[str, str] = field(default_factory=dict)
    on_delete: OnDelete = "mark"

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    def allow(self, *known: str) -> None:
        """Refuse options that are not among `known`.

        Raises:
            BadInput: There is one.
        """
        unknown = sorted(set(self.options) - set(known))
        if unknown:
            expected = f"one of {', '.join(known)}" if known else "none"
            raise BadInput(f"Expected as options of {self}: {expected}; got {', '.join(unknown)}.")

    def flag(self, name: str) -> bool:
        """Return an option that is yes or no; no by default.

        Raises:
            BadInput: It is neither.
        """
        word = self.options.get(name, "no")
        if word.lower() not in _YES:
            raise BadInput(f"Expected {name} of {self} to be yes or no; got {word!r}.")
        return _YES[word.lower()]

    def number(self, name: str, default: float) -> float:
        """Return an option that is a number above zero.

        Raises:
            BadInput: It is not.
        """
        word = self.options.get(name)
        try:
            value = default if word is None else float(word)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise BadInput(f"Expected {name} of {self} to be a number above 0; got {word!r}.")
        return value


SinkFactory = Callable[[Target], Sink]


def _sqlite_options(target: Target) -> dict[str, Any]:
    target.allow("durable")
    if not target.place:
        raise BadInput("Expected a file, as in 'sqlite:toots.db'; got none.")
    return {"durable": target.flag("durable")}


def _sqlite(target: Target) -> Sink:
    options = _sqlite_options(target)
    return SqliteSink(target.place, on_delete=target.on_delete, **options)


def _jsonl_options(target: Target) -> dict[str, Any]:
    target.allow("durable", "rotate_bytes", "rotate_seconds", "compress")
    if not target.place:
        raise BadInput("Expected a directory, as in 'jsonl:toots/'; got none.")
    compress = target.options.get("compress")
    if compress is not None:
        codec_named(compress)
    return {
        "rotate_bytes": target.number("rotate_bytes", ROTATE_BYTES),
        "rotate_seconds": target.number("rotate_seconds", ROTATE_SECONDS),
        "compress": compress,
        "durable": target.flag("durable"),
    }


def _jsonl(target: Target) -> Sink:
    options = _jsonl_options(target)
    return JsonlSink(target.place, on_delete=target.on_delete, **options)


def _parquet_options(target: Target) -> dict[str, Any]:
    target.allow("durable", "file_rows", "file_seconds")
    if not target.place:
        raise BadInput("Expected a directory, as in 'parquet:toots/'; got none.")
    try:
        from trunkline.sinks.parquet import FILE_ROWS, FILE_SECONDS
    except ImportError:
        raise BadInput(PARQUET_NEEDS) from None
    return {
        "file_rows": target.number("file_rows", FILE_ROWS),
        "file_seconds": target.number("file_seconds", FILE_SECONDS),
        "durable": target.flag("durable"),
    }


def _parquet(target: Target) -> Sink:
    options = _parquet_options(target)
    from trunkline.sinks.parquet import ParquetSink

    return ParquetSink(target.place, on_delete=target.on_delete, **options)


def _standard_output(target: Target) -> Sink:
    return StandardOutput(on_delete=target.on_delete)


SINKS: Final[dict[str, SinkFactory]] = {
    "sqlite": _sqlite,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "-": _standard_output,
}
"""The kinds of sink that come with Trunkline."""
_CHECKS: Final[dict[str, Callable[[Target], object]]] = {
    "sqlite": _sqlite_options,
    "jsonl": _jsonl_options,
    "parquet": _parquet_options,
    "-": lambda target: refuse_purge(target.on_delete),
}
"""What refuses a target of each kind that cannot be meant, and opens nothing."""


def open_sink(text: str, *, on_delete: OnDelete = "mark") -> Sink:
    """Return the sink that `text` names, opened.

    Args:
        text: Such as ``sqlite:toots.db``, ``jsonl:toots/``, ``parquet:toots/`` or ``-``.
        on_delete: What becomes of posts that are deleted: ``mark``, ``purge`` or ``ignore``.

    Raises:
        BadInput: There is no such kind, or an option is wrong.
        SinkError: The place cannot be used.
    """
    target = parse_target(text, on_delete=on_delete)
    factory = SINKS.get(target.kind)
    if factory is None:
        factory = _from_elsewhere(target)
    return factory(target)


def check_target(text: str, *, on_delete: OnDelete = "mark") -> None:
    """Refuse a text that names no sink, as `open_sink` would, but open nothing.

    Of sinks of other packages only the kind is checked.

    Raises:
        BadInput: There is no such kind, or an option is wrong.
    """
    target = parse_target(text, on_delete=on_delete)
    _CHECKS.get(target.kind, _from_elsewhere)(target)


def parse_target(text: str, *, on_delete: OnDelete = "mark") -> Target:
    """Return the parts of what names a sink.

    Raises:
        BadInput: No kind is named, or deleted posts cannot be treated so.
    """
    if on_delete not in ON_DELETE:
        raise BadInput(f"Expected one of {', '.join(ON_DELETE)} for deletions; got {on_delete!r}.")
    address, _, query = text.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    kind, colon, place = address.partition(":")
    if text == "-":
        kind, place = "-", ""
    elif len(kind) < 2 or not colon:  # a path, maybe with the letter of a drive
        if not address.lower().endswith(_SQLITE_ENDINGS):
            raise BadInput(
                "Expected where to record, such as 'sqlite:toots.db' or 'jsonl:toots/';"
                f" got {text!r}."
            )
        kind, place = "sqlite", address
    return Target(kind=kind, place=place, options=options, on_delete=on_delete)


def on_this_disk(text: str, *, directory: Path) -> str:
    """Return what names a sink, with a path that is relative counted from `directory`.

    Raises:
        BadInput: `text` cannot name a sink.
    """
    target = parse_target(text)
    if target.kind not in SINKS or not target.place:
        return text  # what a place means is decided elsewhere
    _, question_mark, query = text.partition("?")
    return f"{target.kind}:{directory / target.place}{question_mark}{query}"


def same_place(one: str, other: str) -> bool:
    """Tell whether two texts name the same place, whatever kind and options they give.

    Raises:
        BadInput: One cannot name a sink.
    """
    first, second = parse_target(one), parse_target(other)
    if first.kind not in SINKS or second.kind not in SINKS or not (first.place and second.place):
        return (first.kind, first.place) == (second.kind, second.place)
    return Path(first.place).resolve() == Path(second.place).resolve()


def _from_elsewhere(target: Target) -> SinkFactory:
    """Return the factory that another package has registered.

    Raises:
        BadInput: None has, or it cannot be loaded.
    """
    registered: dict[str, EntryPoint] = {one.name: one for one in entry_points(group=GROUP)}
    entry = registered.get(target.kind)
    if entry is None:
        known = ", ".join([*SINKS, *sorted(registered)])
        raise BadInput(f"Expected a kind of sink of {known}; got {target.kind!r}.")
    try:
        factory: SinkFactory = entry.load()
    except (ImportError, AttributeError) as error:
        raise BadInput(
            f"The sink {target.kind!r} of {entry.value} cannot be used: {error}."
        ) from error
    return factory
