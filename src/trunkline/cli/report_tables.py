"""The numbers of a report as tables for a terminal.

Promises that what servers sent is plain text in them: no markup, no control characters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from trunkline.report.values import Count, Delays, Missed, Report
from trunkline.report.words import (
    amount,
    duration,
    kind_name,
    language_name,
    moment_words,
    plain,
    size,
)

__all__ = ["tables"]

_MOST_ROWS: Final = 10
_SPARKS: Final = " ▁▂▃▄▅▆▇█"
_SPARK_COLUMNS: Final = 60


def tables(report: Report) -> Iterator[Table]:
    """Yield the tables of a report, one under the other."""
    yield _totals(report)
    if report.totals.events:
        yield _kinds(report)
    if report.gaps:
        yield _gaps(report.gaps)
    if report.totals.posts:
        yield _rankings(report)
    if report.edit_delays.total or report.deletion_delays.total:
        yield _delays(report)


def _totals(report: Report) -> Table:
    totals, lag = report.totals, report.lag
    table = _table(plain(report.recording), "", "")
    if totals.first_at is None:
        table.add_row(_muted("events"), "none yet")
        return table
    rows = (
        ("from", f"{moment_words(totals.first_at)} UTC"),
        ("until", f"{moment_words(totals.last_at)} UTC"),
        ("events", f"{amount(totals.events)}, {amount(totals.caught_up)} of them caught up"),
        ("a minute", _sparks([sum(one.counts.values()) for one in report.timeline])),
        ("posts", f"{amount(totals.posts)} and {amount(totals.boosts)} boosts"),
        ("authors", f"{amount(totals.authors)} on {amount(report.author_servers.names)} servers"),
        ("edited", amount(totals.edited)),
        ("deletions", amount(totals.deletions)),
        ("gaps", f"{amount(totals.gaps)}, {amount(totals.incomplete_gaps)} incomplete"),
        ("lag", _lag(lag.median_seconds, lag.p95_seconds) if lag else "ids hold no time"),
        ("runs", f"{amount(totals.runs)}, {amount(totals.runs_without_end)} without an end"),
        ("on disk", size(totals.file_bytes)),
    )
    for label, value in rows:
        table.add_row(_muted(label), Text(value))
    return table


def _lag(median_seconds: float, p95_seconds: float) -> str:
    return f"median {duration(median_seconds)}, 95 % within {duration(p95_seconds)}"


def _sparks(counts: Sequence[int]) -> str:
    """Return a line of bars of the timeline, drawn in as many columns as there are or fit."""
    step = -(-len(counts) // _SPARK_COLUMNS)
    sums = [sum(counts[place : place + step]) for place in range(0, len(counts), step)]
    top = len(_SPARKS) - 1
    return "".join(_SPARKS[-(-count * top // max(sums))] for count in sums)


def _kinds(report: Report) -> Table:
    table = _table("Events and streams", "kind", ">events", "stream", "server", ">events")
    kinds = [(kind_name(kind), amount(count)) for kind, count in report.totals.kinds.items()]
    streams = [
        (plain(one.stream), plain(one.server.partition("://")[2]), amount(one.events))
        for one in report.streams
    ]
    for kind, stream in zip_longest(kinds[:_MOST_ROWS], streams[:_MOST_ROWS]):
        table.add_row(*map(Text, kind or ("", "")), *map(Text, stream or ("", "", "")))
    return table


def _gaps(gaps: Sequence[Missed]) -> Table:
    first = sorted(gaps, key=lambda gap: (gap.complete, -gap.until.timestamp()))[:_MOST_ROWS]
    more = f" (first {len(first)} of {amount(len(gaps))})" if len(first) < len(gaps) else ""
    table = _table(f"Gaps{more}", "until", "away for", "stream", ">recovered", "missing, and why")
    for gap in first:
        away = duration((gap.until - gap.since).total_seconds()) if gap.since else "unknown"
        missing = "nothing" if gap.complete else f"{', '.join(gap.missing)}: {gap.reason}"
        cells = (moment_words(gap.until), away, plain(gap.stream), amount(gap.recovered))
        table.add_row(*map(Text, cells), Text(plain(missing), "green" if gap.complete else "red"))
    return table


def _rankings(report: Report) -> Table:
    table = _table(
        "Posts by language, server of the author, and tag",
        *("language", ">posts", "server", ">posts", "tag", ">posts"),
    )
    rows = zip_longest(
        _cells(report.languages.top, [language_name(one.name) for one in report.languages.top]),
        _cells(report.author_servers.top, [_name(one) for one in report.author_servers.top]),
        _cells(report.tags.top, [f"#{_name(one)}" for one in report.tags.top]),
        fillvalue=("", ""),
    )
    for groups in rows:
        table.add_row(*(Text(cell) for group in groups for cell in group))
    return table


def _cells(counts: Sequence[Count], names: Sequence[str]) -> list[tuple[str, str]]:
    pairs = zip(names, counts, strict=True)
    return [(name, amount(one.posts)) for name, one in pairs][:_MOST_ROWS]


def _name(one: Count) -> str:
    return plain(one.name) if one.name is not None else "not told"


def _delays(report: Report) -> Table:
    table = _table("Until a post is edited, or deleted", "after", ">edited", ">deleted")
    bounds = [duration(bound) for bound in report.delay_bounds_seconds]
    between = [f"{low} to {high}" for low, high in pairwise(bounds)]
    labels = [f"up to {bounds[0]}", *between, f"more than {bounds[-1]}"]
    counts = zip(report.edit_delays.counts, report.deletion_delays.counts, strict=True)
    for label, (edited, deleted) in zip(labels, counts, strict=True):
        table.add_row(Text(label), amount(edited), amount(deleted))
    table.add_row(_muted("median"), _median(report.edit_delays), _median(report.deletion_delays))
    return table


def _median(delays: Delays) -> str:
    return "" if delays.median_seconds is None else duration(delays.median_seconds)


def _table(title: str, *heads: str) -> Table:
    """Return a table without rows; a head that begins with ``>`` has numbers under it."""
    table = Table(
        title=Text(title, "bold"), title_justify="left", box=SIMPLE_HEAD, show_header=any(heads)
    )
    for head in heads:
        name = head.removeprefix(">")
        table.add_column(Text(name), justify="right" if head != name else "left")
    return table


def _muted(text: str) -> Text:
    return Text(text, "dim")
