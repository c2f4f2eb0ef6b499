"""Typed events to handlers, what may be passed as a listener, and listeners made of functions."""

from __future__ import annotations

import inspect
import logging
import queue
import types
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import BadInput, Misuse, StopStream
from trunkline.events import EVENTS, AnyEvent, Malformed, Unknown, Update
from trunkline.listener import (
    CallbackStreamListener,
    StreamListener,
    as_listener,
    dispatch,
    dispatch_heartbeat,
    dispatch_signal,
)
from trunkline.signals import SIGNALS, AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream
from trunkline.wire.decode import decode_event

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SERVER = "https://mastodon.example"
PYTHON = Stream.hashtag("python")

Call = tuple[object, ...]
HANDLERS = sorted(
    name for name in vars(StreamListener) if name.startswith("on_") or name == "handle_heartbeat"
)


def event(name: str, data: bytes | None, *, stream: Stream = PYTHON) -> AnyEvent:
    return decode_event(name, data, stream=stream, server=SERVER, received_at=NOW)


def recorder() -> tuple[StreamListener, list[Call]]:
    """Return a listener with every handler set on the instance, and what they were told."""
    listener, calls = StreamListener(), list[Call]()

    def recording(name: str) -> Callable[..., None]:
        return lambda *arguments: calls.append((name, *arguments))

    for name in HANDLERS:
        if name != "on_any_event":
            setattr(listener, name, recording(name))
    return listener, calls


# dispatch: events

ROWS = {
    "update": (b'{"id":"1"}', ("on_update", {"id": "1"})),
    "status.update": (b'{"id":"1"}', ("on_status_update", {"id": "1"})),
    "delete": (b"109348677778081938", ("on_delete", 109348677778081938)),
    "notification": (b'{"id":"1"}', ("on_notification", {"id": "1"})),
    "conversation": (b'{"id":"1"}', ("on_conversation", {"id": "1"})),
    "filters_changed": (None, ("on_filters_changed",)),
    "announcement": (b'{"id":"1"}', ("on_announcement", {"id": "1"})),
    "announcement.reaction": (b'{"name":"x"}', ("on_announcement_reaction", {"name": "x"})),
    "announcement.delete": (b"8", ("on_announcement_delete", 8)),
    "notifications_merged": (b"1", ("on_notifications_merged",)),
    "encrypted_message": (b'{"id":"1"}', ("on_encrypted_message", {"id": "1"})),
}


@pytest.mark.parametrize("name", EVENTS)
def test_every_typed_event_calls_its_handler_with_plain_json(name: str) -> None:
    data, call = ROWS[name]
    listener, calls = recorder()
    dispatch(listener, event(name, data))
    assert calls == [call]


@pytest.mark.parametrize(
    ("data", "expected"), [(b"01HV6J4R1ZQ3", "01HV6J4R1ZQ3"), (b"12e4", "12e4"), (b'"42"', "42")]
)
def test_an_id_that_is_not_a_number_is_a_string(data: bytes, expected: str) -> None:
    listener, calls = recorder()
    dispatch(listener, event("delete", data))
    assert calls == [("on_delete", expected)]


def test_an_unknown_event_is_logged_and_offered(caplog: pytest.LogCaptureFixture) -> None:
    listener, calls = recorder()
    dispatch(listener, event("poll.vote", b"01HV6J4R1ZQ3"))
    assert calls == [("on_unknown_event", "poll.vote", "01HV6J4R1ZQ3")]
    assert caplog.messages == ["Unhandled event 'poll.vote'"]


