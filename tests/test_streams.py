"""The table of streams, and the words in which people and servers name them."""

# ruff: noqa: RUF001  # tags of many scripts look alike

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.errors import BadInput
from trunkline.streams import STREAMS, Stream, Timeline, normalise_tag

PUBLIC = "/api/v1/timelines/public"
MEDIA = ("only_media", "true")
LOCAL = ("local", "true")
REMOTE = ("remote", "true")
ALSO_LOCAL_ONLY = ("allow_local_only", "true")
NOTIFICATIONS = ("notifications", "/api/v1/notifications", (("include_filtered", "true"),), 80)

Query = tuple[tuple[str, str], ...]
Rest = tuple[str, str, Query, int]


def posts(path: str, *query: tuple[str, str]) -> Rest:
    return ("statuses", path, query, 40)


# The text, the stream, its path and query as an event stream, and the REST that catches it up.
ROWS: tuple[tuple[str, Stream, str, Query, tuple[Rest, ...]], ...] = (
    ("user", Stream.user(), "user", (), (posts("/api/v1/timelines/home"), NOTIFICATIONS)),
    ("user:notification", Stream.notifications(), "user/notification", (), (NOTIFICATIONS,)),
    ("public", Stream.public(), "public", (), (posts(PUBLIC),)),
    (
        "public:media",
        Stream.public(only_media=True),
        "public",
        (MEDIA,),
        (posts(PUBLIC, MEDIA),),
    ),
    ("public:local", Stream.public(local=True), "public/local", (), (posts(PUBLIC, LOCAL),)),
    (
        "public:local:media",
        Stream.public(local=True, only_media=True),
        "public/local",
        (MEDIA,),
        (posts(PUBLIC, LOCAL, MEDIA),),
    ),
    ("public:remote", Stream.public(remote=True), "public/remote", (), (posts(PUBLIC, REMOTE),)),
    (
        "public:remote:media",
        Stream.public(remote=True, only_media=True),
        "public/remote",
        (MEDIA,),
        (posts(PUBLIC, REMOTE, MEDIA),),
    ),
    (
        "public:allow_local_only",
        Stream.public(allow_local_only=True),
        "public",
        (ALSO_LOCAL_ONLY,),
        (posts(PUBLIC, ALSO_LOCAL_ONLY),),
    ),
    (
        "public:allow_local_only:media",
        Stream.public(allow_local_only=True, only_media=True),
        "public",
        (ALSO_LOCAL_ONLY, MEDIA),
        (posts(PUBLIC, ALSO_LOCAL_ONLY, MEDIA),),
    ),
    (
        "hashtag:Café",
        Stream.hashtag("Café"),
        "hashtag",
        (("tag", "Café"),),
        (posts("/api/v1/timelines/tag/Café"),),
    ),
    (
        "hashtag:local:python",
        Stream.hashtag("#python", local=True),
        "hashtag/local",
        (("tag", "python"),),
        (posts("/api/v1/timelines/tag/python", LOCAL),),
    ),
    (
        "list:42",
        Stream.list(42),
        "list",
        (("list", "42"),),
        (posts("/api/v1/timelines/list/42"),),
    ),
    (
        "direct",
        Stream.direct(),
        "direct",
        (),
        (("conversations", "/api/v1/conversations", (), 40),),
    ),
    ("antenna:7", Stream("antenna:7"), "antenna/7", (), ()),
)
each_row = pytest.mark.parametrize(
    ("text", "stream", "path", "query", "rest"), ROWS, ids=[row[0] for row in ROWS]
)


@each_row
def test_a_stream_has_one_text(
    text: str, stream: Stream, path: str, query: Query, rest: tuple[Rest, ...]
) -> None:
    assert str(stream) == text
    assert Stream.parse(text) == stream
    assert Stream.parse(f" {text}\n") == stream
    assert hash(Stream.parse(text)) == hash(stream)


