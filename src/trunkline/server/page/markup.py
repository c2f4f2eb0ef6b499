"""The HTML of posts, made safe to show: only the elements that Mastodon itself lets through.

Promises that what comes out holds no script, no style, no picture, no form, no handler of events
and no address but of the web or of mail, whatever came in. Two ways: `nh3` where it is installed
(the extra ``page``), else the plain text, escaped, in paragraphs. Knows nothing of posts.

Source: Mastodon documentation, "HTML sanitization".
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Final

from trunkline.text import plain_text

__all__ = ["as_paragraphs", "safe_html"]

# fmt: off
_TAGS: Final = frozenset({
    "a", "b", "blockquote", "br", "code", "del", "em", "i", "li", "ol", "p", "pre", "rp", "rt",
    "ruby", "s", "span", "strong", "u", "ul",
})
# fmt: on
_CLASSES: Final = frozenset({"ellipsis", "h-card", "hashtag", "invisible", "mention", "u-url"})
_SCHEMES: Final = frozenset({"http", "https", "mailto"})
_NO_REFERRER: Final = "nofollow noopener noreferrer"


def as_paragraphs(html: str) -> str:
    """Return the text of `html` as escaped paragraphs: no element but ``p`` and ``br``."""
    paragraphs = plain_text(html).split("\n\n")
    lines = (escape(one).replace("\n", "<br>") for one in paragraphs if one.strip())
    return "".join(f"<p>{one}</p>" for one in lines)


def _cleaner() -> Callable[[str], str]:
    try:
        from nh3 import Cleaner
    except ImportError:
        return as_paragraphs
    return Cleaner(
        tags=set(_TAGS),
        clean_content_tags={"script", "style", "template", "noscript", "textarea", "title"},
        attributes={"a": {"href"}, "ol": {"start", "reversed"}, "li": {"value"}},
        allowed_classes={"a": set(_CLASSES), "span": set(_CLASSES)},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=set(_SCHEMES),
        link_rel=_NO_REFERRER,
    ).clean


safe_html: Final[Callable[[str], str]] = _cleaner()
"""Returns `html` with nothing left in it that could do anything but be read."""
