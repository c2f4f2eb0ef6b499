"""The page of a report: whole, quiet, and made of text only."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.days import GAPS, at, came, record_at, small_day, written_at
from tests.sinks.builders import gap

from trunkline.report import Report, measure, render_page
from trunkline.report.plots import bar, histogram, lag_plot, rate_plot
from trunkline.report.scales import RIGHT
from trunkline.report.values import DELAY_BOUNDS_SECONDS, Bucket, Lag, Missed, delays

VOID = frozenset({"meta", "br"})
# fmt: off
ELEMENTS = frozenset({
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "main", "dl",
    "div", "dt", "dd", "section", "ul", "li", "i", "b", "small", "span", "table", "thead", "tbody",
    "tr", "th", "td", "br", "footer", "svg", "path", "rect", "text",
})
# fmt: on
LEADS_ELSEWHERE = frozenset(
    ["src", "href", "action", "formaction", "data", "poster", "srcset", "xlink:href", "style"]
)


class Reader(HTMLParser):
    """Reads a page as a browser does, and complains about what does not fit together."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(name="report", scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("page") / "toots.db"
    return measure(record_at(path, small_day(), gaps=GAPS))


def test_it_is_one_whole_document_that_leads_nowhere(report: Report) -> None:
    page = render_page(report)
    reader = read(page)
    assert reader.tags <= ELEMENTS
    assert not {name for name, _ in reader.attributes} & LEADS_ELSEWHERE
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page


def test_its_policy_allows_its_own_style_and_nothing_else(report: Report) -> None:
    page = render_page(report)
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    (policy,) = (text for _, text in read(page).attributes if text and "default-src" in text)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert "unsafe" not in policy


def test_it_tells_the_numbers(report: Report) -> None:
    words = " ".join(read(render_page(report)).words)
    for told in (
        "toots.db",
        "2026-11-24 12:00:01 to 2026-11-24 12:01:59 UTC",
        "German",
        "harbour.example",
        "#python",
        "the server has no timeline for it",
        "delete, update",
        "1.5 s",
        "never live before",
        "trunkline.example",
    ):
        assert told in words


def test_all_plots_are_there(report: Report) -> None:
    page = render_page(report)
    assert page.count('<svg class="plot"') == 4
    assert page.count('class="gap whole"') == page.count('class="gap holed"') == 2


def test_texts_of_servers_are_text(tmp_path: Path) -> None:
    evil = "<script>alert('\"&\x00\u202e')</script>"
    events = [came(written_at(0, acct=f"eve@{evil}", tags=[evil], language=evil), 1)]
    hole = gap(complete=False, reason=evil, missing=frozenset({"<i>"}), server=f"https://{evil}")
    path = record_at(tmp_path / "<b>&.db", events, gaps=[hole])
    page = render_page(measure(path))
    reader = read(page)
    assert "script" not in reader.tags
    words = " ".join(reader.words)
    assert words.count("<script>alert('\"& ')</script>") == 5
    assert "<b>&.db" in words
    assert "<i>" in words
    assert not re.search("[\x00\u202e]", page)


def test_an_empty_recording_has_a_page_that_says_so(tmp_path: Path) -> None:
    page = render_page(measure(record_at(tmp_path / "toots.db", [])))
    assert "No event has been recorded." in read(page).words


def test_a_gap_of_an_empty_recording_is_told(tmp_path: Path) -> None:
    page = render_page(measure(record_at(tmp_path / "toots.db", [], gaps=GAPS)))
    assert "the server has no timeline for it" in read(page).words


@st.composite
def timelines(draw: st.DrawFn) -> tuple[int, list[Bucket]]:
    """Draw what any recording could give, and some that none could."""
    width = draw(st.sampled_from([1, 15, 60, 3600, 21_600, 86_400, 86_400 * 100]))
    seconds = st.floats(0, 86_400)
    lags = st.none() | st.builds(
        lambda one, more: Lag(1, min(one, more), max(one, more)), seconds, seconds
    )
    counts = st.dictionaries(
        st.sampled_from(["update", "delete", "x<y", ""]), st.integers(1, 10**9), max_size=3
    )
    drawn = draw(st.lists(st.tuples(counts, lags), min_size=1, max_size=40))
    return width, [Bucket(at(place * width), *one) for place, one in enumerate(drawn)]


@st.composite
def missed(draw: st.DrawFn) -> Missed:
    seconds = st.floats(-1e6, 1e8)
    return Missed(
        server="https://a.example",
        stream="public",
        since=draw(st.none() | seconds.map(at)),
        until=at(draw(seconds)),
        recovered=0,
        complete=draw(st.booleans()),
        missing=(),
        reason="",
    )


def numbers_in(plot: str) -> Iterator[float]:
    for element in ET.fromstring(plot).iter():
        for name in ("x", "y", "width", "height", "d"):
            yield from map(float, re.findall(r"-?[\d.]+(?:e[-+]\d+)?", element.get(name, "")))


@given(drawn=timelines(), gaps=st.lists(missed(), max_size=5))
def test_every_timeline_can_be_drawn_within_its_frame(
    drawn: tuple[int, list[Bucket]], gaps: list[Missed]
) -> None:
    width, timeline = drawn
    plots = [rate_plot(timeline, width_seconds=width, gaps=gaps)]
    if any(bucket.lag for bucket in timeline):
        plots.append(lag_plot(timeline, width_seconds=width, gaps=gaps))
    for plot in plots:
        assert all(0 <= number <= 1000 for number in numbers_in(plot))
        assert "nan" not in plot
        for rect in ET.fromstring(plot).iter("rect"):
            right = float(rect.get("x", "")) + float(rect.get("width", ""))
            assert right <= RIGHT + 0.1
        assert plot.count("<title>") == len(timeline)


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_every_histogram_can_be_drawn_within_its_frame(seconds: list[float]) -> None:
    plot = histogram(delays(seconds), bounds_seconds=DELAY_BOUNDS_SECONDS, about='"<edits>&"')
    assert all(0 <= number <= 520 for number in numbers_in(plot))
    assert ET.fromstring(plot).get("aria-label") == '"<edits>&"'


def test_a_bar_fills_its_share() -> None:
    assert 'width="25.00"' in bar(0.25)