def test_a_subclass_adds_a_handler_for_a_new_event(caplog: pytest.LogCaptureFixture) -> None:
    class Newer(StreamListener):
        def on_poll_vote(self, vote: object) -> None:
            seen.append(vote)

    seen: list[object] = []
    dispatch(Newer(), event("poll.vote", b'{"a":1}'))
    assert seen == [{"a": 1}]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (event("update", None), "expected a payload, got none"),
        (event("", b"{}"), "expected an event name, got none"),
        (event("update", b"{broken}"), "Expected JSON in the payload"),
    ],
    ids=["no data", "no name", "bad JSON inside"],
)
def test_an_odd_frame_is_logged_and_offered_and_does_not_end_the_stream(
    odd: AnyEvent, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener, calls = recorder()
    dispatch(listener, odd)
    ((handler, told),) = calls
    assert handler == "on_malformed"
    assert isinstance(told, Malformed)
    assert told.reason.startswith(reason)
    assert (told.name, told.raw, told.stream) == (odd.name, odd.raw, odd.stream)
    assert caplog.records[0].levelno == logging.WARNING
    assert reason in caplog.messages[0]
    assert "hashtag:python" in caplog.messages[0]


def test_a_catch_up_event_that_turns_out_malformed_keeps_its_origin() -> None:
    listener, calls = recorder()
    broken = Update(stream=PYTHON, server=SERVER, received_at=NOW, raw=b"{]}", origin="catch-up")
    dispatch(listener, broken)
    assert isinstance(calls[0][1], Malformed)
    assert calls[0][1].origin == "catch-up"


@pytest.mark.parametrize("error", [ValueError("mine"), StopStream("enough")])
def test_what_a_handler_raises_is_the_callers(error: Exception) -> None:
    def fail(_: object) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        dispatch(CallbackStreamListener(delete_handler=fail), event("delete", b"1"))
    assert raised.value is error


@given(
    st.sampled_from([*EVENTS, "poll", "any_event", "gap", ""]), st.none() | st.binary(max_size=30)
)
def test_whatever_the_frame_dispatch_tells_exactly_one_handler_and_raises_nothing(
    name: str, data: bytes | None
) -> None:
    listener, calls = recorder()
    dispatch(listener, event(name, data))
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("stream", "words"),
    [(PYTHON, ["hashtag", "python"]), (Stream.list(7), ["list", "7"]), (Stream.user(), ["user"])],
    ids=str,
)
def test_a_handler_that_asks_for_the_stream_gets_its_words(
    stream: Stream, words: list[str]
) -> None:
    class Asking(StreamListener):
        def on_any_event(self, name: str, data: object, for_stream: object = None) -> None:
            seen.append(for_stream)

        def on_update(self, status: object, for_stream: object = None) -> None:
            seen.append(for_stream)

        def on_filters_changed(self, *, for_stream: object = None) -> None:
            seen.append(for_stream)

        def on_unknown_event(self, name: str, payload: object, for_stream: object = None) -> None:
            seen.append(for_stream)

    seen: list[object] = []
    for name, data in (("update", b"{}"), ("filters_changed", None), ("poll", b"1")):
        dispatch(Asking(), event(name, data, stream=stream))
    assert seen == [words] * 6


def test_a_decorated_handler_gets_the_stream_too() -> None:
    def logged(handler: Callable[..., None]) -> Callable[..., None]:
        @wraps(handler)
        def wrapper(*arguments: object, **named: object) -> None:
            handler(*arguments, **named)

        return wrapper

    class Asking(StreamListener):
        @logged
        def on_update(self, status: object, for_stream: object = None) -> None:
            seen.append(for_stream)

    seen: list[object] = []
    dispatch(Asking(), event("update", b"{}"))
    assert seen == [["hashtag", "python"]]


# dispatch: signals

SIGNAL_ROWS: dict[type, tuple[AnySignal, str]] = {
    Heartbeat: (Heartbeat(server=SERVER, at=NOW, streams=(PYTHON,)), "handle_heartbeat"),
    Gap: (
        Gap(
            server=SERVER,
            at=NOW,
            stream=PYTHON,
            since=None,
            until=NOW,
            recovered=3,
            complete=True,
        ),
        "on_gap",
    ),
    Connected: (
        Connected(server=SERVER, at=NOW, streams=(PYTHON,), transport="sse"),
        "on_connected",
    ),
    Disconnected: (
        Disconnected(
            server=SERVER,
            at=NOW,
            streams=(PYTHON,),
            reason="stall",
            words="",
            retry_in_seconds=1.0,
        ),
        "on_disconnected",
    ),
}


@pytest.mark.parametrize("kind", SIGNALS)
def test_every_signal_calls_its_handler(kind: type) -> None:
    signal, handler = SIGNAL_ROWS[kind]
    listener, calls = recorder()
    dispatch_signal(listener, signal)
    assert calls == [(handler,) if kind is Heartbeat else (handler, signal)]
    dispatch_signal(StreamListener(), signal)


def test_a_heartbeat_is_dispatched_alone_too() -> None:
    listener, calls = recorder()
    dispatch_heartbeat(listener)
    assert calls == [("handle_heartbeat",)]


