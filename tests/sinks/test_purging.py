"""Posts are found and cut out wherever they stand in a payload, and nothing else is."""

from __future__ import annotations

import json

from tests.sinks.builders import boost, post, quote

from trunkline.sinks.purging import post_ids, without_post


def test_every_post_in_a_payload_is_found() -> None:
    payload = {"id": "55", "status": quote("3", post("1")), "more": [boost("2", post("4"))]}
    assert post_ids(json.dumps(payload)) == {"1", "2", "3", "4"}
    assert post_ids(b"no JSON") == set()
    assert post_ids(b"[" * 100_000) == set()


def test_a_post_is_cut_out_wherever_it_stands_and_nothing_else() -> None:
    payload = '{"a":[{"id":1,"content":"x"},{"id":"1","name":"é"}],"id":"2","content":""}'
    cut = '{"a":[null,{"id":"1","name":"é"}],"id":"2","content":""}'
    assert without_post(payload, "1") == cut
    assert without_post(payload, "2") is None
    assert without_post("no JSON", "2") is None


def test_a_boost_goes_with_its_post() -> None:
    shown = {"id": "55", "status": boost("2", post("1"))}
    assert without_post(json.dumps(shown), "1") == '{"id":"55","status":null}'
    assert without_post(json.dumps(boost("2", post("1"))), "1") is None
