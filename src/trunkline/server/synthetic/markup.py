"""The HTML that Mastodon writes into `content`: paragraphs, hashtags, mentions, links.

Promises that plain text is escaped once and that addresses stand where Mastodon puts them. Knows
nothing of JSON, people or time.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

__all__ = ["EDIT_MARK", "edited", "escaped", "hashtag", "link", "mention", "paragraph", "tag_url"]

EDIT_MARK = "<p>✏️ "


def escaped(text: str) -> str:
    """Return plain text as HTML."""
    return escape(text, quote=False)


def paragraph(html: str) -> str:
    """Wrap HTML in a paragraph."""
    return f"<p>{html}</p>"


def tag_url(name: str, *, base: str) -> str:
    """Return the page of a hashtag, percent-encoded as Mastodon does."""
    return f"{base}/tags/{quote(name)}"


def hashtag(name: str, *, base: str) -> str:
    """Return the link of a hashtag."""
    url = tag_url(name.lower(), base=base)
    return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{escaped(name)}</span></a>'


def mention(username: str, *, url: str) -> str:
    """Return the link of a mentioned account."""
    return (
        f'<span class="h-card" translate="no"><a href="{escape(url)}" class="u-url mention">'
        f"@<span>{escaped(username)}</span></a></span>"
    )


def link(url: str) -> str:
    """Return a link whose scheme is hidden, as Mastodon shows addresses."""
    scheme, _, rest = url.partition("://")
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="">{escaped(rest)}</span></a>'
    )


def edited(content: str, sentence: str) -> str:
    """Return the content with a note of the edit at its end, in place of an earlier note."""
    return f"{content.partition(EDIT_MARK)[0]}{EDIT_MARK}{escaped(sentence)}</p>"
