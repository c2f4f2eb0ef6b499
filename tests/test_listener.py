"""The contract of 2017: each behaviour of that interface has a test that names it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import trunkline.listener
from trunkline.errors import BadInput, MalformedEventError, StopStream
from trunkline.events import EVENTS
from trunkline.listener import StreamListener
from trunkline.wire.sse import MAX_FRAME_BYTES

Call = tuple[object, ...]

HANDLERS = sorted(
    name for name in vars(StreamListener) if name.startswith("on_") or name == "handle_heartbeat"
)


class Recorder(StreamListener):
    """Keeps every call but `on_any_event`, as a tuple of the handler's name and its arguments."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def told(self, handler: str) -> list[Call]:
        """Return the arguments of the calls of one handler."""
        return [tuple(arguments) for name, *arguments in self.calls if name == handler]


def _recording(name: str) -> object:
    def handler(self: Recorder, *arguments: object) -> None:
        self.calls.append((name, *arguments))

    return handler


for _name in HANDLERS:
    if _name != "on_any_event":
        setattr(Recorder, _name, _recording(_name))


def block(name: str, data: str | bytes) -> list[bytes]:
    """Return the lines of one event as ``iter_lines()`` gives them."""
    payload = data.encode() if isinstance(data, str) else data
    return [b"event: " + name.encode(), b"data: " + payload, b""]


def response(body: bytes) -> requests.Response:
    """Return a response of the library that the lines usually come from, with `body`."""
    answer = requests.Response()
    answer.status_code = 200
    answer.raw = io.BytesIO(body)
    return answer