@each_row
def test_a_stream_has_an_event_stream(
    text: str, stream: Stream, path: str, query: Query, rest: tuple[Rest, ...]
) -> None:
    assert stream.sse_path == path
    assert stream.sse_query == query


@each_row
def test_a_stream_has_the_timelines_that_catch_it_up(
    text: str, stream: Stream, path: str, query: Query, rest: tuple[Rest, ...]
) -> None:
    assert stream.timelines == tuple(
        Timeline(track=track, path=path, query=query, page_limit=limit)  # type: ignore[arg-type]
        for track, path, query, limit in rest
    )


def test_every_stream_of_the_table_is_tried() -> None:
    tried = {stream.name for _, stream, *_ in ROWS}
    assert tried == {*STREAMS, "antenna:7"}
    assert len(STREAMS) == 12 + 2  # Mastodon's and the two of glitch-soc and Hometown


def test_every_row_of_the_table_is_whole() -> None:
    for name, kind in STREAMS.items():
        assert kind.name == name
        assert kind.about
        assert kind.timelines
        assert set(kind.scope.split()) <= {"read:statuses", "read:notifications", "read:lists"}
        has_place = all("{}" in timeline.path for timeline in kind.timelines)
        assert has_place == (kind.parameter is not None)


def test_streams_can_be_keys() -> None:
    assert {Stream.hashtag("a"): 1}[Stream.parse("hashtag:a")] == 1
    assert Stream.hashtag("a") != Stream.hashtag("a", local=True)
    with pytest.raises(AttributeError):
        Stream.user().name = "public"  # type: ignore[misc]


def test_a_stream_shows_what_it_has() -> None:
    assert repr(Stream.public()) == "Stream(name='public')"
    assert repr(Stream.hashtag("a")) == "Stream(name='hashtag', tag='a')"


def test_a_tag_may_be_called_local() -> None:
    assert Stream.parse("hashtag:local") == Stream.hashtag("local")
    assert str(Stream.hashtag("local")) == "hashtag:local"
    assert Stream.parse("hashtag:local:local") == Stream.hashtag("local", local=True)


names = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-:", min_size=1).filter(
    lambda name: name.partition(":")[0] not in ("hashtag", "list") and name not in STREAMS
)
tags = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Z"], exclude_characters=":/?#%&"), min_size=1
)
known = st.sampled_from([name for name, kind in STREAMS.items() if kind.parameter is None])
streams = st.one_of(
    st.builds(Stream, known),
    st.builds(Stream, names),
    st.builds(Stream.hashtag, tags, local=st.booleans()),
    st.builds(Stream.list, tags | st.integers(min_value=0)),
)


@settings(deadline=None)
@given(stream=streams)
def test_text_and_stream_are_inverse(stream: Stream) -> None:
    assert Stream.parse(str(stream)) == stream
    assert str(Stream.parse(str(stream))) == str(stream)


@settings(deadline=None)
@given(text=st.text() | st.text("hashtgli:#oc ", max_size=20))
def test_what_parses_is_a_stream_or_bad_input(text: str) -> None:
    with suppress(BadInput):
        stream = Stream.parse(text)
        assert Stream.parse(str(stream)) == stream
        assert stream.sse_path.count("/") <= stream.name.count(":")
        assert all(timeline.path.count("/") <= 5 for timeline in stream.timelines)


