"""Recordings, read from HTTP head to events: ours, and those of a real server if they are there.

Ours lie in tests/fixtures. Those of a real server are looked for beside the checkout, in
shared/corpus, or where TRUNKLINE_CORPUS says; without them their tests are skipped.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trunkline.events import Delete, Malformed, Unknown, Update
from trunkline.streams import Stream
from trunkline.wire.decode import decode_event
from trunkline.wire.sse import Comment, EventStreamParser, Frame, Oversized
from trunkline.wire.websocket import Accepted, ErrorMessage, Message, Noise, Router, decode_message

from .recordings import FOLDER, RECORDINGS
from .transcripts import CLOSE, PING, PONG, TEXT, Answer, read_answer, read_frames

BESIDE = Path(__file__).parents[3] / "shared" / "corpus"
CORPUS = Path(os.environ.get("TRUNKLINE_CORPUS", BESIDE))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
STREAM = Stream.user()
OTHER_FRAMES = {PING: "ping", PONG: "pong", CLOSE: "close"}

Told = Frame | Comment | Oversized | Message | ErrorMessage | Accepted | Noise | str


def parse(chunks: Iterable[bytes]) -> list[Frame | Comment | Oversized]:
    parser = EventStreamParser()
    return [item for chunk in chunks for item in parser.feed(chunk)]


def told_by(answer: Answer) -> Sequence[Told]:
    """Return what an answer says, whether it is an event stream, a WebSocket or a refusal."""
    if answer.status == 101:
        frames = read_frames(answer.body)
        return [
            decode_message(payload) if first == TEXT else OTHER_FRAMES[first]
            for first, payload in frames
        ]
    return parse([answer.body])


def kinds_of(told: Iterable[Told]) -> Iterator[str]:
    """Name what was told: an event by its class, everything else by what it is."""
    for item in told:
        match item:
            case str():
                yield item
            case Comment(text):
                yield f":{text.decode()}"
            case Frame(name, data) | Message(name, data):
                event = decode_event(name, data, stream=STREAM, server="", received_at=NOON)
                if not isinstance(event, Malformed):
                    event.decode()
                assert event.raw == (data or b"")
                yield type(event).__name__
            case _:
                yield type(item).__name__


def count(transcript: bytes) -> dict[str, int]:
    return dict(Counter(kinds_of(told_by(read_answer(transcript)))))


ALL_KINDS = dict.fromkeys(
    (
        *("Update", "Edit", "Delete", "Notify", "ConversationChanged", "FiltersChanged"),
        *("AnnouncementChanged", "AnnouncementReacted", "AnnouncementDeleted"),
        *("NotificationsMerged", "EncryptedMessageReceived", "Unknown"),
    ),
    1,
)

OURS: dict[str, dict[str, int]] = {
    "sse_all_kinds": {**ALL_KINDS, ":)": 1, ":thump": 11},
    "sse_odd_content": {":)": 1, "Update": 3, "Malformed": 3, "Delete": 1},
    "sse_thumps_of_4_5": {":)": 1, ":thump": 3, "Update": 1},
    "sse_cut_in_mid_event": {":)": 1, "Update": 1},
    "sse_token_killed": {":)": 1, "Delete": 1},
    "sse_large": {":)": 1, "Update": 1},
    "sse_other_hand": {":connected": 1, "Update": 2, "Malformed": 2, ":": 1},
    "ws_all_kinds": {**ALL_KINDS, "Update": 2, "ping": 1, "close": 1},
    "ws_odd_payloads": {"Update": 3, "Delete": 1, "FiltersChanged": 2, "Malformed": 2, "Noise": 1},
    "ws_several_streams": {"Update": 4, "Delete": 1, "ErrorMessage": 2},
    "ws_other_hands": {
        "Update": 3,
        "Delete": 1,
        "Noise": 1,
        "Accepted": 1,
        "ErrorMessage": 1,
        "close": 1,
    },
}

MANY_DELETES = {":)": 1, "Update": 50, "Delete": 50}
THEIRS: dict[str, dict[str, int]] = {
    "sse_events_user": {
        **ALL_KINDS,
        ":)": 1,
        "Update": 3,
        "Delete": 2,
        "Notify": 2,
        "Unknown": 7,
    },
    "sse_content_newlines_unicode": {":)": 1, "Update": 3, "Malformed": 2, "Unknown": 4},
    "sse_filtering_public_bob": {":)": 1, "Update": 6, "Edit": 1, "Delete": 1},
    "sse_heartbeat_idle": {":)": 1, ":thump": 5},
    "sse_heartbeat_with_traffic": {":)": 1, ":thump": 5, "Delete": 18},
    "sse_stream_direct": {":)": 1, "ConversationChanged": 1},
    "sse_stream_hashtag_accents": {":)": 1, "Update": 1},
    "sse_stream_public": {":)": 1, "Update": 1},
    "sse_stream_user_notification": {":)": 1, "Notify": 1},
    "sse_update_then_delete_gap_0ms": MANY_DELETES,
    "sse_update_then_delete_gap_20ms": MANY_DELETES,
    "redis_outage_sse": {":)": 1, "Delete": 2},
    "shutdown_SIGTERM_sse": {":)": 1, "Delete": 1},
    "ws_events_user": {
        **ALL_KINDS,
        "Update": 4,
        "Delete": 2,
        "Unknown": 6,
        "Malformed": 1,
        "Noise": 2,
        "ping": 1,
    },
    "ws_errors_requests": {"ErrorMessage": 18, "pong": 1},
    "ws_multi_dup_unsub": {"Delete": 4, "NotificationsMerged": 3, "Update": 2},
    "ws_streams_all": {"Update": 10, "Notify": 2, "ConversationChanged": 1},
    "ws_sub_unsub_race_user": {},
    "ws_sub_unsub_race_user_one_write": {"Delete": 1},
    "ws_kill_access_token": {"close": 1},
    "long_ws_idle_never_pongs": {"Update": 1, "Notify": 1, "ping": 1},
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_of_ours_is_as_it_was_made(name: str) -> None:
    assert (FOLDER / f"{name}.bin").read_bytes() == RECORDINGS[name]


@pytest.mark.parametrize("name", OURS)
def test_a_recording_of_ours_says_what_it_should(name: str) -> None:
    assert count((FOLDER / f"{name}.bin").read_bytes()) == OURS[name]


def test_every_recording_of_ours_is_read() -> None:
    assert sorted(OURS) == sorted(RECORDINGS) == sorted(file.stem for file in FOLDER.glob("*.bin"))


def each_line(name: str) -> list[Frame]:
    body = read_answer(RECORDINGS[name]).body
    return [item for item in parse([body]) if isinstance(item, Frame)]


def test_odd_content_comes_through_and_a_broken_frame_harms_no_other() -> None:
    first, broken, broken_twice, surrogate, marked, spaced, ulid = each_line("sse_odd_content")
    assert json.loads(first.data or b"")["content"] == "<p>a\u2028b\u2029c\u0085d 🪡 \\n \x7f</p>"
    assert broken == Frame("update", b'{"id":"2","content":"one')
    assert broken_twice == Frame("update", b'{"id":"3","content":"one')
    assert surrogate.data == b'{"id":"4","content":"\\ud83d alone"}'
    assert marked.data == "\ufeff{}".encode()
    assert (spaced.data or b"").startswith(b' {"id"')
    assert ulid == Frame("delete", b"01JABCDEFGHJKMNPQRSTVWXYZ0")


def test_an_event_that_was_cut_off_is_pending() -> None:
    answer = read_answer(RECORDINGS["sse_cut_in_mid_event"])
    parser = EventStreamParser()
    parser.feed(answer.body)
    assert not answer.ended
    assert parser.pending.startswith(b'event: update\ndata: {"id":"116000000000000002"')
    assert read_answer(RECORDINGS["sse_token_killed"]).ended


def test_frames_of_several_streams_find_theirs() -> None:
    tag, numbered, local = Stream.hashtag("garten"), Stream.list(7), Stream.public(local=True)
    router = Router([STREAM, tag, numbered, local])
    for name in ("ws_several_streams", "ws_other_hands"):
        messages = [
            item for item in told_by(read_answer(RECORDINGS[name])) if type(item) is Message
        ]
        routes = [router.route(message.stream) for message in messages]
        assert routes[:3] == [(STREAM,), (tag,), (numbered,)]
        assert routes[3] == (
            (local,) if name == "ws_several_streams" else (STREAM, tag, numbered, local)
        )


def test_a_lone_surrogate_is_replaced_only_where_it_is_no_escape() -> None:
    messages = [
        item
        for item in told_by(read_answer(RECORDINGS["ws_odd_payloads"]))
        if type(item) is Message
    ]
    assert messages[5].data == "\ufffd alone".encode()
    assert messages[6].data == b'{"id":"4","content":"\\ud83d alone"}'
    assert messages[1] == Message("delete", b"116000000000000000", ("user",))
    assert messages[2].data == b'{"id":"2","content":"not in a string"}'


# What a real server sent

corpus = sorted(CORPUS.glob("*.bin"))
if_recorded = pytest.mark.skipif(not corpus, reason="no recordings of a real server here")


@if_recorded
@pytest.mark.parametrize("file", corpus, ids=lambda file: file.stem)
def test_a_recording_of_a_real_server_is_read_without_error(file: Path) -> None:
    counts = count(file.read_bytes())
    if file.stem in THEIRS:
        assert counts == THEIRS[file.stem]
    assert "Oversized" not in counts


@if_recorded
@pytest.mark.parametrize("file", corpus, ids=lambda file: file.stem)
def test_a_recorded_event_stream_says_the_same_byte_by_byte(file: Path) -> None:
    answer = read_answer(file.read_bytes())
    if answer.headers.get("content-type") == "text/event-stream":
        whole = parse([answer.body])
        assert parse(answer.body[place : place + 1] for place in range(len(answer.body))) == whole
        assert whole[0] == Comment(b")")


@if_recorded
def test_every_recording_that_has_a_count_is_there() -> None:
    assert set(THEIRS) <= {file.stem for file in corpus}


@if_recorded
def test_every_update_that_was_recorded_has_a_post_and_every_delete_an_id() -> None:
    for name in ("sse_filtering_public_bob", "sse_update_then_delete_gap_0ms", "ws_streams_all"):
        for item in told_by(read_answer((CORPUS / f"{name}.bin").read_bytes())):
            if not isinstance(item, Frame | Message):
                continue
            name, data = item.event, item.data
            event = decode_event(name, data, stream=STREAM, server="", received_at=NOON)
            assert not isinstance(event, Unknown | Malformed)
            if isinstance(event, Update):
                assert event.status.id == event.status_id == event.json()["id"]
                assert event.status.account.acct
            if isinstance(event, Delete):
                assert event.status_id
