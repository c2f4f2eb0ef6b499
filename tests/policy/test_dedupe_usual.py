"""The window takes usual posts by a short cut, which says what the long way says."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from trunkline.events import AnyEvent, Delete, Edit, Update
from trunkline.policy.dedupe import Admission, Window
from trunkline.streams import Stream

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATES = (None, "2026-11-24T12:00:00.000Z", "2026-11-24T13:00:00.000Z")

posts = st.fixed_dictionaries(
    {"id": st.sampled_from("123")},
    optional={
        "edited_at": st.sampled_from(DATES),
        "reblog": st.fixed_dictionaries({"id": st.just("9"), "edited_at": st.sampled_from(DATES)}),
    },
)
happenings = st.lists(
    st.tuples(st.sampled_from([Update, Edit]), posts) | st.tuples(st.just(Delete), posts),
    max_size=12,
)


def event(kind: type[Update | Edit | Delete], post: dict[str, object], *, usual: bool) -> AnyEvent:
    separators = (",", ":") if usual else (" , ", " : ")  # the short cut knows no spaces
    ordered = {name: post[name] for name in ("id", "edited_at", "reblog") if name in post}
    raw = str(post["id"]) if kind is Delete else json.dumps(ordered, separators=separators)
    return kind(Stream.public(), "https://mastodon.example", NOON, raw.encode(), "live")


@given(happenings)
def test_a_usual_post_is_judged_as_the_same_post_in_another_spelling(
    happened: list[tuple[type[Update | Edit | Delete], dict[str, object]]],
) -> None:
    usual, unusual = Window(), Window()

    for second, (kind, post) in enumerate(happened):
        one, other = event(kind, post, usual=True), event(kind, post, usual=False)
        fresh = usual.news([one], now_seconds=second)
        admitted = unusual.admit(other, now_seconds=second)
        assert fresh == ([one] if admitted is Admission.NEW else [])
    assert list(usual.keys()) == list(unusual.keys())


def test_the_window_holds_its_capacity_and_at_most_a_sixteenth_more() -> None:
    window = Window(capacity=160)

    for number in range(1_000, 2_000):
        post = event(Update, {"id": str(number), "edited_at": None}, usual=True)
        window.news([post], now_seconds=0.0)
        window.trim()
        assert len(window) <= 170
    assert len(window) >= 160
    newest = [str(number) for number in range(2_000 - len(window), 2_000)]
    assert list(window.keys()) == newest
    assert window.horizons == {"statuses": str(int(newest[0]) - 1)}


def test_small_windows_hold_their_capacity_exactly() -> None:
    window = Window(capacity=3)

    for number in range(10, 20):
        window.news([event(Update, {"id": str(number)}, usual=True)], now_seconds=0.0)
        window.trim()

    assert list(window.keys()) == ["17", "18", "19"]


@given(st.lists(st.sampled_from(["5", "6", "n:7", "c:1/8", "5@2026", "6!"]), unique=True))
def test_what_is_forgotten_raises_the_horizon_of_its_track(forgotten: list[str]) -> None:
    window = Window(capacity=0)
    for key in forgotten:
        window.remember(key, at_seconds=0.0)
    window.trim()

    expected = {
        "statuses": max({"5", "6"}.intersection(forgotten), default=""),
        "notifications": "7" if "n:7" in forgotten else "",
        "conversations": "8" if "c:1/8" in forgotten else "",
    }
    assert window.horizons == {track: highest for track, highest in expected.items() if highest}
    assert len(window) == 0
