"""Events as lines of JSON: the lines of `trunkline watch --json`, whatever a server sent."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.sinks.builders import NOON, PUBLIC, SERVER, gap, update
from tests.sinks.recordings import one_of_everything

from trunkline.cli.lines import json_line
from trunkline.sinks.lines import event_line, gap_line, joined, parted, purged_line
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
def test_a_line_is_that_of_watch_and_always_json(name: str, payload: bytes) -> None:
    event = decode_event(name, payload, stream=PUBLIC, server=SERVER, received_at=NOON)
    line = event_line(event)
    assert line == json_line(event)
    assert line.count(b"\n") == 1
    json.loads(line)


def test_everything_that_is_recorded_has_the_line_of_watch() -> None:
    for event in one_of_everything():
        assert event_line(event) == json_line(event)
    for one in (gap(), gap(since=None, complete=False, missing=frozenset({"b", "a"}), reason="w")):
        assert gap_line(one) == json_line(one)


def test_a_line_can_be_parted_from_its_payload_and_joined_again() -> None:
    line = event_line(update())
    head, payload = parted(line)
    assert payload == update().raw or payload is not None
    assert joined(head, payload) == line
    assert json.loads(head)["event"] == "update"
    assert parted(gap_line(gap()))[1] is None
    assert json.loads(purged_line("7")) == {"signal": "purged", "id": "7"}
