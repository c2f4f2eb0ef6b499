"""The documentation's tables that are made from the tables of the code.

A page holds each between ``<!-- table: NAME -->`` and ``<!-- /table -->``. From the top of the
checkout, ``python docs/tables.py`` writes them anew; a test keeps pages and code equal.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random

from trunkline.events import EVENTS, Malformed, Unknown
from trunkline.events.base import Decoded, Event
from trunkline.metrics import FeedCollector
from trunkline.options import StreamOptions
from trunkline.policy.backoff import Backoff, Curve, comeback_seconds
from trunkline.policy.verdict_page import verdict_table_markdown
from trunkline.record import Limits, Progress, ServerProgress, Source
from trunkline.relay import RelaySettings
from trunkline.replay import Pace
from trunkline.report import Report, values
from trunkline.server.faults import FAULT_KINDS, Fault
from trunkline.server.site import Settings
from trunkline.signals import SIGNALS
from trunkline.stats import Counters, Stats
from trunkline.streams import STREAMS, Stream, StreamKind
from trunkline.transport.http import Network
from trunkline.wire.websocket import encode_subscribe

DOCS = Path(__file__).parent
EXAMPLES = {"tag": "python", "list": "42"}
STORM_CLIENTS, STORM_BARS, STORM_SEED = 10_000, 10, 2026
STORMS = (
    ("cut off by a restart, first try", Curve.PROMPT, 1),
    ("the third, while nothing answers", Curve.PROMPT, 3),
    ("answered with 503, first try", Curve.SERVER_TROUBLE, 1),
)
REPORT_VALUES = (
    *(values.Lag, values.Bucket, values.StreamCount, values.Missed),
    *(values.Ranking, values.Count, values.Delays),
)
PAYLOADS = {"object": "a JSON object", "id": "a bare id", "any": "nothing of use"}


@dataclasses.dataclass(frozen=True)
class _Counted:
    """What has these counts, whatever happens."""

    counts: Stats

    def stats(self) -> Stats:
        return self.counts


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


def options_table() -> str:
    """Return each option of a stream, its default and what it does."""
    rows = _defaults(StreamOptions, without="signals")
    return _table(("option", "default", "what it does"), rows)


def network_table() -> str:
    """Return each setting of the network, its default and what it does."""
    return _table(("setting", "default", "what it does"), _defaults(Network))


def stats_table() -> str:
    """Return each count of a feed and what it counts."""
    rows = ((f"`{name}`", about) for name, about in _documented(Stats).items())
    return _table(("count", "what it counts"), rows)


def signals_table() -> str:
    """Return each signal, what it carries besides `server` and `at`, and what it says."""
    rows = (
        (
            f"`{kind.__name__}`",
            _listed(_own_fields(kind)),
            _about(kind).partition(" Attributes:")[0],
        )
        for kind in SIGNALS
    )
    return _table(("signal", "carries", "says"), rows)


def faults_table() -> str:
    """Return each kind of fault and what one strike of it does."""
    rows = ((f"`{name}`", about) for name, about in FAULT_KINDS.items())
    return _table(("kind", "one strike"), rows)


def fault_fields_table() -> str:
    """Return each parameter of a fault, its default and what it says."""
    return _table(("parameter", "default", "what it says"), _defaults(Fault, without="kind"))


def settings_table() -> str:
    """Return each setting of the embedded server, its default and what it does."""
    return _table(("setting", "default", "what it does"), _defaults(Settings))


def source_table() -> str:
    """Return each part of a source, its default and what it is."""
    return _table(("argument", "default", "what it is"), _defaults(Source))


def limits_table() -> str:
    """Return each limit of a recording, its default and what it does."""
    return _table(("limit", "default", "what it does"), _defaults(Limits))


def progress_table() -> str:
    """Return what is told of a recording while it goes on, of the whole and of each server."""
    rows = [
        (f"`{kind.__name__}`" if place == 0 else "", f"`{name}`", about)
        for kind in (Progress, ServerProgress)
        for place, (name, about) in enumerate(_documented(kind).items())
    ]
    return _table(("of", "attribute", "what it is"), rows)


def relay_settings_table() -> str:
    """Return each setting of a relay, its default and what it does."""
    return _table(("setting", "default", "what it does"), _defaults(RelaySettings))


def pace_table() -> str:
    """Return each part of a pace, its default and what it says."""
    return _table(("argument", "default", "what it says"), _defaults(Pace))


def metrics_table() -> str:
    """Return each metric as Prometheus shows it, its type, its own label and what it counts."""
    stats = dataclasses.replace(
        Counters().snapshot(), events={"update": 1}, disconnects={"cut": 1}, lag_seconds=0.0
    )
    metrics = [(metric, metric.samples[0]) for metric in FeedCollector(_Counted(stats)).collect()]
    rows = (
        (f"`{sample.name}`", metric.type, _listed(sample.labels), metric.documentation)
        for metric, sample in metrics
    )
    return _table(("metric", "type", "label", "what it counts"), rows)


def report_table() -> str:
    """Return each part of a report and what it tells."""
    rows = ((f"`{name}`", about) for name, about in _documented(Report).items())
    return _table(("attribute", "what it tells"), rows)


def report_totals_table() -> str:
    """Return each number of the whole recording and what it counts."""
    rows = ((f"`{name}`", about) for name, about in _documented(values.Totals).items())
    return _table(("attribute", "what it counts"), rows)


def report_values_table() -> str:
    """Return the values that a report is made of, their attributes and what they say."""
    rows = (
        (f"`{kind.__name__}`", _listed(field.name for field in dataclasses.fields(kind)), about)
        for kind in REPORT_VALUES
        for about in [_about(kind).replace("``", "`")]
    )
    return _table(("value", "attributes", "says"), rows)


def comebacks_table() -> str:
    """Return when 10,000 clients that failed in the same instant try again, simulated."""
    rows = [row for about, curve, tries in STORMS for row in _storm(about, curve, tries)]
    return _table(("10,000 clients", "seconds later", "tries in that time", ""), rows)


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "streams": ("reference/streams.md", streams_table),
    "stream-wires": ("reference/streams.md", stream_wires_table),
    "events": ("reference/events.md", events_table),
    "verdict": ("reference/reconnecting.md", verdict_table_markdown),
    "comebacks": ("reference/reconnecting.md", comebacks_table),
    "options": ("reference/options.md", options_table),
    "network": ("reference/client.md", network_table),
    "stats": ("reference/stats.md", stats_table),
    "signals": ("reference/signals.md", signals_table),
    "faults": ("reference/testing.md", faults_table),
    "fault-fields": ("reference/testing.md", fault_fields_table),
    "settings": ("reference/server.md", settings_table),
    "source": ("reference/record.md", source_table),
    "limits": ("reference/record.md", limits_table),
    "progress": ("reference/record.md", progress_table),
    "relay-settings": ("reference/relay.md", relay_settings_table),
    "pace": ("reference/replay.md", pace_table),
    "metrics": ("reference/metrics.md", metrics_table),
    "report": ("reference/report.md", report_table),
    "report-totals": ("reference/report.md", report_totals_table),
    "report-values": ("reference/report.md", report_values_table),
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


def _storm(about: str, curve: Curve, tries: int) -> Iterable[tuple[str, str, str, str]]:
    """Yield a histogram: how many clients make the try after so many failures in each tenth."""
    chance = Random(STORM_SEED)
    seconds = [
        comeback_seconds(Backoff(curve), [chance.random() for _ in range(tries)])
        for _ in range(STORM_CLIENTS)
    ]
    width = math.ceil(max(seconds)) / STORM_BARS
    counts = Counter(int(second / width) for second in seconds)
    for bar in range(STORM_BARS):
        when = f"{bar * width:.1f} to {(bar + 1) * width:.1f}"
        yield about if bar == 0 else "", when, f"{counts[bar]:,}", "▇" * round(counts[bar] / 200)


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


def _about(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _own_fields(kind: type) -> list[str]:
    return [name for name in inspect.get_annotations(kind) if name not in ("server", "at")]


def _defaults(kind: type, *, without: str = "") -> Iterable[tuple[str, str, str]]:
    """Yield each field of a dataclass: its name, its default, what its docstring says."""
    about = _documented(kind)
    for field in dataclasses.fields(kind):
        if field.name != without:
            yield f"`{field.name}`", _default(field), about[field.name]


def _default(field: dataclasses.Field[object]) -> str:
    """Return a default as one would write it; of one that is no plain value nothing."""
    value = field.default
    if not isinstance(value, (str, int, float, type(None))):
        return ""
    return f"`{value:_}`" if type(value) is int and value >= 10_000 else f"`{value!r}`"


def _documented(kind: type) -> dict[str, str]:
    """Return what the docstring of a class says of each of its attributes."""
    _, _, section = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    section = section.partition("\n\n")[0]
    entries = re.findall(r"(?ms)^    (\w+): (.*?)(?=^    \w+: |\Z)", section)
    return {name: " ".join(about.split()).replace("``", "`") for name, about in entries}


if __name__ == "__main__":
    main()
