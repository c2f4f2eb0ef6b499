"""What one can listen to: the `Stream` value and the table of all streams.

One table knows for every stream its path as an event stream (SSE), its words on a WebSocket, and
the REST timelines that catch it up. Everything else that needs one of these asks here. The module
knows nothing about tokens, hosts or connections.

Source: Mastodon API, "Streaming API methods" and "Timelines API methods".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, Self

import msgspec

from trunkline.errors import BadInput

__all__ = ["STREAMS", "Stream", "StreamKind", "Timeline", "Track", "normalise_tag"]

Track = Literal["statuses", "notifications", "conversations"]
Pairs = tuple[tuple[str, str], ...]

_RESERVED: Final = ":/?#%&"  # in a tag they would change what a stream's text, path or query means


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One REST timeline that catches a stream up: what it lists, where, and its largest page."""

    track: Track
    path: str
    query: Pairs = ()
    page_limit: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamKind:
    """One row of the table of streams; ``{}`` in a path stands for the tag or the list.

    `scope` is what a token needs to stream it and to catch it up; ``read`` covers everything.
    """

    name: str
    sse_path: str
    sse_query: Pairs = ()
    parameter: Literal["tag", "list"] | None = None
    timelines: tuple[Timeline, ...] = ()
    scope: str = "read:statuses"
    about: str = ""


def _public(name: str, path: str, query: Pairs, about: str) -> tuple[StreamKind, StreamKind]:
    """Return the row of a public stream and the row of its media-only twin."""

    def row(name: str, sse_query: Pairs, rest_query: Pairs, about: str) -> StreamKind:
        timeline = Timeline(track="statuses", path="/api/v1/timelines/public", query=rest_query)
        return StreamKind(
            name=name, sse_path=path, sse_query=sse_query, timelines=(timeline,), about=about
        )

    media: Pairs = (("only_media", "true"),)
    sse_query = query if path == "public" else ()
    return (
        row(name, sse_query, query, about),
        row(f"{name}:media", sse_query + media, query + media, f"{about}, with media only"),
    )


_NOTIFICATIONS = Timeline(
    track="notifications",
    path="/api/v1/notifications",
    query=(("include_filtered", "true"),),
    page_limit=80,
)
_TAG = "/api/v1/timelines/tag/{}"

_ROWS: tuple[StreamKind, ...] = (
    StreamKind(
        name="user",
        sse_path="user",
        timelines=(Timeline(track="statuses", path="/api/v1/timelines/home"), _NOTIFICATIONS),
        scope="read:statuses read:notifications",
        about="your home feed and your notifications",
    ),
    StreamKind(
        name="user:notification",
        sse_path="user/notification",
        timelines=(_NOTIFICATIONS,),
        scope="read:notifications",
        about="your notifications",
    ),
    *_public("public", "public", (), "every public post that the server knows"),
    *_public("public:local", "public/local", (("local", "true"),), "public posts of its own users"),
    *_public(
        "public:remote", "public/remote", (("remote", "true"),), "public posts of other servers"
    ),
    *_public(
        "public:allow_local_only",
        "public",
        (("allow_local_only", "true"),),
        "every public post and those that stay on the server (glitch-soc, Hometown)",
    ),
    StreamKind(
        name="hashtag",
        sse_path="hashtag",
        parameter="tag",
        timelines=(Timeline(track="statuses", path=_TAG),),
        about="public posts with a tag",
    ),
    StreamKind(
        name="hashtag:local",
        sse_path="hashtag/local",
        parameter="tag",
        timelines=(Timeline(track="statuses", path=_TAG, query=(("local", "true"),)),),
        about="public posts with a tag by the server's own users",
    ),
    StreamKind(
        name="list",
        sse_path="list",
        parameter="list",
        timelines=(Timeline(track="statuses", path="/api/v1/timelines/list/{}"),),
        scope="read:statuses read:lists",
        about="posts of the accounts on one of your lists",
    ),
    StreamKind(
        name="direct",
        sse_path="direct",
        timelines=(Timeline(track="conversations", path="/api/v1/conversations"),),
        about="your direct conversations",
    ),
)

STREAMS: dict[str, StreamKind] = {row.name: row for row in _ROWS}
"""Every stream that the software of servers.md knows, by its WebSocket name."""


