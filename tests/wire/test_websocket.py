"""The WebSocket's envelope: what it says, whom it is meant for, and how we ask for it."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.streams import STREAMS, Stream
from trunkline.wire.websocket import (
    Accepted,
    ErrorMessage,
    Message,
    Noise,
    Router,
    decode_message,
    encode_login,
    encode_message,
    encode_subscribe,
    encode_unsubscribe,
)

DEEP = "[" * 100_000 + "]" * 100_000

PAYLOADS: tuple[tuple[str, str, bytes | None], ...] = (
    ("an object in a string", r'"{\"id\":\"1\"}"', b'{"id":"1"}'),
    ("an object", '{"id": "1", "n":1.0e5}', b'{"id": "1", "n":1.0e5}'),
    ("a bare id in a string", '"109348677778078792"', b"109348677778078792"),
    ("an empty string", '""', b""),
    ("a number", "109348677778078792", b"109348677778078792"),
    ("a large number", "1e999", b"1e999"),
    ("true", "true", b"true"),
    ("false", "false", b"false"),
    ("null", "null", None),
    ("an array", '["a"]', b'["a"]'),
    ("raw line separators", '"a\u2028b\u2029c\u0085d"', "a\u2028b\u2029c\u0085d".encode()),
    ("escaped controls", r'"a\n\r\u0000b"', b"a\n\r\0b"),
    ("an escaped emoji", r'"\ud83d\ude02"', "😂".encode()),
    ("a lone surrogate", r'"a\ud83d"', "a\ufffd".encode()),
    ("a lone surrogate and more", r'"\ude02\ud83d b"', "\ufffd\ufffd b".encode()),
    ("an escaped escape of one", r'"{\"content\":\"\\ud83d\"}"', rb'{"content":"\ud83d"}'),
    ("a byte order mark", '"\ufeff{}"', "\ufeff{}".encode()),
    ("a space before it", '" {}"', b" {}"),
)


@pytest.mark.parametrize(("_", "payload", "data"), PAYLOADS, ids=[row[0] for row in PAYLOADS])
def test_a_payload_may_be_any_json(_: str, payload: str, data: bytes | None) -> None:
    text = f'{{"stream":["user"],"event":"update","payload":{payload}}}'
    expected = Message("update", data, ("user",))
    assert decode_message(text.encode()) == expected
    assert decode_message(text) == expected


def test_a_payload_may_be_absent() -> None:
    assert decode_message(b'{"event":"filters_changed","stream":["user"]}') == Message(
        "filters_changed", None, ("user",)
    )


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ('["public"]', ("public",)),
        ('["hashtag","Python"]', ("hashtag", "Python")),
        ('["list","7"]', ("list", "7")),
        ('["list",7]', ("list", "7")),
        ('["list:7"]', ("list:7",)),
        ('["user:42"]', ("user:42",)),
        ('["hashtag:x"]', ("hashtag:x",)),
        ('["list",7,null,true,1.5,{},"x"]', ("list", "7", "x")),
        ('"public"', ("public",)),
        ("7", ("7",)),
        ("true", ()),
        ("null", ()),
        ("[]", ()),
        ("{}", ()),
        ('["a\\ud83d"]', ("a\ufffd",)),
    ],
)
def test_the_words_of_the_stream_may_be_odd(stream: str, words: tuple[str, ...]) -> None:
    text = f'{{"stream":{stream},"event":"update","payload":"1"}}'
    assert decode_message(text.encode()) == Message("update", b"1", words)


def test_the_words_of_the_stream_may_be_missing() -> None:
    assert decode_message(b'{"event":"delete","payload":"1"}') == Message("delete", b"1", ())
    assert decode_message(b'{"event":"delete","payload":1}') == Message("delete", b"1", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"error":"Unknown stream type","status":400}',
            ErrorMessage("Unknown stream type", 400),
        ),
        ('{"error":"Unknown stream type"}', ErrorMessage("Unknown stream type", None)),
        ('{"error":"no","status":"400"}', ErrorMessage("no", None)),
        ('{"error":"no","status":true}', ErrorMessage("no", None)),
        ('{"error":"no","status":4e2}', ErrorMessage("no", None)),
        ('{"error":"no","status":null,"event":null}', ErrorMessage("no", None)),
        ('{"error":"no \\ud83d"}', ErrorMessage("no \ufffd", None)),
        ('{"error":{"code":1}}', Noise(b'{"error":{"code":1}}')),
        ('{"error":"no","event":"update","payload":"1"}', Message("update", b"1", ())),
    ],
)
def test_an_error_names_no_stream(text: str, expected: ErrorMessage | Noise | Message) -> None:
    assert decode_message(text.encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "pong",
        "",
        "{}",
        "[]",
        "null",
        '"update"',
        '{"event":"update"',
        '{"event":"update","payload":"1"} x',
        '{"event":1,"payload":"1"}',
        '{"event":null}',
        '{"payload":"1","stream":["user"]}',
        '{"type":"welcome"}',
        '{"event":"update","payload":NaN}',
        '{"event":"update","payload":' + DEEP + "}",
        '{"event":"update","payload":"1","x":' + DEEP + "}",
        '{"event":' + DEEP + "}",
        '{"event":"update","payload":' + "9" * 5000 + ',"stream":["\\ud83d"]}',
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_envelope_is_noise(text: str) -> None:
    assert decode_message(text) == Noise(text.encode())
    assert decode_message(text.encode()) == Noise(text.encode())


def test_garbage_is_noise() -> None:
    for garbage in (b"\xff\xfe\x00", b"\x00" * 100, b'{"event":"\xff","payload":"1"}'):
        assert decode_message(garbage) == Noise(garbage)
    assert decode_message("\ud83d") == Noise("\ufffd".encode())


def test_a_payload_that_is_no_utf8_is_kept_as_it_came() -> None:
    message = decode_message(b'{"event":"update","payload":"\xff"}')
    assert message == Message("update", b'"\xff"', ())


def test_a_text_with_a_lone_surrogate_is_read() -> None:
    message = decode_message('{"event":"update","payload":"a\ud83d","stream":["user"]}')
    assert message == Message("update", "a\ufffd".encode(), ("user",))


def test_the_last_of_two_equal_keys_counts() -> None:
    usual = b'{"event":"delete","event":"update","payload":"1","payload":"2"}'
    assert decode_message(usual) == Message("update", b"2", ())
    unusual = b'{"event":"delete","event":"update","payload":1,"payload":2}'
    assert decode_message(unusual) == Message("update", b"2", ())


def test_members_in_any_order_and_unknown_ones_are_fine() -> None:
    text = b'{"x":{"y":[1]},"payload":"1","event":"update","z":null,"stream":["user"]}'
    assert decode_message(text) == Message("update", b"1", ("user",))


PIECES = (
    *('{"event":', '"update"', ',"payload":', ',"stream":', '["user"]', "}", "{", "[", "]", ","),
    *(
        '"error":',
        '"status":',
        "400",
        "null",
        "true",
        "1.5",
        '""',
        '"\\ud83d"',
        '"\\"',
        "😂",
        "\x00",
    ),
)
texts = st.lists(st.sampled_from(PIECES)).map("".join)


@settings(max_examples=1000, deadline=None)
@given(text=st.binary() | st.text() | texts | texts.map(str.encode))
def test_no_text_raises(text: bytes | str) -> None:
    assert isinstance(decode_message(text), (Message, ErrorMessage, Noise))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(deadline=None)
@given(event=values, payload=values, stream=values, error=values, ascii_only=st.booleans())
def test_any_envelope_is_read_in_the_same_way_fast_or_slow(
    event: object, payload: object, stream: object, error: object, *, ascii_only: bool
) -> None:
    envelope = {"stream": stream, "event": event, "payload": payload, "error": error}
    text = json.dumps(envelope, ensure_ascii=ascii_only)
    message = decode_message(text)
    assert decode_message(text.encode()) == message
    if isinstance(event, str):
        assert isinstance(message, Message)
        assert message.event == event
        if isinstance(payload, str):
            assert message.data == payload.encode()
        elif payload is None:
            assert message.data is None
        else:
            assert json.loads(message.data or b"") == payload
    else:
        assert isinstance(message, ErrorMessage) == isinstance(error, str)


@settings(deadline=None)
@given(
    event=st.text(),
    payload=st.text(),
    stream=st.lists(st.text() | st.integers(-(2**63), 2**63), max_size=2),
)
def test_decoding_gives_back_what_was_encoded(
    event: str, payload: str, stream: list[str | int]
) -> None:
    text = encode_message(event, payload.encode(), stream)
    words = tuple(str(word) for word in stream)
    assert decode_message(text) == Message(event, payload.encode(), words)
    assert json.loads(text) == {"stream": stream, "event": event, "payload": payload}


def test_the_envelope_is_written_as_mastodon_writes_it() -> None:
    text = encode_message("update", '{"id":"1","x":"é\u2028"}'.encode(), ["hashtag", "Python"])
    assert text.decode() == (
        '{"stream":["hashtag","Python"],"event":"update",'
        '"payload":"{\\"id\\":\\"1\\",\\"x\\":\\"é\u2028\\"}"}'
    )


# Asking

REQUESTS = (
    (Stream.user(), {"stream": "user"}),
    (Stream.notifications(), {"stream": "user:notification"}),
    (Stream.public(), {"stream": "public"}),
    (Stream.public(only_media=True), {"stream": "public:media"}),
    (Stream.public(local=True), {"stream": "public:local"}),
    (Stream.public(local=True, only_media=True), {"stream": "public:local:media"}),
    (Stream.public(remote=True), {"stream": "public:remote"}),
    (Stream.public(remote=True, only_media=True), {"stream": "public:remote:media"}),
    (Stream.public(allow_local_only=True), {"stream": "public:allow_local_only"}),
    (
        Stream.public(allow_local_only=True, only_media=True),
        {"stream": "public:allow_local_only:media"},
    ),
    (Stream.hashtag("Café"), {"stream": "hashtag", "tag": "Café"}),
    (Stream.hashtag("python", local=True), {"stream": "hashtag:local", "tag": "python"}),
    (Stream.list(7), {"stream": "list", "list": "7"}),
    (Stream.direct(), {"stream": "direct"}),
    (Stream("antenna"), {"stream": "antenna"}),
)


@pytest.mark.parametrize(("stream", "members"), REQUESTS, ids=[str(row[0]) for row in REQUESTS])
def test_a_request_names_the_stream_in_its_words(stream: Stream, members: dict[str, str]) -> None:
    assert json.loads(encode_subscribe(stream)) == {"type": "subscribe", **members}
    assert json.loads(encode_unsubscribe(stream)) == {"type": "unsubscribe", **members}


def test_there_is_a_request_for_every_stream_of_the_table() -> None:
    assert {stream.name for stream, _ in REQUESTS} == {*STREAMS, "antenna"}


def test_a_request_is_written_as_the_documentation_has_it() -> None:
    assert encode_subscribe(Stream.hashtag("python")) == (
        '{"type":"subscribe","stream":"hashtag","tag":"python"}'
    )


# Routing

USER = Stream.user()
NOTIFICATIONS = Stream.notifications()
PUBLIC = Stream.public()
LOCAL_MEDIA = Stream.public(local=True, only_media=True)
REMOTE = Stream.public(remote=True)
CAFE = Stream.hashtag("Café")
CAFE_AGAIN = Stream.hashtag("cafe")
PYTHON = Stream.hashtag("python")
PYTHON_LOCAL = Stream.hashtag("python", local=True)
LIST_7 = Stream.list(7)
LIST_9 = Stream.list(9)
DIRECT = Stream.direct()
EVERY = (
    *(USER, NOTIFICATIONS, PUBLIC, LOCAL_MEDIA, REMOTE, CAFE, CAFE_AGAIN, PYTHON, PYTHON_LOCAL),
    *(LIST_7, LIST_9, DIRECT),
)

ROUTES: tuple[tuple[str, tuple[str, ...], tuple[Stream, ...]], ...] = (
    ("Mastodon", ("user",), (USER,)),
    ("Mastodon", ("user:notification",), (NOTIFICATIONS,)),
    ("Mastodon", ("public",), (PUBLIC,)),
    ("Mastodon", ("public:local:media",), (LOCAL_MEDIA,)),
    ("Mastodon", ("direct",), (DIRECT,)),
    ("Mastodon", ("list", "7"), (LIST_7,)),
    ("Mastodon", ("hashtag", "python"), (PYTHON,)),
    ("Mastodon", ("hashtag", "Python"), (PYTHON,)),
    ("Mastodon", ("hashtag:local", "PYTHON"), (PYTHON_LOCAL,)),
    ("Mastodon, the first spelling of two", ("hashtag", "CAFÉ"), (CAFE, CAFE_AGAIN)),
    ("GoToSocial", ("list:9",), (LIST_9,)),
    ("Akkoma", ("user:42",), (USER,)),
    ("Akkoma", ("direct:42",), (DIRECT,)),
    ("Akkoma", ("user:notification:42",), (NOTIFICATIONS,)),
    ("Akkoma", ("hashtag:python",), (PYTHON,)),
    ("Akkoma", ("hashtag:CAFE",), (CAFE, CAFE_AGAIN)),
    ("Akkoma", ("public:remote:other.example",), (REMOTE,)),
    ("Akkoma, a delete", (), EVERY),
    ("Pleroma", ("list", "9"), (LIST_9,)),
    ("Iceshrimp.NET", ("hashtag", "python"), (PYTHON,)),
    ("Iceshrimp-JS", ("hashtag",), (CAFE, CAFE_AGAIN, PYTHON)),
    ("Iceshrimp-JS", ("list",), (LIST_7, LIST_9)),
    ("a tag that is none of ours", ("hashtag", "rust"), (CAFE, CAFE_AGAIN, PYTHON)),
    ("a parameter too many", ("public", "x"), (PUBLIC,)),
    ("a name that is none of ours", ("antenna",), EVERY),
    ("an empty name", ("",), EVERY),
    ("a name of colons", (":", ":"), EVERY),
)


@pytest.mark.parametrize(
    ("_", "words", "streams"), ROUTES, ids=[f"{row[0]} {' '.join(row[1])}" for row in ROUTES]
)
def test_a_frame_goes_to_the_streams_it_can_mean(
    _: str, words: tuple[str, ...], streams: tuple[Stream, ...]
) -> None:
    router = Router(EVERY)
    assert router.route(words) == streams
    assert router.route(words) == streams  # from memory


@settings(deadline=None)
@given(words=st.lists(st.text(), max_size=3).map(tuple))
def test_with_one_subscription_everything_is_its(words: tuple[str, ...]) -> None:
    assert Router([LIST_7]).route(words) == (LIST_7,)


@settings(deadline=None)
@given(words=st.lists(st.sampled_from(["hashtag", "list", ":", "7", "user"]), max_size=3))
def test_no_frame_is_for_nobody(words: list[str]) -> None:
    assert Router(EVERY).route((":".join(words),))
    assert Router(EVERY).route(tuple(words))


def test_the_memory_of_the_router_is_bounded() -> None:
    router = Router(EVERY)
    for number in range(5000):
        assert router.route((f"user:{number}",)) == (USER,)
    assert len(router._known) <= 1024


def test_messages_are_values() -> None:
    with pytest.raises(AttributeError):
        Message("update", b"", ()).event = "delete"  # type: ignore[misc]
    assert Message("a", b"", ()) == Message("a", b"", ())
    assert issubclass(Message, msgspec.Struct)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ('{"type":"subscribe","result":"success"}', Accepted("subscribe")),
        ('{"type":"subscribe","result":"ignored"}', Accepted("subscribe")),
        (
            '{"type":"subscribe","result":"error","error":"unauthorized"}',
            ErrorMessage("unauthorized", 401),
        ),
        ('{"result":"error","error":"bad_topic"}', ErrorMessage("bad_topic", 400)),
        ("[]", Noise(b"[]")),
    ],
)
def test_pleroma_answers_requests_in_an_envelope_of_its_own(payload: str, said: object) -> None:
    text = json.dumps({"event": "pleroma:respond", "payload": payload})
    assert decode_message(text) == said


def test_a_login_by_message_shows_the_token() -> None:
    message = json.loads(encode_login("secret"))
    assert message == {"type": "pleroma:authenticate", "token": "secret"}


parts = st.sampled_from(
    [
        *('{"stream":["user"],"event":"update","payload":"', '{"event":"update","payload":"'),
        *('{"event":"pleroma:respond","payload":"', '"payload":"', '{"payload":"', '"event":"e"'),
        *('"}', '","payload":"', '","stream":["user"]}', '"', "{", "}", ",", " ", r"\"", r"\\"),
        *(r"{\"id\":\"1\"}", r"\u00e9", r"\ud83d\ude02", r"\ud83d", "\u6f22", "\x1f", "\n"),
    ]
)


@given(st.lists(parts, max_size=10).map("".join))
def test_the_usual_envelope_says_what_any_envelope_would(text: str) -> None:
    """Text takes the way of everything, bytes that of the usual envelope where it is one."""
    expected = decode_message(text)
    if isinstance(expected, Noise):
        expected = Noise(text.encode())
    assert decode_message(text.encode()) == expected
