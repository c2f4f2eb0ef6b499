"""The HTML of posts as plain text.

Promises one blank line between paragraphs, a line feed for each ``<br>``, items of lists on lines
of their own, whole URLs (Mastodon splits a link into an invisible, a visible and another invisible
span; together they are the URL), the names of pictures that stand for emoji, and that no input
makes it fail or take more than linear time. Spaces are kept as typed, since Mastodon shows them so;
a line feed in the source is only a space.

Nearly every post is made of paragraphs, line breaks, links and spans: `plain_text` reads those by
itself and leaves everything else to `parsed_text`, which gives the same text for any input and
takes several times longer.

Refuses to know entities, and to judge: hidden text is text.
"""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Final

__all__ = ["parsed_text", "plain_text"]

# fmt: off
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "div", "dl", "fieldset", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre",
    "section", "table", "ul",
})
# fmt: on
_LINES: Final = frozenset({"dd", "dt", "li", "tr"})
_LISTS: Final = frozenset({"ol", "ul"})
_UNSEEN: Final = frozenset({"script", "style"})
_SPACE: Final = " \t\n\r\f"
_DEEPEST_INDENT: Final = 8  # of nested lists, in steps; without an end it would be square in size
_LINE_FEEDS: Final = str.maketrans("\r\f", "\n\n")


# Tags are told from text by the first "<", so nothing here can be read in two ways, and possessive
# loops never turn back.
_USUAL: Final = re.compile(
    r"(?:[^<>\r\n\f]++|</?p>|<br ?/?>|<(?:span|a)(?: [a-z]+=\"[^<>\"]*\")*+>|</span>|</a>)*+"
)
_TAG: Final = re.compile(r"<(/?[a-z]+)[^<>]*>")
_FEEDS: Final = re.compile(r"[\r\n\f]")
_PARAGRAPHS: Final = frozenset({"p", "/p"})


def plain_text(html: str) -> str:
    """Return `html` as text: no markup, entities unescaped, no blank lines at either end."""
    if not _USUAL.fullmatch(html):
        return parsed_text(html)
    parts: list[str] = []
    owed = 0  # line feeds before the next text
    pieces = _TAG.split(html)  # text, tag, text, tag ... text
    for place, piece in enumerate(pieces):
        if place % 2:
            owed = owed + 1 if piece == "br" else max(owed, 2) if piece in _PARAGRAPHS else owed
            continue
        text = unescape(piece) if "&" in piece else piece
        if text is not piece and _FEEDS.search(text):  # written as a number, and only a space
            return parsed_text(html)
        if not text or (text.isspace() and (owed or not parts)):
            continue
        if owed and parts:
            parts[-1] = parts[-1].rstrip(_SPACE)
            parts.append("\n" * owed)
        owed = 0
        parts.append(text)
    return "".join(parts).strip("\n").rstrip(_SPACE)


def parsed_text(html: str) -> str:
    """Return `html` as `plain_text` does, by the parser of the standard library alone."""
    # A "<" after the last ">" opens nothing. As text it is harmless; left as it is, many of them
    # cost the parser quadratic time.
    body, close, tail = html.rpartition(">")
    reader = _Reader()
    reader.feed(body + close + tail.replace("<", "&lt;"))
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Collects text, and owes line feeds until the next text comes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._owed = 0  # line feeds before the next text
        self._bullet = ""  # mark of an item, before its first text
        self._unseen = 0  # depth inside elements whose text is not for people
        self._preformatted = 0  # depth inside <pre>
        self._comments_end = True  # false once no end is left; to search again costs square time
        self._counters: list[int | None] = []  # for each open list its next number, None: bullets

    def text(self) -> str:
        return "".join(self._parts).strip("\n").rstrip(_SPACE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._owed += 1
        elif tag == "img":
            self._write(dict(attrs).get("alt") or "")
        self._unseen += tag in _UNSEEN
        self._preformatted += tag == "pre"
        if tag in _LISTS:
            self._counters.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._bullet = self._next_bullet()
        self._break_at(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self._preformatted -= tag == "pre" and self._preformatted > 0
        self._break_at(tag)
        if tag in _LISTS and self._counters:
            self._counters.pop()

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._preformatted:
            self._write(data.removeprefix("\n") if self._at_line_start() else data)
        elif data.isspace() and self._at_line_start():
            return  # between two blocks
        else:
            self._write(self._flowed(data))

    def parse_comment(self, i: int, report: bool = True) -> int:
        """Skip a comment. One without an end ends at the next ``>``, or it would hide the rest."""
        end = self.rawdata.find("-->", i + 2) if self._comments_end else -1
        self._comments_end = end >= 0
        return end + 3 if self._comments_end else self.parse_bogus_comment(i, report)

    def parse_html_declaration(self, i: int) -> int:
        """Skip ``<!...>`` whatever it says: some of it the base class fails on."""
        return self.parse_bogus_comment(i)

    def _break_at(self, tag: str) -> None:
        if tag in _BLOCKS and not (tag in _LISTS and len(self._counters) > 1):
            self._owed = max(self._owed, 2)
        elif tag in _LINES or tag in _LISTS:
            self._owed = max(self._owed, 1)

    def _next_bullet(self) -> str:
        indent = "  " * min(len(self._counters) - 1, _DEEPEST_INDENT)
        if not self._counters or (number := self._counters[-1]) is None:
            return f"{indent}- "
        self._counters[-1] = number + 1
        return f"{indent}{number}. "

    def _at_line_start(self) -> bool:
        return self._owed > 0 or not self._parts

    def _flowed(self, data: str) -> str:
        """Make white space that holds a line feed one space, or nothing at the start of a line."""
        first, *rest = data.translate(_LINE_FEEDS).split("\n")
        if not rest:
            return data
        *inner, last = rest
        words = [word for line in inner if (word := line.strip(_SPACE))]
        flowed = " ".join([first.rstrip(_SPACE), *words, last.lstrip(_SPACE)])
        return flowed.lstrip(_SPACE) if self._at_line_start() else flowed

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._owed and self._parts:
            self._parts[-1] = self._parts[-1].rstrip(_SPACE)
            self._parts.append("\n" * self._owed)
        self._owed = 0
        self._parts.append(self._bullet + text)
        self._bullet = ""