class Stream(msgspec.Struct, frozen=True, gc=False, repr_omit_defaults=True):
    """What one listens to: a name in WebSocket words, and a tag or a list where it needs one.

    A value: equal streams are equal and hash alike. `str` and `Stream.parse` are inverse. A name
    that the table does not know is passed through to the server, for servers with more streams.

    Raises:
        BadInput: A name, tag or list that cannot be one, a missing or a superfluous tag or list.
    """

    name: str
    tag: str | None = None
    list_id: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name)
        needed = self.kind.parameter
        for parameter, value in (("tag", self.tag), ("list", self.list_id)):
            if parameter == needed:
                _check_parameter(self.name, parameter, value or "")
            elif value is not None:
                raise BadInput(f"The stream {self.name!r} takes no {parameter}; got {value!r}.")

    @classmethod
    def user(cls) -> Self:
        """Return the stream of your home feed and your notifications."""
        return cls("user")

    @classmethod
    def notifications(cls) -> Self:
        """Return the stream of your notifications (``user:notification``)."""
        return cls("user:notification")

    @classmethod
    def public(
        cls,
        *,
        local: bool = False,
        remote: bool = False,
        only_media: bool = False,
        allow_local_only: bool = False,
    ) -> Self:
        """Return the stream of public posts, of all, of this server's or of other servers' users.

        Raises:
            BadInput: More than one of `local`, `remote` and `allow_local_only`.
        """
        chosen = [
            word
            for word, wanted in (
                ("local", local),
                ("remote", remote),
                ("allow_local_only", allow_local_only),
            )
            if wanted
        ]
        if len(chosen) > 1:
            raise BadInput(f"A public stream is one of its kinds; got {' and '.join(chosen)}.")
        return cls(":".join(["public", *chosen, *(["media"] if only_media else [])]))

    @classmethod
    def hashtag(cls, tag: str, *, local: bool = False) -> Self:
        """Return the stream of public posts with `tag`; a leading ``#`` is dropped.

        Raises:
            BadInput: It is no text, or one that cannot be a tag.
        """
        if not isinstance(tag, str):
            raise BadInput(
                f"Expected a tag, such as 'python', first; got a value of {type(tag).__name__}."
            )
        return cls("hashtag:local" if local else "hashtag", tag=tag.lstrip("#"))

    @classmethod
    def list(cls, list_id: str | int) -> Self:
        """Return the stream of one of your lists."""
        return cls("list", list_id=str(list_id))

    @classmethod
    def direct(cls) -> Self:
        """Return the stream of your direct conversations."""
        return cls("direct")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the stream that `text` names, for example ``public:local:media``.

        The words are the same on the command line, in configuration, in logs and in sinks.

        Raises:
            BadInput: Nothing was named, or a tag or a list is missing.
        """
        text = text.strip()
        if text.startswith("hashtag:local:"):
            return cls.hashtag(text.removeprefix("hashtag:local:"), local=True)
        if text == "hashtag" or text.startswith("hashtag:"):
            return cls.hashtag(text[len("hashtag:") :])
        if text == "list" or text.startswith("list:"):
            return cls.list(text[len("list:") :])
        return cls(text)

    def __str__(self) -> str:
        parameter = self.parameter
        return self.name if parameter is None else f"{self.name}:{parameter}"

    @property
    def parameter(self) -> str | None:
        """The tag or the list, whichever this stream has."""
        return self.tag if self.tag is not None else self.list_id

    @property
    def kind(self) -> StreamKind:
        """The row of the table for this stream; a bare row for a name that it does not know."""
        known = STREAMS.get(self.name)
        if known is not None:
            return known
        return StreamKind(name=self.name, sse_path=self.name.replace(":", "/"))

    @property
    def sse_path(self) -> str:
        """The path below ``/api/v1/streaming/``."""
        return self.kind.sse_path

    @property
    def query(self) -> Pairs:
        """The tag and the list as a query asks for them, on either transport."""
        pairs = (("tag", self.tag), ("list", self.list_id))
        return tuple((name, value) for name, value in pairs if value is not None)

    @property
    def sse_query(self) -> Pairs:
        """The query of the event stream."""
        return self.kind.sse_query + self.query

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """The REST timelines that catch this stream up; empty where none can."""
        parameter = self.parameter or ""
        return tuple(
            Timeline(
                track=row.track,
                path=row.path.format(parameter),
                query=row.query,
                page_limit=row.page_limit,
            )
            for row in self.kind.timelines
        )


def _check_name(name: str) -> None:
    if not name or not all(c.isalnum() or c in ":._-" for c in name):
        raise BadInput(
            f"A stream is named in words and colons, as 'public:local' is; got {name!r}."
        )
    if name not in STREAMS and name.partition(":")[0] in ("hashtag", "list"):
        raise BadInput(
            f"A tag or a list is no part of a stream's name; use Stream.parse({name!r})."
        )


def _check_parameter(name: str, parameter: str, value: str) -> None:
    example = f"{name}:{'python' if parameter == 'tag' else '42'}"
    if not value:
        raise BadInput(f"The stream {name!r} needs a {parameter}, as in {example!r}.")
    unfit = next((c for c in value if c.isspace() or c in _RESERVED or _is_control(c)), None)
    if unfit is not None:
        raise BadInput(f"A {parameter} as in {example!r} has no {unfit!r}; got {value!r}.")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def normalise_tag(tag: str) -> str:
    """Return `tag` as a Mastodon server compares it: ``#Café_Py`` and ``cafe_py`` are the same.

    Compatibility forms are composed (NFKC), letters lowered, those of the Latin-1 and Latin
    Extended-A blocks folded to ASCII, and everything dropped that is neither a letter, a number,
    an underscore, a middle dot nor a zero-width non-joiner. Accents of other scripts tell words
    apart and stay.
    """
    folded = unicodedata.normalize("NFKC", tag).lower().translate(_FOLDED)
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN" or c in "_\u00b7\u200c")


def _folded() -> dict[int, str]:
    """Return the small Latin letters that the server folds, by what remains of them."""
    bases = {code: unicodedata.normalize("NFKD", chr(code))[0] for code in range(0xC0, 0x180)}
    accented = {code: base for code, base in bases.items() if base.isascii() and base.islower()}
    return accented | {
        ord(letter): base for letter, base in zip("ðđħıĸłŋøŧ", "ddhiklnot", strict=True)
    }


_FOLDED: Final = _folded()
