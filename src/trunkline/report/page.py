"""The page: one HTML file that holds everything it shows and asks nobody for anything.

Promises that whatever a server sent is text in it: it has no script, no address that leads
elsewhere, and a Content-Security-Policy under which nothing could run or be loaded. Shows light or
dark as the reader's system does.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from trunkline.report.plots import (
    LAYERS,
    bar,
    histogram,
    lag_plot,
    layer_counts,
    rate_plot,
)
from trunkline.report.values import Count, Delays, Missed, Ranking, Report
from trunkline.report.words import amount, duration, language_name, moment_words, plain, size

__all__ = ["MOST_GAPS", "MOST_NAMES", "render_page"]

MOST_GAPS: Final = 50
MOST_NAMES: Final = 12
_STYLE: Final = files("trunkline.report").joinpath("report.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"
)


def render_page(report: Report) -> str:
    """Return a report as a whole HTML document."""
    name = escape(plain(report.recording))
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{name}: report</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            *_head(report),
            "<main>",
            *_body(report),
            "</main>",
            f"<footer>All times are UTC. Trunkline {escape(version('trunkline'))}.</footer>",
            "</body>",
            "</html>\n",
        )
    )


def _head(report: Report) -> list[str]:
    totals = report.totals
    span = ""
    if totals.first_at is not None and totals.last_at is not None:
        length = duration((totals.last_at - totals.first_at).total_seconds())
        span = f"{moment_words(totals.first_at)} to {moment_words(totals.last_at)} UTC · {length}"
    return [
        "<header>",
        f"<h1>{escape(plain(report.recording))}</h1>",
        f"<p>{escape(span)}</p>",
        "</header>",
    ]


def _body(report: Report) -> list[str]:
    if not report.totals.events:
        empty = _card("Nothing yet", "<p>No event has been recorded.</p>", "wide")
        return [empty, *([_gaps(report.gaps)] if report.gaps else [])]
    return [
        _tiles(report),
        _rates(report),
        _lag(report),
        _gaps(report.gaps),
        _ranking(
            "Languages",
            report.languages,
            [language_name(one.name) for one in _top(report.languages)],
        ),
        _ranking(
            "Servers of authors",
            report.author_servers,
            [_name(one) for one in _top(report.author_servers)],
        ),
        _ranking("Tags", report.tags, [f"#{_name(one)}" for one in _top(report.tags)]),
        _delays(
            report, "Until a post is edited", report.edit_delays, "from writing to the last edit"
        ),
        _delays(
            report,
            "Until a post is deleted",
            report.deletion_delays,
            "from writing to the deletion",
        ),
        _streams(report),
    ]


def _tiles(report: Report) -> str:
    totals, lag = report.totals, report.lag
    missed = (
        f"{amount(totals.incomplete_gaps)} incomplete" if totals.incomplete_gaps else "all filled"
    )
    tiles = (
        ("events", amount(totals.events), f"{amount(totals.caught_up)} caught up"),
        ("posts", amount(totals.posts), f"and {amount(totals.boosts)} boosts"),
        ("authors", amount(totals.authors), f"on {amount(report.author_servers.names)} servers"),
        ("edited posts", amount(totals.edited), _share(totals.edited, totals.posts)),
        ("deletions", amount(totals.deletions), _share(totals.deletions, totals.posts)),
        ("gaps", amount(totals.gaps), missed if totals.gaps else "none recorded"),
        (
            "median lag",
            duration(lag.median_seconds) if lag else "unknown",
            f"95 % within {duration(lag.p95_seconds)}" if lag else "ids hold no time",
        ),
        ("on disk", size(totals.file_bytes), _runs(totals.runs, totals.runs_without_end)),
    )
    items = (
        f"<div><dt>{label}</dt><dd>{escape(value)}</dd><dd>{escape(more)}</dd></div>"
        for label, value, more in tiles
    )
    return f'<dl class="tiles">{"".join(items)}</dl>'


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} for 100 posts" if whole else "no posts"


def _runs(runs: int, without_end: int) -> str:
    words = f"{amount(runs)} run{'' if runs == 1 else 's'}"
    return f"{words}, {amount(without_end)} without an end" if without_end else words


def _rates(report: Report) -> str:
    totals = layer_counts(report.totals.kinds)
    keys = "".join(
        f'<li><i class="k{place}"></i>{escape(words)} <b>{amount(total)}</b></li>'
        for place, ((_, words), total) in enumerate(zip(LAYERS, totals, strict=True))
        if total
    )
    plot = rate_plot(report.timeline, width_seconds=report.bucket_seconds, gaps=report.gaps)
    about = f"by kind, in steps of {duration(report.bucket_seconds)}"
    return _card(
        "Events a minute",
        f'<ul class="keys">{keys}{_gap_keys(report)}</ul>{_wide(plot)}',
        "wide",
        about,
    )


def _gap_keys(report: Report) -> str:
    looks = (("whole", "gap, filled", True), ("holed", "gap, incomplete", False))
    return "".join(
        f'<li><i class="{look}"></i>{words}</li>'
        for look, words, complete in looks
        if any(gap.complete is complete for gap in report.gaps)
    )


def _lag(report: Report) -> str:
    if report.lag is None:
        return _card("Lag", "<p>No post came live with an id that holds its time.</p>", "wide")
    keys = (
        '<ul class="keys"><li><i class="median"></i>median</li>'
        '<li><i class="late"></i>95th percentile</li></ul>'
    )
    plot = lag_plot(report.timeline, width_seconds=report.bucket_seconds, gaps=report.gaps)
    about = f"from the time in the id to the arrival, of {amount(report.lag.events)} live posts"
    return _card("Lag", keys + _wide(plot), "wide", about)


def _gaps(gaps: Sequence[Missed]) -> str:
    if not gaps:
        return _card("Gaps", "<p>None was recorded.</p>", "wide")
    # Those that have lost something come first.
    shown = sorted(gaps, key=lambda gap: (gap.complete, -gap.until.timestamp()))[:MOST_GAPS]
    about = f"the first {len(shown)} of {amount(len(gaps))}" if len(shown) < len(gaps) else ""
    heads = ("since", "until", "away for", "stream", "recovered", "what is missing, and why")
    return _card("Gaps", _wide(_table(heads, map(_gap_row, shown))), "wide", about)


def _gap_row(gap: Missed) -> list[str]:
    since, away = "never live before", ""
    if gap.since is not None:
        since, away = moment_words(gap.since), duration((gap.until - gap.since).total_seconds())
    missing = '<span class="good">nothing</span>'
    if not gap.complete:
        names = escape(plain(", ".join(gap.missing)) or "unknown")
        missing = f'<span class="bad">{names}</span><br>{escape(plain(gap.reason))}'
    stream = f"{escape(plain(gap.stream))}<br><small>{escape(_host(gap.server))}</small>"
    return [since, moment_words(gap.until), away, stream, amount(gap.recovered), missing]


def _top(ranking: Ranking) -> Sequence[Count]:
    return ranking.top[:MOST_NAMES]


def _name(one: Count) -> str:
    return plain(one.name) if one.name is not None else "not told"


def _ranking(title: str, ranking: Ranking, names: Sequence[str]) -> str:
    if not ranking.top:
        return _card(title, "<p>None.</p>")
    highest = ranking.top[0].posts
    authors = any(one.authors is not None for one in ranking.top)
    rows = (
        [escape(name), bar(one.posts / highest), amount(one.posts)]
        + ([amount(one.authors or 0)] if authors else [])
        for name, one in zip(names, _top(ranking), strict=True)
    )
    heads = ("name", "", "posts", *(("authors",) if authors else ()))
    about = f"{len(names)} of {amount(ranking.names)}" if len(names) < ranking.names else ""
    return _card(title, _table(heads, rows), "", about)


def _delays(report: Report, title: str, delays: Delays, about: str) -> str:
    if not delays.total or delays.median_seconds is None:
        return _card(title, "<p>None was recorded.</p>", "half", about)
    plot = histogram(delays, bounds_seconds=report.delay_bounds_seconds, about=f"{title}: {about}")
    words = f"{amount(delays.total)} posts {about}, median {duration(delays.median_seconds)}"
    return _card(title, plot, "half", words)


def _streams(report: Report) -> str:
    rows = (
        [escape(plain(one.stream)), escape(_host(one.server)), amount(one.events)]
        for one in report.streams
    )
    return _card("Streams", _wide(_table(("stream", "server", "events"), rows)), "wide")


def _host(server: str) -> str:
    return plain(server.partition("://")[2] or server)


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells of `rows` are HTML."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _wide(content: str) -> str:
    return f'<div class="scroll">{content}</div>'


def _card(title: str, content: str, look: str = "", about: str = "") -> str:
    """Return a part of the page; `content` is HTML."""
    small = f" <small>{escape(about)}</small>" if about else ""
    return f'<section class="{look}"><h2>{escape(title)}{small}</h2>{content}</section>'