def test_the_hooks_of_the_base_class_do_nothing() -> None:
    listener = StreamListener()
    dispatch(listener, event("update", None))
    listener.on_abort(ValueError())
    listener.on_websocket_error(ValueError())


# as_listener


def test_a_stream_listener_is_taken_as_it_is() -> None:
    listener = CallbackStreamListener()
    assert as_listener(listener) is listener


def test_a_function_of_one_argument_gets_every_event_as_a_typed_value() -> None:
    told: list[AnyEvent] = []
    listener = as_listener(lambda event: told.append(event))
    events = [event("update", b'{"id":"1"}'), event("poll", b"1"), event("delete", b"")]
    for each in events:
        dispatch(listener, each)
    assert [type(each) for each in told] == [Update, Unknown, Malformed]
    assert told == events
    dispatch_heartbeat(listener)


def test_whatever_takes_one_argument_is_such_a_function() -> None:
    told: list[AnyEvent] = []
    waiting: queue.Queue[AnyEvent] = queue.Queue()

    class Counter:
        def __call__(self, event: AnyEvent) -> None:
            told.append(event)

    def fold(event: AnyEvent, into: list[AnyEvent] = told) -> None:
        into.append(event)

    for function in (told.append, waiting.put, Counter(), fold):
        dispatch(as_listener(function), event("delete", b"1"))
    assert (len(told), waiting.qsize()) == (3, 1)


def test_a_function_that_does_not_tell_what_it_takes_is_trusted() -> None:
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(dict.fromkeys([1]).update)
    target: dict[object, object] = {}
    assert isinstance(as_listener(target.update), StreamListener)


def test_a_function_cannot_take_lines() -> None:
    with pytest.raises(Misuse, match="StreamListener subclass"):
        as_listener(print).handle_stream([])


@pytest.mark.parametrize(
    "function", [lambda: None, lambda name, payload: None, lambda *, event: None], ids="021"
)
def test_a_function_of_another_number_of_arguments_is_refused(function: object) -> None:
    with pytest.raises(BadInput, match=r"one argument, the event; got <lambda>.*CallbackStream"):
        as_listener(function)


async def coroutine(event: object) -> None: ...


class AsyncCall:
    async def __call__(self, event: object) -> None: ...


class AsyncBot(StreamListener):
    async def on_update(self, status: object, /) -> None:  # type: ignore[override]
        ...


class AsyncDuck:
    async def on_update(self, status: object) -> None: ...


class AsyncHeart(StreamListener):
    async def handle_heartbeat(self) -> None:  # type: ignore[override]
        ...


@pytest.mark.parametrize("value", [coroutine, AsyncCall(), AsyncBot(), AsyncDuck(), AsyncHeart()])
def test_a_coroutine_function_is_refused_because_nothing_would_await_it(value: object) -> None:
    with pytest.raises(BadInput, match="coroutine function, which nothing would await"):
        as_listener(value)


@pytest.mark.parametrize("value", [None, "on_update", 7, object(), {"update": print}, []])
def test_anything_else_is_refused_with_what_to_pass(value: object) -> None:
    with pytest.raises(BadInput, match=r"on_update, or a function of one argument; got "):
        as_listener(value)


def test_a_class_instead_of_its_instance_is_refused() -> None:
    with pytest.raises(BadInput, match=r"got the class AsyncBot\. Pass an instance of it"):
        as_listener(AsyncBot)


class Duck:
    """Has two handlers and no base class."""

    on_air = True

    def __init__(self) -> None:
        self.told: list[Call] = []

    def on_update(self, status: object) -> None:
        self.told.append(("on_update", status))

    def on_poll(self, poll: object) -> None:
        self.told.append(("on_poll", poll))


def test_an_object_of_another_class_is_asked_for_the_handlers_that_it_has() -> None:
    duck = Duck()
    listener = as_listener(duck)
    for name, data in (("update", b"{}"), ("delete", b"1"), ("poll", b"2"), ("else", b"3")):
        dispatch(listener, event(name, data))
    dispatch(listener, event("update", None))
    dispatch_heartbeat(listener)
    listener.handle_stream([b":thump", b"event: update", b'data: {"a": 1}', b""])
    assert duck.told == [("on_update", {}), ("on_poll", 2), ("on_update", {"a": 1})]


