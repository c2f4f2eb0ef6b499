"""Plain text of posts: what readers see, and what hostile markup cannot do."""

from __future__ import annotations

import html
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.server.synthetic import SyntheticSource
from trunkline.text import parsed_text, plain_text

LINK = (
    '<a href="https://www.example.org/a/long/path" rel="nofollow">'
    '<span class="invisible">https://www.</span><span class="ellipsis">example.org/a/l</span>'
    '<span class="invisible">ong/path</span></a>'
)

READ_AS = {
    "paragraphs are parted by a blank line": ("<p>One</p><p>Two</p>", "One\n\nTwo"),
    "nested blocks part only once": ("<div><p>One</p></div>\n<div><p>Two</p></div>", "One\n\nTwo"),
    "a br is a line feed": ("<p>One<br>two<br />\nthree</p>", "One\ntwo\nthree"),
    "two br are a blank line": ("One<br><br>two", "One\n\ntwo"),
    "a br at the end of a paragraph adds nothing": ("<p>One<br></p><p>Two</p>", "One\n\nTwo"),
    "a shortened link reads whole": (
        f"<p>See {LINK}!</p>",
        "See https://www.example.org/a/long/path!",
    ),
    "a mention keeps its text": (
        '<p><span class="h-card"><a href="https://a.example/@b">@<span>b</span></a></span> hi</p>',
        "@b hi",
    ),
    "entities are unescaped": (
        "<p>1 &lt; 2 &amp;&amp; &quot;&#39;&eacute;&#x1F33B;</p>",
        "1 < 2 && \"'é🌻",
    ),
    "emoji and shortcodes stay": ("<p>🏳️‍🌈 :blob:</p>", "🏳️‍🌈 :blob:"),
    "a picture speaks by its alt text": ('<p>a <img src="x" alt=":blob:"> b</p>', "a :blob: b"),
    "a picture without alt text is silent": ("<p>a<img>b</p>", "ab"),
    "spaces stay as typed": ("<p>a  b<br>  c</p>", "a  b\n  c"),
    "a line feed in the source is a space": ("<p>a\n   b\r\n<b>c</b>\n</p>", "a b c"),
    "several line feeds in the source are one space": ("a\n\n \n b\nc", "a b c"),
    "no line ends in a space": ("<p>a <br>b </p><p>c </p>", "a\nb\n\nc"),
    "white space around blocks is not text": ("\n <p>a</p>\n\n <p>b</p> \n", "a\n\nb"),
    "preformatted text keeps its lines": (
        "<pre>\n if x:\n   y\n</pre><p>z</p>",
        " if x:\n   y\n\nz",
    ),
    "items stand on their own lines": (
        "<p>x</p><ul><li>a</li><li>b</li></ul>y",
        "x\n\n- a\n- b\n\ny",
    ),
    "ordered items are numbered": ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
    "nested lists are indented": (
        "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>",
        "- a\n  1. b\n  2. c\n- d",
    ),
    "an item without a list is an item": ("<li>a", "- a"),
    "ruby keeps its brackets": ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"),
    "scripts and styles are not text": ("a<script>b</script><style>c</style><p>d</p>", "a\n\nd"),
    "comments are not text": ("a<!-- b > c -->d<!-->e", "ade"),
    "an unfinished comment hides nothing more than itself": ("a<!-- b>c", "ac"),
    "declarations are not text": ("<!DOCTYPE html>a<![foo[b]>c<![CDATA[d]]>e", "ace"),
    "a lone angle bracket is text": ("<p>a < b, I <3 you</p> <", "a < b, I <3 you\n\n <"),
    "an unfinished tag is text": ("a <b", "a <b"),
    "stray ends are ignored": ("</ul></pre></script></p>a", "a"),
    "text without markup stays": ("just text", "just text"),
    "nothing is nothing": ("", ""),
    "markup without text is nothing": ("<p> </p><br>\n<ul></ul>", ""),
}


@pytest.mark.parametrize(("markup", "text"), READ_AS.values(), ids=READ_AS.keys())
def test_html_reads_as_people_see_it(markup: str, text: str) -> None:
    assert plain_text(markup) == text
    assert parsed_text(markup) == text


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_it_fail_or_is_read_in_two_ways(markup: str) -> None:
    assert plain_text(markup) == parsed_text(markup)


# fmt: off
FRAGMENTS = st.sampled_from([
    "<", ">", "</", "<!", "<!--", "-->", "<![x[", "]]>", "<?", "/>", "<a ", "href=\"", "'",
    "<p>", "</p>", "<br>", "<pre>", "</pre>", "<ul>", "</ul>", "<ol>", "<li>", "<img alt=x>",
    "<script>", "</script>", "<style>", "&", "&lt", "&#;", "&#xD800;", " ", "\n", "\r", "\x00", "x",
])
# fmt: on


@settings(deadline=None)
@given(st.lists(FRAGMENTS).map("".join))
def test_no_broken_markup_makes_it_fail_or_is_read_in_two_ways(markup: str) -> None:
    assert plain_text(markup) == parsed_text(markup)


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_characters="\r\n\f", exclude_categories=["Cs", "Cc"]))
)
def test_escaped_text_comes_back(text: str) -> None:
    shown = text.rstrip(" \t") if text.strip() else ""  # a paragraph of blanks is none
    assert plain_text(f"<p>{html.escape(text)}</p>") == shown


@pytest.mark.parametrize("read", [plain_text, parsed_text])
@pytest.mark.parametrize(
    "fragment",
    [
        "<a ",
        '<a x="',
        "<!--",
        "<!--x>",
        "<![x[",
        "</",
        "<",
        "<?",
        "&",
        "&#",
        "<ul><li>x",
        " ",
        "\n",
    ],
)
def test_hostile_repetition_costs_linear_time(fragment: str, read: Callable[[str], str]) -> None:
    started = time.process_time()
    read(fragment * 20_000)
    assert time.process_time() - started < 1.0  # linear: about 0.1 s; quadratic: 2 s to 20 s


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
def test_the_quick_way_and_the_parser_give_the_same_text_whatever_the_html(html: str) -> None:
    assert plain_text(html) == parsed_text(html)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_same_text_for_invented_posts(seed: int) -> None:
    source = SyntheticSource(seed)
    for number in range(200):
        content = str(source.status(1_795_000_000_000 + number)["content"])
        assert plain_text(content) == parsed_text(content)


def test_a_long_text_without_tags_takes_no_long_time() -> None:
    assert plain_text("a" * 1_000_000) == "a" * 1_000_000
    assert plain_text("<p>" * 100_000 + "<") == "<"
