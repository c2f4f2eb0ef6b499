"""The documentation's tables that are made from the tables of the code.

A page holds each between ``<!-- table: NAME -->`` and ``<!-- /table -->``. From the top of the
checkout, ``python docs/tables.py`` writes them anew; a test keeps pages and code equal.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from trunkline.events import EVENTS, Malformed, Unknown
from trunkline.events.base import Decoded, Event
from trunkline.policy.verdict_page import verdict_table_markdown
from trunkline.streams import STREAMS, Stream, StreamKind
from trunkline.wire.websocket import encode_subscribe

DOCS = Path(__file__).parent
EXAMPLES = {"tag": "python", "list": "42"}
PAYLOADS = {"object": "a JSON object", "id": "a bare id", "any": "nothing of use"}


def streams_table() -> str:
    """Return each stream's text, its maker in Python, what it tells and the scopes it needs."""
    rows = (
        (f"`{_text(kind)}`", f"`{_maker(kind)}`", kind.about, _listed(kind.scope.split()))
        for kind in STREAMS.values()
    )
    return _table(("stream", "in Python", "tells", "scopes"), rows)


def stream_wires_table() -> str:
    """Return how each stream is asked for on either transport, and what catches it up."""
    rows = (
        (
            f"`{_text(kind)}`",
            f"`{_path(stream.sse_path, stream.sse_query)}`",
            f"`{encode_subscribe(stream)}`",
            "<br>".join(f"`{_path(row.path, row.query)}`" for row in stream.timelines),
        )
        for kind in STREAMS.values()
        for stream in [Stream.parse(_text(kind))]
    )
    heads = ("stream", "event stream, below `/api/v1/streaming/`", "WebSocket", "caught up by")
    return _table(heads, rows)


def events_table() -> str:
    """Return each event's name on the wire, its class, what can be read of it, and its payload."""
    known = (
        (f"`{name}`", f"`{kind.__name__}`", _attributes(kind), PAYLOADS[kind.shape], _about(kind))
        for name, kind in EVENTS.items()
    )
    others = (
        ("any other", f"`{Unknown.__name__}`", "`name`", "anything", _about(Unknown)),
        ("none", f"`{Malformed.__name__}`", "`name`, `reason`", "what came", _about(Malformed)),
    )
    return _table(("event", "class", "read", "payload", "says"), (*known, *others))


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "streams": ("reference/streams.md", streams_table),
    "stream-wires": ("reference/streams.md", stream_wires_table),
    "events": ("reference/events.md", events_table),
    "verdict": ("reference/reconnecting.md", verdict_table_markdown),
}
"""Every table of the documentation by the name in its marker: its page, and what makes it."""


def with_table(page: str, name: str, table: str) -> str:
    """Return the text of a page with `table` between the markers of that name.

    Raises:
        ValueError: The page does not have these markers exactly once.
    """
    parts = re.split(rf"(?s)(<!-- table: {re.escape(name)} -->\n).*?(<!-- /table -->)", page)
    if len(parts) != 4:
        raise ValueError(
            f"Expected one '<!-- table: {name} -->' with '<!-- /table -->' behind it in the page; "
            f"got {len(parts) // 3}."
        )
    before, begin, end, after = parts
    return f"{before}{begin}{table}\n{end}{after}"


def main() -> None:
    """Write every table into its page and say which pages changed."""
    for name, (path, make) in TABLES.items():
        page = DOCS / path
        old = page.read_text(encoding="utf-8")
        new = with_table(old, name, make())
        page.write_text(new, encoding="utf-8")
        print(f"{path}: table {name} {'is as it was' if new == old else 'written'}")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = tuple(heads)
    lines = (heads, ("---",) * len(heads), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(kind: StreamKind) -> str:
    return kind.name if kind.parameter is None else f"{kind.name}:{EXAMPLES[kind.parameter]}"


def _maker(kind: StreamKind) -> str:
    """Return the call that makes a stream of this kind."""
    first, *options = kind.name.split(":")
    if kind.name == "user:notification":
        first, options = "notifications", []
    given = [repr(EXAMPLES[kind.parameter])] if kind.parameter is not None else []
    named = [f"{'only_media' if option == 'media' else option}=True" for option in options]
    return f"Stream.{first}({', '.join([*given, *named])})"


def _path(path: str, query: Iterable[tuple[str, str]]) -> str:
    pairs = "&".join(f"{name}={value}" for name, value in query)
    return f"{path}?{pairs}" if pairs else path


def _attributes(kind: type[Event]) -> str:
    return _listed(name for name, value in vars(kind).items() if isinstance(value, Decoded))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _about(kind: type[Event]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


if __name__ == "__main__":
    main()