NAMED = "A stream is named in words and colons, as 'public:local' is; got {!r}."
NEEDS = "The stream {!r} needs a {}, as in {!r}."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", NAMED.format("")),
        ("  ", NAMED.format("")),
        ("public local", NAMED.format("public local")),
        ("public/local", NAMED.format("public/local")),
        ("public?x=1", NAMED.format("public?x=1")),
        ("#python", NAMED.format("#python")),
        ("hashtag", NEEDS.format("hashtag", "tag", "hashtag:python")),
        ("hashtag:", NEEDS.format("hashtag", "tag", "hashtag:python")),
        ("hashtag:#", NEEDS.format("hashtag", "tag", "hashtag:python")),
        ("hashtag:local:", NEEDS.format("hashtag:local", "tag", "hashtag:local:python")),
        ("list", NEEDS.format("list", "list", "list:42")),
        ("list:", NEEDS.format("list", "list", "list:42")),
        ("hashtag:a b", "A tag as in 'hashtag:python' has no ' '; got 'a b'."),
        ("hashtag:a:b", "A tag as in 'hashtag:python' has no ':'; got 'a:b'."),
        ("hashtag:c#", "A tag as in 'hashtag:python' has no '#'; got 'c#'."),
        ("hashtag:a/../b", "A tag as in 'hashtag:python' has no '/'; got 'a/../b'."),
        ("hashtag:a\0", "A tag as in 'hashtag:python' has no '\\x00'; got 'a\\x00'."),
        ("hashtag:\ud800", "A tag as in 'hashtag:python' has no '\\ud800'; got '\\ud800'."),
        ("hashtag:local:a%", "A tag as in 'hashtag:local:python' has no '%'; got 'a%'."),
        ("list: 7", "A list as in 'list:42' has no ' '; got ' 7'."),
        ("list:7?x", "A list as in 'list:42' has no '?'; got '7?x'."),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        Stream.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "tag", "list_id", "message"),
    [
        ("user", "a", None, "The stream 'user' takes no tag; got 'a'."),
        ("user", None, "7", "The stream 'user' takes no list; got '7'."),
        ("user", None, "", "The stream 'user' takes no list; got ''."),
        ("hashtag", "a", "7", "The stream 'hashtag' takes no list; got '7'."),
        ("list", "a", "7", "The stream 'list' takes no tag; got 'a'."),
        ("list", None, None, NEEDS.format("list", "list", "list:42")),
        ("antenna", None, "7", "The stream 'antenna' takes no list; got '7'."),
        (
            "hashtag:python",
            None,
            None,
            "A tag or a list is no part of a stream's name; use Stream.parse('hashtag:python').",
        ),
        (
            "list:7",
            None,
            None,
            "A tag or a list is no part of a stream's name; use Stream.parse('list:7').",
        ),
    ],
)
def test_a_stream_made_by_hand_is_checked_as_well(
    name: str, tag: str | None, list_id: str | None, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        Stream(name, tag, list_id)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("local", "remote", "allow_local_only", "words"),
    [
        (True, True, False, "local and remote"),
        (True, False, True, "local and allow_local_only"),
        (True, True, True, "local and remote and allow_local_only"),
    ],
)
def test_a_public_stream_is_of_one_kind(
    *, local: bool, remote: bool, allow_local_only: bool, words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        Stream.public(local=local, remote=remote, allow_local_only=allow_local_only)
    assert str(caught.value) == f"A public stream is one of its kinds; got {words}."


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("#Café Ｐy", "cafepy"),
        ("python", "python"),
        ("PYTHON", "python"),
        ("#python", "python"),
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("Straße", "straße"),
        ("Łódź", "lodz"),
        ("Øresund", "oresund"),
        ("ÐĐĦıĸŊŦ", "ddhiknt"),
        ("İstanbul", "istanbul"),
        ("ŉ", "ʼn"),
        ("ﬁn", "fin"),
        ("snake_case", "snake_case"),
        ("a-b.c!", "abc"),
        ("punt·volat", "punt·volat"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("日本語", "日本語"),
        ("ｶﾞｷﾞ", "ガギ"),
        ("がん", "がん"),
        ("мой", "мой"),
        ("Ⅷ", "viii"),
        ("x²", "x2"),
        ("१२", "१२"),
        ("🎉", ""),
        ("!?", ""),
        ("", ""),
    ],
)
def test_tags_are_compared_as_the_server_compares_them(tag: str, normal: str) -> None:
    assert normalise_tag(tag) == normal


def test_accents_of_other_scripts_tell_words_apart() -> None:
    for one, other in (("がん", "かん"), ("мой", "мои"), ("ό", "ο")):
        assert normalise_tag(one) != normalise_tag(other)