def test_a_handler_that_is_exchanged_later_is_the_one_that_is_called() -> None:
    duck, seen = Duck(), list[object]()
    listener = as_listener(duck)
    duck.on_update = seen.append  # type: ignore[method-assign, assignment]
    dispatch(listener, event("update", b"{}"))
    assert seen == [{}]


def test_a_module_with_handlers_is_a_listener() -> None:
    seen: list[object] = []
    module = types.ModuleType("bot")
    vars(module)["on_delete"] = seen.append
    dispatch(as_listener(module), event("delete", b"1"))
    assert seen == [1]


# CallbackStreamListener

EXTRA = {"encrypted_message_handler", "heartbeat_handler", "abort_handler", "gap_handler"}
UNLIKE = {"handle_heartbeat": "heartbeat_handler", "on_websocket_error": "stream_error_handler"}
WITHOUT_FUNCTION = {"on_any_event", "on_connected", "on_disconnected", "on_malformed"}


def keyword(handler: str) -> str:
    return UNLIKE.get(handler, handler.removeprefix("on_") + "_handler")


@pytest.mark.parametrize("handler", [name for name in HANDLERS if name not in WITHOUT_FUNCTION])
def test_each_handler_calls_its_function_with_what_it_gets(handler: str) -> None:
    told: list[Call] = []
    listener = CallbackStreamListener(
        **{keyword(handler): lambda *arguments: told.append(arguments)}
    )
    count = len(inspect.signature(getattr(StreamListener, handler)).parameters) - 1
    arguments = [{"account": {"acct": "a@b"}}, None][:count]
    getattr(listener, handler)(*arguments)
    assert told == [tuple(arguments)]


def test_without_functions_nothing_happens() -> None:
    listener = CallbackStreamListener()
    for handler in HANDLERS:
        count = len(inspect.signature(getattr(StreamListener, handler)).parameters) - 1
        getattr(listener, handler)(*[{}, None][:count])


def test_the_functions_are_called_for_events_of_a_stream() -> None:
    told: list[Call] = []
    listener = CallbackStreamListener(
        delete_handler=lambda status_id: told.append(("delete", status_id)),
        filters_changed_handler=lambda: told.append(("filters",)),
        unknown_event_handler=lambda name, payload: told.append((name, payload)),
    )
    for name, data in (("delete", b"1"), ("filters_changed", None), ("poll", b"2")):
        dispatch(listener, event(name, data))
    assert told == [("delete", 1), ("filters",), ("poll", 2)]


def test_both_spellings_of_the_encrypted_message_handler_are_accepted_but_not_together() -> None:
    told: list[object] = []
    CallbackStreamListener(encryted_message_handler=told.append).on_encrypted_message({"a": 1})
    CallbackStreamListener(encrypted_message_handler=told.append).on_encrypted_message({"a": 2})
    assert told == [{"a": 1}, {"a": 2}]
    with pytest.raises(BadInput, match=r"Pass encrypted_message_handler\."):
        CallbackStreamListener(encryted_message_handler=print, encrypted_message_handler=print)


@pytest.mark.parametrize("acct", ["alice", "alice@other.example"])
def test_the_local_update_handler_gets_posts_of_the_servers_own_users(acct: str) -> None:
    told: list[Call] = []
    listener = CallbackStreamListener(
        lambda status: told.append(("any", status)), lambda status: told.append(("local", status))
    )
    status = {"account": {"acct": acct}}
    listener.on_update(status)
    assert told == [("any", status), *([] if "@" in acct else [("local", status)])]


@pytest.mark.parametrize("status", [{}, {"account": None}, {"account": {"acct": None}}, 7])
def test_a_post_without_its_author_is_not_local_and_is_logged(
    status: object, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []
    listener = CallbackStreamListener(told.append, lambda _: told.append("local"))
    listener.on_update(status)  # type: ignore[arg-type]
    assert told == [status]
    assert caplog.records[0].levelno == logging.WARNING


def test_a_function_can_be_exchanged_later() -> None:
    told: list[object] = []
    listener = CallbackStreamListener()
    listener.delete_handler = told.append
    listener.on_delete(1)
    assert told == [1]


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(BadInput, match="Expected a function as delete_handler; got int"):
        CallbackStreamListener(delete_handler=7)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="Expected a plain function as update_handler; got a corou"):
        CallbackStreamListener(coroutine)