def ways(body: bytes) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield `body` as lines in all the ways in which one comes by them."""
    yield "without line ends", body.split(b"\n")[: -1 if body.endswith(b"\n") else None]
    yield "with LF", io.BytesIO(body)
    yield "with CRLF", io.BytesIO(body.replace(b"\n", b"\r\n"))
    yield "with CR in one piece", [body.replace(b"\n", b"\r")]
    for size in (1, 2, 7, 512):
        yield f"requests in chunks of {size}", response(body).iter_lines(chunk_size=size)


DOCS = Path(__file__).parent.parent / "docs"

STATUS = {
    "id": "109348677778081938",
    "content": "\u2028 \u00e9t\u00e9 \U0001f418",
    "n": [1, 2.5, None],
}
TEXT = json.dumps(STATUS, ensure_ascii=False)


def heard(lines: Iterable[bytes]) -> list[Call]:
    recorder = Recorder()
    recorder.handle_stream(lines)
    return recorder.calls


# Handlers

OBJECTS = {
    "update": "on_update",
    "notification": "on_notification",
    "status.update": "on_status_update",
    "conversation": "on_conversation",
    "announcement": "on_announcement",
    "announcement.reaction": "on_announcement_reaction",
    "encrypted_message": "on_encrypted_message",
}
IDS = {"delete": "on_delete", "announcement.delete": "on_announcement_delete"}
EMPTY = {
    "filters_changed": "on_filters_changed",
    "notifications_merged": "on_notifications_merged",
}


def test_every_event_of_the_table_has_a_row_here() -> None:
    assert {*OBJECTS, *IDS, *EMPTY} == set(EVENTS)


@pytest.mark.parametrize(("event", "handler"), OBJECTS.items())
def test_a_handler_gets_the_parsed_json_however_the_lines_come(event: str, handler: str) -> None:
    body = b"\n".join(block(event, TEXT)) + b"\n"
    for way, lines in ways(body):
        assert heard(lines) == [(handler, STATUS)], way


@pytest.mark.parametrize(("event", "handler"), IDS.items())
def test_a_numeric_id_is_an_int(event: str, handler: str) -> None:
    (call,) = heard(block(event, "109348677778081938"))
    assert call == (handler, 109348677778081938)
    assert type(call[1]) is int


@pytest.mark.parametrize("event", IDS)
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("01HV6J4R1ZQ3", "01HV6J4R1ZQ3"),
        ("9umDrYheeY451cQnEe", "9umDrYheeY451cQnEe"),
        ("12e4", "12e4"),
        ("007", "007"),
        ("NaN", "NaN"),
        ("true", "true"),
        ('"42"', "42"),
        ("[" * 100_000, "[" * 100_000),
        ("9" * 5000, "9" * 5000),
    ],
    ids=lambda value: value[:12],
)
def test_an_id_that_is_not_a_number_is_a_string(event: str, data: str, expected: str) -> None:
    assert heard(block(event, data)) == [(IDS[event], expected)]


@pytest.mark.parametrize(("event", "handler"), EMPTY.items())
@pytest.mark.parametrize(
    "data", [[], [b"data:"], [b"data: undefined"], [b'data: "1"'], [b"data: x"]]
)
def test_an_event_that_carries_nothing_calls_its_handler_without_payload(
    event: str, handler: str, data: list[bytes]
) -> None:
    assert heard([b"event: " + event.encode(), *data, b""]) == [(handler,)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [([], None), ([b"data: undefined"], None), ([b'data: "1"'], "1"), ([b"data: x"], "x")],
)
def test_on_any_event_gets_what_came_with_an_event_that_carries_nothing(
    data: list[bytes], expected: object
) -> None:
    class Curious(StreamListener):
        def on_any_event(self, name: str, data: object) -> None:
            seen.append((name, data))

    seen: list[tuple[str, object]] = []
    Curious().handle_stream([b"event: filters_changed", *data, b""])
    assert seen == [("filters_changed", expected)]


def test_on_any_event_hears_every_event_before_its_own_handler() -> None:
    class Order(Recorder):
        def on_any_event(self, name: str, data: object) -> None:
            self.calls.append(("any", name, data))

    order = Order()
    order.handle_stream([*block("update", "{}"), *block("what.else", "7")])
    assert order.calls == [
        ("any", "update", {}),
        ("on_update", {}),
        ("any", "what.else", 7),
        ("on_unknown_event", "what.else", 7),
    ]


def test_a_subclass_adds_a_handler_for_a_new_event_with_dots_as_underscores() -> None:
    class Newer(Recorder):
        def on_poll_vote_cast(self, poll: object) -> None:
            self.calls.append(("on_poll_vote_cast", poll))

    newer = Newer()
    newer.handle_stream(block("poll.vote.cast", '{"id": "1"}'))
    assert newer.calls == [("on_poll_vote_cast", {"id": "1"})]


def test_a_handler_is_looked_up_on_the_instance() -> None:
    seen: list[object] = []
    listener = StreamListener()
    listener.on_update = seen.append  # type: ignore[method-assign]
    listener.on_poll = seen.append  # type: ignore[attr-defined]
    listener.handle_stream([*block("update", "1"), *block("poll", "2")])
    assert seen == [1, 2]


def test_the_handlers_of_the_base_class_do_nothing() -> None:
    StreamListener().handle_stream(
        [b":thump", *[line for event in EVENTS for line in block(event, '"1"')]]
    )


def test_a_handler_that_asks_for_the_stream_gets_none_where_lines_do_not_name_it() -> None:
    class Asking(StreamListener):
        def on_update(self, status: object, for_stream: object = "unset") -> None:
            seen.append((status, for_stream))

    seen: list[object] = []
    Asking().handle_stream(block("update", "{}"))
    assert seen == [({}, None)]


# Heartbeats


def test_every_comment_is_a_heartbeat() -> None:
    assert heard([b":)", b":thump", b"", b":", b": keep-alive"]) == [("handle_heartbeat",)] * 4


def test_a_heartbeat_followed_by_an_empty_line_is_no_event() -> None:
    for way, lines in ways(b":)\n:thump\n\n:thump\n\n"):
        assert heard(lines) == [("handle_heartbeat",)] * 3, way


def test_a_heartbeat_inside_an_event_leaves_the_event_whole() -> None:
    calls = heard([b"event: update", b":thump", b"data: {}", b""])
    assert calls == [("handle_heartbeat",), ("on_update", {})]


# The grammar


def test_repeated_data_is_joined_with_a_line_feed() -> None:
    lines = [b"event: update", b'data: {"text":', b'data: "a b",', b'data: "n": 1}', b""]
    assert heard(lines) == [("on_update", {"text": "a b", "n": 1})]


def test_a_colon_needs_no_space_after_it() -> None:
    assert heard([b"event:update", b"data:{}", b""]) == [("on_update", {})]


def test_a_colon_inside_data_is_data() -> None:
    assert heard(block("update", '{"url": "https://a.example/: x"}')) == [
        ("on_update", {"url": "https://a.example/: x"})
    ]


def test_fields_that_nobody_knows_and_a_leading_mark_are_ignored() -> None:
    lines = [b"\xef\xbb\xbfevent: update", b"id: 7", b"retry: 10", b"odd", b"data: {}", b""]
    assert heard(lines) == [("on_update", {})]


def test_a_mark_that_is_not_at_the_start_is_part_of_its_line() -> None:
    with pytest.raises(MalformedEventError, match="Missing field 'data'"):
        heard([b"event: update", b"\xef\xbb\xbfdata: {}", b""])


def test_a_block_without_name_and_data_is_no_event() -> None:
    assert heard([b"id: 7", b"", b"retry: 10", b"", b"", b""]) == []


def test_data_may_come_before_the_name() -> None:
    assert heard([b"data: {}", b"event: update", b""]) == [("on_update", {})]


def test_a_lone_surrogate_in_json_is_passed_on() -> None:
    assert heard(block("update", '{"content": "\\ud83d"}')) == [
        ("on_update", {"content": "\ud83d"})
    ]


# Unknown events


def test_an_unknown_event_is_logged_and_offered(caplog: pytest.LogCaptureFixture) -> None:
    assert heard(block("poll.vote", '{"a": 1}')) == [("on_unknown_event", "poll.vote", {"a": 1})]
    assert caplog.record_tuples == [
        ("trunkline.listener", logging.WARNING, "Unhandled event 'poll.vote'")
    ]


def test_an_attribute_that_cannot_be_called_is_no_handler() -> None:
    class OnAir(Recorder):
        on_air = True

    listener = OnAir()
    listener.handle_stream(block("air", "1"))
    assert listener.calls == [("on_unknown_event", "air", 1)]


@pytest.mark.parametrize(
    "handler",
    [
        name
        for name in HANDLERS
        if name.removeprefix("on_") not in {event.replace(".", "_") for event in EVENTS}
        and name != "handle_heartbeat"
    ],
)
def test_a_server_cannot_call_a_hook_by_naming_an_event_after_it(handler: str) -> None:
    for event in {handler.removeprefix("on_"), handler.removeprefix("on_").replace("_", ".")}:
        assert heard(block(event, "{}")) == [("on_unknown_event", event, {})]


def test_the_hooks_that_no_event_may_call_are_tested_for_each_one() -> None:
    hooks = {name for name in HANDLERS if name not in {*OBJECTS.values(), *IDS.values()}}
    assert len(hooks - set(EMPTY.values()) - {"handle_heartbeat"}) == 8


# Errors

MALFORMED = {
    "missing event name": ([b"data: {}", b""], "Missing field 'event'"),
    "missing data": ([b"event: update", b""], "Missing field 'data'"),
    "missing data of an unknown event": ([b"event: poll", b""], "Missing field 'data'"),
    "missing id": ([b"event: delete", b"data:  ", b""], "Missing field 'data'"),
    "malformed UTF-8 in data": (block("update", b'{"a": "\xff"}'), "Malformed UTF-8"),
    "malformed UTF-8 in a comment": ([b":\xff"], "Malformed UTF-8"),
    "malformed UTF-8 in a name": ([b"event: \xc3\x28"], "Malformed UTF-8"),
    "malformed UTF-8 in an unknown field": ([b"\xff: x"], "Malformed UTF-8"),
    "a character cut by the end of its line": ([b'data: {"a": "\xf0\x9f\x90'], "Malformed UTF-8"),
    "a surrogate as UTF-8": (block("update", b'"\xed\xa0\xbd"'), "Malformed UTF-8"),
    "bad JSON": (block("update", "{"), "Bad JSON"),
    "bad JSON of an unknown event": (block("poll", "01HV6J4R1ZQ3"), "Bad JSON"),
    "empty data": (block("update", ""), "Bad JSON"),
    "JSON that is too deep": (block("update", "[" * 100_000), "Bad JSON"),
    "an event above the limit": (block("update", b"x" * MAX_FRAME_BYTES), "at most 16777216 bytes"),
}


@pytest.mark.parametrize(("lines", "message"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_event_is_raised_after_on_abort_was_told(
    lines: list[bytes], message: str
) -> None:
    recorder = Recorder()
    with pytest.raises(MalformedEventError, match=message) as raised:
        recorder.handle_stream([*block("update", "1"), *lines, *block("update", "2")])
    assert recorder.calls == [("on_update", 1), ("on_abort", raised.value)]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_malformed_utf8_is_found_however_chunks_cut_it(size: int) -> None:
    body = b'event: update\ndata: {"a": "\xf0\x9f\x90"}\n\n'
    with pytest.raises(MalformedEventError, match="Malformed UTF-8"):
        heard(response(body).iter_lines(chunk_size=size))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_character_that_is_cut_by_a_chunk_is_whole_again_in_its_line(size: int) -> None:
    body = 'event: update\ndata: "\U0001f418\u2028\x85"\n\n'.encode()
    assert heard(response(body).iter_lines(chunk_size=size)) == [
        ("on_update", "\U0001f418\u2028\x85")
    ]


def test_a_message_shows_the_beginning_of_a_long_payload_only() -> None:
    with pytest.raises(MalformedEventError) as raised:
        heard(block("update", "x" * 10_000))
    assert len(str(raised.value)) < 300
    assert "..." in str(raised.value)


def test_an_error_while_reading_is_told_to_on_abort_and_raised() -> None:
    def lines() -> Iterator[bytes]:
        yield b":thump"
        raise ConnectionResetError("cut")

    recorder = Recorder()
    with pytest.raises(ConnectionResetError) as raised:
        recorder.handle_stream(lines())
    assert recorder.calls == [("handle_heartbeat",), ("on_abort", raised.value)]


def test_an_error_of_a_handler_reaches_the_caller_and_is_no_abort() -> None:
    class Failing(Recorder):
        def on_delete(self, status_id: object) -> None:
            raise MalformedEventError("mine")

    failing = Failing()
    with pytest.raises(MalformedEventError, match=r"^mine$"):
        failing.handle_stream(block("delete", "1"))
    assert failing.calls == []


@pytest.mark.parametrize("lines", [[b":thump", "event: update"], b"event: update", "text", [None]])
def test_what_is_not_bytes_is_refused(lines: Iterable[bytes]) -> None:
    with pytest.raises(BadInput, match=r"Expected lines of bytes; got (str|int|NoneType)"):
        StreamListener().handle_stream(lines)


def test_a_whole_response_is_refused_with_the_right_call() -> None:
    with pytest.raises(BadInput, match=r"Call handle_stream\(response\.iter_lines\(\)\)"):
        StreamListener().handle_stream(response(b":thump\n"))


def test_a_bytearray_is_a_line() -> None:
    lines: list[bytes] = [bytearray(line) for line in block("update", "1")]  # type: ignore[misc]
    assert heard(lines) == [("on_update", 1)]


# The end


@pytest.mark.parametrize("lines", [[b"event: update"], [b'data: {"id"'], [b"event: x", b"data: 1"]])
def test_a_partial_event_at_the_end_is_logged(
    lines: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    assert heard([*block("update", "1"), *lines]) == [("on_update", 1)]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    pending = b"\n".join(lines)
    assert record.getMessage() == f"The stream ended inside an event: {pending!r}"


def test_a_whole_event_at_the_end_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    heard([*block("update", "1"), b":thump", b"id: 7"])
    assert caplog.records == []


def test_no_lines_are_no_error() -> None:
    assert heard([]) == []


STOPPING = ["on_update", "on_any_event", "on_unknown_event", "handle_heartbeat", "on_abort"]


@pytest.mark.parametrize("handler", STOPPING)
def test_stop_stream_raised_by_a_handler_ends_the_stream_cleanly(handler: str) -> None:
    def stop(*_: object) -> None:
        raise StopStream

    read: list[bytes] = []

    def lines() -> Iterator[bytes]:
        for line in [*block("update", "{}"), *block("else", "1"), b":thump", b"\xff", b":more"]:
            read.append(line)
            yield line

    listener = StreamListener()
    setattr(listener, handler, stop)
    listener.handle_stream(lines())
    assert read[-1] != b":more"


# Whatever happens


@given(st.lists(st.binary(max_size=40)))
def test_whatever_the_lines_only_a_malformed_event_is_raised(lines: list[bytes]) -> None:
    with contextlib.suppress(MalformedEventError):
        heard(lines)


FIELDS = st.sampled_from(
    ["event: ", "data: ", "event:", "data:", "id: ", "retry: ", ":", "", "x: "]
)
VALUES = st.sampled_from(
    ["update", "delete", "poll", "{}", "1", "01H", '"a"', "\u2028", "", "filters_changed"]
)


@given(st.lists(st.builds(str.__add__, FIELDS, VALUES)), st.integers(1, 20))
def test_whatever_the_chunks_the_handlers_are_told_the_same(texts: list[str], size: int) -> None:
    body = "".join(f"{text}\n" for text in texts).encode()

    def outcome(lines: Iterable[bytes]) -> tuple[object, ...]:
        recorder = Recorder()
        try:
            recorder.handle_stream(lines)
        except MalformedEventError as error:
            return str(error), recorder.calls[:-1]
        return "", recorder.calls

    assert outcome(response(body).iter_lines(chunk_size=size)) == outcome(body.split(b"\n")[:-1])


# Threads


def test_two_streams_in_two_threads_share_one_listener_without_mixing_their_events() -> None:
    together = threading.Barrier(2, timeout=20)
    recorder = Recorder()
    count = 200

    def lines(first: int) -> Iterator[bytes]:
        for number in range(first, first + count):
            for line in block("update", f'{{"id": {number}}}'):
                together.wait()
                yield line

    threads = [
        threading.Thread(target=recorder.handle_stream, args=(lines(n),)) for n in (0, count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    updates = recorder.told("on_update")
    assert len(updates) == 2 * count
    assert sorted(status["id"] for (status,) in updates if isinstance(status, dict)) == list(
        range(2 * count)
    )


# The pages


def test_the_reference_page_names_every_handler_and_every_function() -> None:
    page = (DOCS / "reference" / "listener.md").read_text(encoding="utf-8")
    for name in [*HANDLERS, *trunkline.listener.__all__, "handle_stream"]:
        assert f"`{name}" in page, name


@pytest.mark.parametrize("page", ["reference/listener.md", "how-to/move-from-mastodon-py.md"])
def test_the_examples_of_the_page_are_python(page: str) -> None:
    examples = _examples(DOCS / page)
    assert examples
    for example in examples:
        compile(example, page, "exec")


def test_the_first_example_of_the_reference_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(_examples(DOCS / "reference" / "listener.md")[0], {})
    assert capsys.readouterr().out == "alice: Hello\n109348677778081938 is gone\n"


def _examples(page: Path) -> list[str]:
    parts = page.read_text(encoding="utf-8").split("```python\n")[1:]
    return [part.split("```")[0] for part in parts]
