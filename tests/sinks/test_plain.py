"""The quick way from HTML to text gives what the careful way gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.server.synthetic import SyntheticSource
from trunkline.sinks.plain import quick_text
from trunkline.text import plain_text

TAGS = (
    '<p>|</p>|<br>|<br />|<br/>|<span class="invisible">|<span>|</span>|</a>|<a>|<b>|<P>|<p|</p'
    '|<a href="https://a.example/b?c=1&amp;d" rel="tag">|<!-- -->|<img alt="x">|<|>'
)
TEXTS = (
    "| |  |&amp;|&am|p;|&lt;b&gt;|&nbsp;|&#10;|&#x20;|&|;|hello|wörld|#|😀"
    "|\t|\n|\r|\x00|\x0b|\x1c|\x85|\xa0|\u2028|\u3000"
)
PIECES = st.sampled_from([*TAGS.split("|"), *TEXTS.split("|")])


@given(st.lists(PIECES, max_size=14).map("".join))
def test_it_is_the_same_text_whatever_the_html(html: str) -> None:
    assert quick_text(html) == plain_text(html)


@given(st.text())
def test_it_is_the_same_text_whatever_the_text(text: str) -> None:
    assert quick_text(text) == plain_text(text)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_same_text_for_invented_posts(seed: int) -> None:
    source = SyntheticSource(seed)
    for number in range(200):
        content = str(source.status(1_795_000_000_000 + number)["content"])
        assert quick_text(content) == plain_text(content)


def test_a_long_text_without_tags_takes_no_long_time() -> None:
    assert quick_text("a" * 1_000_000) == "a" * 1_000_000
    assert quick_text("<p>" * 100_000 + "<") == "<"
