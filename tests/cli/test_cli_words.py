"""What people read of an event, and that no stranger can write to a terminal."""

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.cli.pretty import TerminalLines
from trunkline.cli.words import Words, clean, words_of, words_of_signal
from trunkline.events import AnyEvent
from trunkline.server.synthetic import SyntheticSource
from trunkline.signals import Connected, Disconnected, Gap
from trunkline.streams import Stream
from trunkline.testing import (
    make_account,
    make_delete,
    make_edit,
    make_notify,
    make_status,
    make_update,
)
from trunkline.wire.decode import decode_event

AT = datetime(2026, 11, 24, 0, 18, 53, tzinfo=UTC)
SERVER = "https://trunkline.example"
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\u2066\r\n\x08"


def test_a_post_tells_its_author_its_text_and_what_hangs_on_it() -> None:
    update = make_update(
        "<p>Hello <b>there</b></p>",
        account=make_account("carol", domain="far.example"),
        language="fr",
        spoiler_text="food",
        media_attachments=[{"type": "image"}, {"type": "image"}, {"type": "video"}],
        poll={"id": "1", "options": []},
    )
    assert words_of(update) == Words(
        "post",
        who="carol@far.example",
        text="[food] Hello there",
        remarks=("fr", "2 pictures", "video", "poll"),
    )


def test_a_boost_tells_who_boosts_whom() -> None:
    boosted = make_status("<p>Original</p>", account=make_account("dave"))
    words = words_of(make_update("", account=make_account("carol"), reblog=boosted))
    assert (words.who, words.text) == ("carol", "boosts dave: Original")


@pytest.mark.parametrize(
    ("event", "what", "text"),
    [
        (make_edit("<p>Better</p>"), "edit", "Better"),
        (make_delete("109"), "deleted", "109"),
        (make_notify("follow", status=None), "notification", "follows you"),
        (make_notify("of.a.fork", status=None), "notification", "of.a.fork"),
    ],
)
def test_other_events_say_what_they_are(event: AnyEvent, what: str, text: str) -> None:
    words = words_of(event)
    assert (words.what, words.text) == (what, text)


def test_every_event_of_a_day_has_words_and_fits_on_a_terminal() -> None:
    source, lines = SyntheticSource(3), TerminalLines(streams=2, width=60)
    for millisecond in range(600):
        activity = source.next(1_795_000_000_000 + millisecond)
        payload = activity.payload
        raw = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        event = decode_event(
            activity.event, raw, stream=Stream.user(), server=SERVER, received_at=AT
        )
        words = words_of(event)
        assert words.what not in ("malformed", "unknown")
        assert is_safe(words.who + words.text + "".join(words.remarks))
        assert lines(event).endswith(b"\n")


def test_what_cannot_be_decoded_says_so_instead_of_failing() -> None:
    event = decode_event(
        "update", b'{"id":}', stream=Stream.public(), server=SERVER, received_at=AT
    )
    assert words_of(event).what == "malformed"


def is_safe(text: str) -> bool:
    unfit = {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}
    return not unfit and not set(text) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@given(st.text())
def test_clean_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert is_safe(clean(text))


def test_no_part_of_a_post_reaches_a_terminal_with_its_controls() -> None:
    update = make_update(
        f"<p>{ESCAPES}</p>",
        account=make_account(f"mallory{ESCAPES}"),
        language=ESCAPES,
        spoiler_text=ESCAPES,
    )
    shown = TerminalLines(streams=1, width=80)(update).decode()
    ours = shown.replace("\x1b[", "").replace("\n", "")  # the colours are our own
    assert is_safe(ours)
    assert "\x1b]" not in shown
    assert "[2J" in ours  # harmless without its escape


def test_signals_are_sentences() -> None:
    streams = (Stream.public(), Stream.hashtag("python"))
    connected = Connected(server=SERVER, at=AT, streams=streams, transport="websocket")
    assert words_of_signal(connected) == "connected by websocket: public, hashtag:python"
    lost = Disconnected(
        server=SERVER, at=AT, streams=streams, reason="stall", words="", retry_in_seconds=1.25
    )
    assert words_of_signal(lost) == "disconnected (stall); next try in 1.2 s"


def test_a_gap_says_from_when_to_when_and_what_may_be_missing() -> None:
    gap = Gap(
        server=SERVER, at=AT, stream=Stream.public(), since=AT, until=AT, recovered=1, complete=True
    )
    assert words_of_signal(gap) == (
        "public: away from 00:18:53 to 00:18:53 UTC, 1 event caught up, complete"
    )
    partial = Gap(
        server=SERVER,
        at=AT,
        stream=Stream.public(),
        since=None,
        until=AT,
        recovered=2,
        complete=False,
        missing=frozenset({"update"}),
        reason="too much",
    )
    assert words_of_signal(partial).endswith(
        "2 events caught up; may be missing: update (too much)"
    )
