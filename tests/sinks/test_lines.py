"""Events as lines of JSON: the lines of `trunkline watch --json`, whatever a server sent."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.sinks.builders import NOON, PUBLIC, SERVER, gap, update
from tests.sinks.recordings import one_of_everything

from trunkline.sinks.lines import event_line, joined, parted, purged_line, signal_line
from trunkline.wire.decode import decode_event

NAMES = ("update", "delete", "notification", "filters_changed", "announcement.delete", "x\ny")
payloads = (
    st.binary(max_size=30)
    | st.text(max_size=20).map(str.encode)
    | st.sampled_from(
        [b"", b'{"id":"1"}', b'{"a":"\\ud83d"}', b'{\n"a":\r\n1}', b"NaN", b"12e4", b'"7"', b"\xff"]
    )
)


@given(name=st.sampled_from(NAMES), payload=payloads)
def test_a_line_is_one_line_and_always_json(name: str, payload: bytes) -> None:
    event = decode_event(name, payload, stream=PUBLIC, server=SERVER, received_at=NOON)
    line = event_line(event)
    assert line.count(b"\n") == 1
    json.loads(line)


def test_everything_that_is_recorded_has_a_line_that_names_it() -> None:
    for event in one_of_everything():
        told = json.loads(event_line(event))
        assert told["stream"] == str(event.stream)
        assert told["name" if told["event"] == "malformed" else "event"] == event.name
    told = json.loads(signal_line(gap(since=None, missing=frozenset({"b", "a"}), reason="w")))
    assert (told["signal"], told["since"], told["missing"]) == ("gap", None, ["a", "b"])
    assert next(iter(told)) == "signal"


def test_a_line_can_be_parted_from_its_payload_and_joined_again() -> None:
    line = event_line(update())
    head, payload = parted(line)
    assert payload == update().raw or payload is not None
    assert joined(head, payload) == line
    assert json.loads(head)["event"] == "update"
    assert parted(signal_line(gap()))[1] is None
    assert json.loads(purged_line("7")) == {"signal": "purged", "id": "7"}
