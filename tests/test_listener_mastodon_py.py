"""The same names, arguments and calls as Mastodon.py 2.3.3, which is installed beside us."""

from __future__ import annotations

import inspect
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import mastodon.return_types as return_types
import mastodon.streaming as theirs
import pytest
import requests

import trunkline.listener as ours
from trunkline.events import EVENTS
from trunkline.listener import as_listener, dispatch
from trunkline.streams import Stream
from trunkline.wire.decode import decode_event

Call = tuple[object, ...]
NOW = datetime(2026, 11, 24, tzinfo=UTC)

ADDED = ["encrypted_message_handler", "heartbeat_handler", "abort_handler", "gap_handler"]
NOT_OURS = {"handle_websocket_message"}  # their transport's business, not a handler

STATUS = {
    "id": "109348677778081938",
    "created_at": "2026-11-24T00:24:08.936Z",
    "account": {"id": "7", "acct": "alice", "created_at": "2026-01-01T00:00:00.000Z"},
    "content": "<p>\u00e9t\u00e9</p>",
    "of_a_fork": {"x": [1]},
}
PAYLOADS = {
    "update": json.dumps(STATUS, ensure_ascii=False),
    "status.update": json.dumps(STATUS),
    "delete": "109348677778081938",
    "notification": json.dumps({"id": "5", "type": "mention", "status": STATUS}),
    "conversation": json.dumps({"id": "3", "unread": True, "accounts": [], "last_status": STATUS}),
    "announcement": json.dumps({"id": "8", "content": "x", "published": True}),
    "announcement.reaction": json.dumps({"name": "x", "count": 2, "announcement_id": "8"}),
    "announcement.delete": "8",
    "filters_changed": None,
    "notifications_merged": "1",
    "encrypted_message": '{"id": "2"}',
    "poll.vote": '{"id": "2", "deep": {"er": 1}}',
}


OTHER_TYPES = {
    "status.update": return_types.Status,
    "announcement.reaction": return_types.StreamReaction,
    "announcement.delete": str,
}
"""What the handlers are annotated with; Mastodon.py looks for these under names without a dot."""


def parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def test_the_callback_listener_takes_their_keywords_in_their_order() -> None:
    expected = [(each.name, each.default) for each in parameters(theirs.CallbackStreamListener)]
    got = parameters(ours.CallbackStreamListener)
    by_position = [each for each in got if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert [(each.name, each.default) for each in by_position] == expected
    assert [each.name for each in got if each.kind is each.KEYWORD_ONLY] == ADDED
    assert len(by_position) + len(ADDED) == len(got)


def test_their_version_is_the_one_that_we_promise() -> None:
    assert version("Mastodon.py") == "2.3.3"


THEIR_METHODS = sorted(
    name
    for name in vars(theirs.StreamListener)
    if name.startswith(("on_", "handle_")) and name not in NOT_OURS
)


@pytest.mark.parametrize("name", THEIR_METHODS)
def test_every_method_of_their_listener_is_one_of_ours_with_as_many_arguments(name: str) -> None:
    their_own = [
        each
        for each in parameters(getattr(theirs.StreamListener, name))
        if each.name != "for_stream"
    ]
    our_own = [
        each for each in parameters(getattr(ours.StreamListener, name)) if each.name != "for_stream"
    ]
    assert len(our_own) == len(their_own)


def test_every_event_of_theirs_is_one_of_ours() -> None:
    known = vars(theirs.StreamListener)["_StreamListener__EVENT_NAME_TO_TYPE"]
    assert set(known) == {name.replace(".", "_") for name in EVENTS}


class Theirs(theirs.StreamListener):
    """Written for Mastodon.py: keeps what its handlers get."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def on_any_event(self, name: str, data: object = None, for_stream: object = None) -> None:
        self.calls.append(("on_any_event", name, data, for_stream))

    def on_update(self, status: object, for_stream: object = None) -> None:
        self.calls.append(("on_update", status, for_stream))

    def on_poll_close(self, poll: object) -> None:
        self.calls.append(("on_poll_close", poll))


def _recording(name: str) -> Callable[..., None]:
    def handler(self: Theirs, *arguments: object) -> None:
        self.calls.append((name, *arguments))

    return handler


for _name in THEIR_METHODS:
    if _name not in {*vars(Theirs), "handle_stream"}:
        setattr(Theirs, _name, _recording(_name))


def body() -> bytes:
    """Return a stream that Mastodon.py can read, with every event in it."""
    parts = [":)\n", ":thump\n\n"]
    for name, data in PAYLOADS.items():
        if name in OTHER_TYPES:
            continue
        parts.append(f"event: {name}\n" + (f"data: {data}\n" if data is not None else "") + "\n")
    parts.append('event: poll.close\ndata: {"id":\ndata:  "1"}\n\n')
    return "".join(parts).encode()


def typed(value: object) -> object:
    """Return `value` with its types, all the way down, so that comparing sees them too."""
    if isinstance(value, dict):
        return type(value), {name: typed(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [typed(each) for each in value]
    return type(value), value


def test_their_listener_is_told_the_same_by_us_as_by_mastodon_py() -> None:
    by_them, by_us = Theirs(), Theirs()
    answer = requests.Response()
    answer.raw = io.BytesIO(body())
    by_them.handle_stream(answer)  # type: ignore[no-untyped-call]
    as_listener(by_us).handle_stream(body().split(b"\n")[:-1])
    assert len(by_them.calls) == 2 * (len(PAYLOADS) - len(OTHER_TYPES) + 1) + 2
    assert [typed(call) for call in by_us.calls] == [typed(call) for call in by_them.calls]


def test_their_listener_gets_typed_events_of_a_supervised_stream_in_their_types() -> None:
    expected, got = Theirs(), Theirs()
    as_listener(expected).handle_stream(body().split(b"\n")[2:-1])
    listener = as_listener(got)
    for name, data in [*PAYLOADS.items(), ("poll.close", '{"id": "1"}')]:
        if name in OTHER_TYPES:
            continue
        raw = None if data is None else data.encode()
        dispatch(
            listener,
            decode_event(
                name, raw, stream=Stream.user(), server="https://a.example", received_at=NOW
            ),
        )
    assert len(got.calls) == len(expected.calls)
    for call, plain in zip(got.calls, expected.calls, strict=True):
        asks = call[0] in {"on_any_event", "on_update"}
        assert typed(call) == typed((*plain[:-1], ["user"]) if asks else plain)


@pytest.mark.parametrize(("name", "expected"), OTHER_TYPES.items())
def test_a_handler_of_theirs_gets_the_type_that_it_is_annotated_with(
    name: str, expected: type
) -> None:
    listener = Theirs()
    data = PAYLOADS[name] or ""
    as_listener(listener).handle_stream([f"event: {name}".encode(), f"data: {data}".encode(), b""])
    assert listener.calls[-1][0] == "on_" + name.replace(".", "_")
    assert type(listener.calls[-1][1]) is expected


def test_their_listener_gets_heartbeats_and_the_error_that_ends_the_stream() -> None:
    listener = Theirs()
    adapted = as_listener(listener)
    error = ConnectionError()
    adapted.handle_heartbeat()
    adapted.on_abort(error)
    adapted.on_websocket_error(error, ["user"])
    assert listener.calls == [
        ("handle_heartbeat",),
        ("on_abort", error),
        ("on_websocket_error", error, ["user"]),
    ]


def test_their_callback_listener_is_told_too() -> None:
    told: list[object] = []
    made = theirs.CallbackStreamListener(local_update_handler=told.append)  # type: ignore[no-untyped-call]
    listener = as_listener(made)
    listener.handle_stream([b"event: update", b"data: " + json.dumps(STATUS).encode(), b""])
    (status,) = told
    assert status.account.acct == "alice"  # type: ignore[attr-defined]
    assert status.created_at == datetime(2026, 11, 24, 0, 24, 8, 936000, tzinfo=UTC)  # type: ignore[attr-defined]


def test_a_mastodon_py_without_these_types_gets_plain_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys.modules["mastodon.return_types"], "try_cast_recurse")
    listener = Theirs()
    as_listener(listener).handle_stream([b"event: poll.close", b'data: {"a": 1}', b""])
    assert typed(listener.calls[-1]) == typed(("on_poll_close", {"a": 1}))


def test_a_mastodon_py_without_a_handler_gets_its_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(theirs.StreamListener, "on_conversation")
    monkeypatch.delattr(Theirs, "on_conversation")
    listener = Theirs()
    as_listener(listener).handle_stream([b"event: conversation", b'data: {"a": 1}', b""])
    _, name, payload, _ = listener.calls[-1]
    assert (name, payload.a) == ("conversation", 1)  # type: ignore[attr-defined]


def test_without_mastodon_py_every_other_listener_is_adapted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Duck:
        def on_update(self, status: object) -> None:
            told.append(status)

    told: list[object] = []
    monkeypatch.delitem(sys.modules, "mastodon.streaming")
    as_listener(Duck()).handle_stream([b"event: update", b"data: {}", b""])
    assert told == [{}]
