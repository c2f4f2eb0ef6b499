"""The hot path says the same in Python and in C, and leaves everything unusual to others."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.wire import usual
from trunkline.wire.sse import Comment, Frame, Oversized
from trunkline.wire.usual import Usual, payload_place, usual_event, usual_size_bytes

TAKE, UNEDITED, LAST_STRING = usual.IN_PYTHON
UPDATE = usual_event(b"event: update\ndata: ", "update", largest_bytes=500)
NAMELESS = usual_event(b"data: ", "", largest_bytes=20)

needs_compiler = pytest.mark.skipif(
    not usual.IS_COMPILED, reason="there was no compiler when Trunkline was installed"
)


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def event(payload: bytes) -> bytes:
    return chunk(b"event: update\n") + chunk(b"data: " + payload + b"\n\n")


def taken(data: bytes, position: int = 0, like: Usual = UPDATE) -> tuple[list[object], int]:
    items: list[Frame | Comment | Oversized] = []
    end = TAKE(data, position, like, items)
    return list(items), end


def test_whole_events_are_taken_in_both_ways_of_cutting_them() -> None:
    whole = chunk(b"event: update\ndata: {}\n\n")
    data = b"x" + event(b"{}") + whole + event(b"[]") + chunk(b":)\n")
    frames, end = taken(data, 1)
    assert frames == [Frame("update", b"{}"), Frame("update", b"{}"), Frame("update", b"[]")]
    assert data[end:] == chunk(b":)\n")


@pytest.mark.parametrize(
    "data",
    [
        event(b"{}")[:-1],
        event(b"a\nb"),
        event(b"a\rb"),
        event(b"x" * 600),
        chunk(b"event: delete\n") + chunk(b"data: 7\n\n"),
        chunk(b"event: update\n") + b"8;a=b\r\ndata: {}\n\n\r\n",
        chunk(b"event: update\n") + b"00000008\r\ndata: {}\n\n\r\n",
        chunk(b"event: update\n") + b"+8\r\ndata: {}\n\n\r\n",
        chunk(b"event: update\n") + b"1_0\r\ndata: 12345678\n\n\r\n",
        chunk(b"event: update\n") + b"10\ndata: {}\n\n\n",
        chunk(b"event: update\n") + b"7\r\ndata: {}\n\n\r\n",
        chunk(b"event: update\n") + b"0\r\n\r\n",
        b"0\r\n\r\n",
        b"",
    ],
)
def test_what_is_unusual_in_any_way_is_left_where_it_is(data: bytes) -> None:
    assert taken(data) == ([], 0)


def test_a_payload_that_has_begun_has_a_place() -> None:
    data = event(b"{}")
    assert payload_place(data[:-6], 0, UPDATE) == (len(data) - 6, len(data) - 2)
    assert payload_place(data[:-7], 0, UPDATE) is None


@pytest.mark.parametrize(
    ("line", "size"),
    [(b"a\r\n", 10), (b"0A\r\n", 10), (b"-1\r\n", 0), (b"a\n", 0), (b"a", 0), (b"0x1\r\n", 0)],
)
def test_a_size_line_holds_digits_alone(line: bytes, size: int) -> None:
    assert usual_size_bytes(line) == size


@pytest.mark.parametrize(
    ("raw", "status_id"),
    [
        (b'{"id":"109","edited_at":null}', "109"),
        (b'{"id":"01HZ","a":"x_y","edited_at":null,"reblog":{"edited_at":"2026"}}', "01HZ"),
        (b'{"id":"109","edited_at":"2026","quote":{"edited_at":null}}', None),
        (b'{"id":"109","created_at":null}', None),
        (b'{"id":"109"', None),
        (b'{"id":"109","edited_at":', None),
        (b'{"id":"","edited_at":null}', None),
        (b'{"id":"1 9","edited_at":null}', None),
        (b'{"id":109,"edited_at":null}', None),
        (b'{ "id":"109","edited_at":null}', None),
        (b'{"id":"109', None),
        (b"", None),
    ],
)
def test_a_post_is_unedited_if_its_own_version_says_so(raw: bytes, status_id: str | None) -> None:
    assert UNEDITED(raw) == status_id
    assert usual.unedited_id(raw) == status_id


pieces = st.sampled_from(
    [
        *(event(b"{}"), event(b'{"id":"1"}' * 9), event(b""), event(b"\xff\0"), event(b"a\nb")),
        chunk(b"event: update\ndata: x\n\n"),
        *(b"e\r\n", b"event: update\n", b"\r\n", b"\n", b"8\r\n", b"data: ", b"{}", b"\n\n\r\n"),
        *(b"fffffff\r\n", b"ffffffff\r\n", b"0\r\n", b"1F4\r\n", b"\r", b"x" * 490),
    ]
)
streams = st.lists(st.one_of(pieces, pieces, st.binary(max_size=4)), max_size=12).map(b"".join)
posts = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(b'{"id":"', b"109", b'"', b',"edited_at":', b"null", b'"edited_at":n', b"edited"),
                *(b"_", b"_at", b'"edited', b'"edited_at"', b":", b'"2026"', b"\0", b"\xc3\xa9"),
            ]
        ),
        st.binary(max_size=3),
    ),
    max_size=10,
).map(b"".join)


@needs_compiler
@given(streams, st.integers(0, 40), st.sampled_from([UPDATE, NAMELESS]))
@example(b"", 5, UPDATE)
def test_whole_events_are_the_same_in_c(data: bytes, position: int, like: Usual) -> None:
    compiled: list[Frame | Comment | Oversized] = []
    end = usual.take_usual(data, position, like, compiled)
    assert (list(compiled), end) == taken(data, position, like)


@needs_compiler
@given(st.one_of(posts, posts.map(lambda post: b'{"id":"109",' + post)))
def test_unedited_posts_are_the_same_in_c(raw: bytes) -> None:
    assert usual.unedited_id(raw) == UNEDITED(raw)


BEFORE = b'{"payload":'
QUOTE_AT = len(BEFORE)


def says(body: bytes) -> bytes:
    return BEFORE + b'"' + body + b'"}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", b""),
        (b"plain text of some length", b"plain text of some length"),
        (rb"\"id\":\"109\"", b'"id":"109"'),
        (rb"1234567\"", b'1234567"'),
        (rb"12345678\"", b'12345678"'),
        (rb"\\\"\/\b\f\n\r\t", b'\\"/\b\f\n\r\t'),
        (rb"\u0041\u00e9\u6F22\u0000", "A\u00e9\u6f22\0".encode()),
        (rb"\ud83d\uDE00", "\U0001f600".encode()),
        ("\u00e9\u6f22\U0001f600\x7f".encode(), "\u00e9\u6f22\U0001f600\x7f".encode()),
        (rb"\ud83d", None),
        (rb"\ud83d\u0041", None),
        (rb"\ude00\ud83d", None),
        (rb"\u00g0", None),
        (rb"\u00", None),
        (rb"\x41", None),
        (b"\\", None),
        (b'a"b', None),
        (b"a\nb", None),
        (b"12345678\x1f", None),
        (b"\xff", None),
        (b"\xc0\x80", None),
        (b"\xe2\x82", None),
        (b"\xed\xa0\x80", None),
        (b"\xf4\x90\x80\x80", None),
    ],
)
def test_the_last_string_of_an_object_is_what_json_says(body: bytes, said: bytes | None) -> None:
    assert LAST_STRING(says(body), QUOTE_AT) == said
    assert usual.last_string(says(body), QUOTE_AT) == said


@pytest.mark.parametrize("quote_at", [-1, 0, QUOTE_AT + 1, 14, 15, 16, 100])
@pytest.mark.parametrize("text", [says(b"ab"), says(b"ab")[:-1], says(b"ab") + b" ", b"", b'"}'])
def test_what_does_not_begin_or_end_there_is_no_last_string(text: bytes, quote_at: int) -> None:
    assert LAST_STRING(text, quote_at) is None
    assert usual.last_string(text, quote_at) is None


escapes = st.sampled_from(
    [
        *(rb"\"", rb"\\", rb"\/", rb"\b", rb"\f", rb"\n", rb"\r", rb"\t", rb"\x", b"\\"),
        *(rb"\u00e9", rb"\ud83d\ude00", rb"\ud83d", rb"\ude00", rb"\u12", rb"\u0000", rb"\U0041"),
        *(
            "\u00e9".encode(),
            "\u6f22".encode(),
            "\U0001f600".encode(),
            b"\xc0\x80",
            b"\xed\xa0\x80",
        ),
        *(b"x" * 7, b"x" * 8, b"x" * 9, b'"', b'"}', b" ", b"\x1f", b"\x7f", b"\x80"),
    ]
)
bodies = st.lists(st.one_of(escapes, escapes, st.binary(max_size=3)), max_size=12).map(b"".join)


@needs_compiler
@given(st.one_of(bodies, bodies.map(says)), st.one_of(st.just(QUOTE_AT), st.integers(-1, 40)))
def test_last_strings_are_the_same_in_c(text: bytes, quote_at: int) -> None:
    assert usual.last_string(text, quote_at) == LAST_STRING(text, quote_at)


@needs_compiler
def test_the_functions_in_c_refuse_what_is_not_theirs() -> None:
    with pytest.raises(TypeError):
        usual.unedited_id("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        usual.last_string("text", 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        usual.take_usual(b"", 0, ("too", "short"), [])  # type: ignore[arg-type]
