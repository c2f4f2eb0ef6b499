"""`trunkline demo`: what it shows, and that its oracle would notice a loss."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from rich.console import Console
from tests.cli.programs import end, next_line, program, run_program

from trunkline.cli import demo as demo_module
from trunkline.cli.dashboard import picture
from trunkline.cli.main import main
from trunkline.cli.oracle import Oracle, Score
from trunkline.cli.programme import PARTS, Part, fault_plan, stream_options
from trunkline.cli.show import Show, Tempo
from trunkline.events import AnyEvent, Delete, Edit, Notify, Update
from trunkline.options import StreamKeywords
from trunkline.server.faults import FAULT_KINDS
from trunkline.server.log import LogEntry
from trunkline.signals import AnySignal, Connected, Disconnected, Gap
from trunkline.streams import Stream
from trunkline.testing import make_account, make_delete, make_edit, make_update

PUBLIC = Stream.public()
AT = datetime(2026, 11, 24, 0, 18, 53, tzinfo=UTC)
SERVER = "https://trunkline.example"


def test_with_faults_it_loses_nothing_and_says_so() -> None:
    done = run_program("demo", "--seconds", "3", "--rate", "20")
    *lines, summary = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "missing 0, duplicated 0" in summary
    assert "on the way 0" in summary
    assert "published 0" not in summary
    assert any(f"!! {FAULT_KINDS['restart']}" in line for line in lines)
    assert any("connected by websocket: public:local, hashtag:python, user" in x for x in lines)
    assert any("caught up, complete" in line for line in lines)


def test_what_is_lost_is_missing_and_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def without_catching_up(part: Part, *, rate_per_second: float) -> StreamKeywords:
        return {**stream_options(part, rate_per_second=rate_per_second), "catch_up": False}

    monkeypatch.setattr(demo_module, "stream_options", without_catching_up)
    monkeypatch.setattr(demo_module, "_PATIENCE_SECONDS", 2.0)
    assert main(["demo", "--seconds", "2.5", "--rate", "60"]) == 1
    summary = capfd.readouterr().out.splitlines()[-1]
    assert "missing 0" not in summary
    assert "incomplete" in summary


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_stopped_in_the_middle_it_still_says_how_it_went(number: signal.Signals, code: int) -> None:
    with program("demo") as process:
        assert b"connected by" in next_line(process)
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (code, b"")
    assert b"missing 0, duplicated 0" in output.splitlines()[-1]


def test_a_rate_that_is_none_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--rate", "0"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_the_faults_leave_each_connection_a_healthy_minute_between_its_cuts() -> None:
    rate = 10.0
    cuts: dict[str, list[float]] = {"sse": [], "websocket": []}
    for fault in fault_plan(rate_per_second=rate)[2:]:
        if fault.kind in ("reset", "restart", "token_kill", "status"):
            for transport, moments in cuts.items():
                if fault.concerns(transport):
                    moments.append(fault.after_events / rate)
    for moments in cuts.values():
        assert len(moments) > 100
        assert min(b - a for a, b in pairwise(moments)) >= 60


class Books:
    """An oracle of the public stream, and what the server would still have."""

    def __init__(self) -> None:
        self.existing: set[str] = set()
        self.oracle = Oracle(
            {PUBLIC: frozenset({"public"})},
            exists=self.existing.__contains__,
            patience_seconds=20.0,
        )

    def publish(
        self, event: str, identifier: str, *, edited_at: str | None = None, channel: str = "public"
    ) -> None:
        if event == "delete":
            self.existing.discard(identifier)
        else:
            self.existing.add(identifier)
        entry = LogEntry(
            event=event,
            identifier=identifier,
            channels=(channel,),
            edited_at=edited_at,
            published_at=1_000.0,
        )
        self.oracle.publish(entry)

    def deliver(self, *events: AnyEvent) -> None:
        for event in events:
            self.oracle.deliver(event)

    def score(self, *, after_seconds: float = 0.0) -> Score:
        return self.oracle.score(now_seconds=1_000.0 + after_seconds)


def update(status_id: str) -> Update:
    return make_update(id=status_id, stream=PUBLIC)


def edit(status_id: str, version: str) -> Edit:
    return make_edit(id=status_id, edited_at=version, stream=PUBLIC)


def test_what_was_delivered_is_neither_missing_nor_duplicated() -> None:
    books = Books()
    books.publish("update", "1")
    books.publish("status.update", "1", edited_at="2026")
    books.publish("delete", "1")
    books.deliver(update("1"), edit("1", "2026"), make_delete("1", stream=PUBLIC))
    assert books.score(after_seconds=100) == Score(published=3, delivered=3)


def test_what_was_not_delivered_is_on_its_way_and_later_missing() -> None:
    books = Books()
    books.publish("update", "1")
    assert books.score() == Score(published=1, on_the_way=1)
    late = books.score(after_seconds=100)
    assert late == Score(published=1, missing=1)
    assert not late.is_perfect


def test_what_comes_twice_is_duplicated() -> None:
    books = Books()
    books.publish("update", "1")
    books.deliver(update("1"), update("1"))
    score = books.score()
    assert score == Score(published=1, delivered=1, duplicated=1)
    assert not score.is_perfect


def test_a_deletion_that_was_not_applied_is_missing() -> None:
    books = Books()
    books.publish("update", "1")
    books.deliver(update("1"))
    books.publish("delete", "1")
    assert books.score(after_seconds=100).missing == 1


def test_the_last_edit_has_to_be_applied_and_those_before_it_need_not() -> None:
    books = Books()
    books.publish("update", "1")
    books.deliver(update("1"))
    books.publish("status.update", "1", edited_at="2026-1")
    books.publish("status.update", "1", edited_at="2026-2")
    assert books.score(after_seconds=100) == Score(
        published=3, delivered=1, superseded=1, missing=1
    )
    books.deliver(edit("1", "2026-2"))
    assert books.score(after_seconds=100) == Score(published=3, delivered=2, superseded=1)


def test_a_post_that_was_fetched_in_its_last_version_has_that_edit_too() -> None:
    books = Books()
    books.publish("update", "1")
    books.publish("status.update", "1", edited_at="2026")
    books.deliver(make_update(id="1", edited_at="2026", stream=PUBLIC))
    assert books.score() == Score(published=2, delivered=2)


def test_a_post_that_was_gone_before_it_was_fetched_is_superseded_with_its_deletion() -> None:
    books = Books()
    books.publish("update", "1")
    books.publish("delete", "1")
    books.score()
    assert books.score(after_seconds=100) == Score(published=2, superseded=2)


def test_what_was_given_up_and_comes_all_the_same_is_delivered() -> None:
    books = Books()
    books.publish("update", "1")
    books.publish("delete", "1")
    books.score()
    books.deliver(update("1"), make_delete("1", stream=PUBLIC))
    assert books.score() == Score(published=2, delivered=2)


def test_what_other_streams_carry_and_what_nobody_can_fetch_is_not_counted() -> None:
    books = Books()
    books.publish("update", "1", channel="user:1")
    books.publish("announcement", "2")
    assert books.score() == Score()


def test_a_notification_is_a_thing_of_its_own() -> None:
    books = Books()
    books.publish("notification", "7")
    books.existing.add("n:7")
    assert books.score().on_the_way == 1
    books.deliver(
        Notify(stream=PUBLIC, server=SERVER, received_at=AT, raw=b'{"id":"7","type":"follow"}')
    )
    assert books.score() == Score(published=1, delivered=1)


def test_a_post_has_one_row_whichever_streams_bring_it() -> None:
    show = Show(PARTS)
    assert show.event(update("1")) is not None
    assert show.event(make_update(id="1", stream=Stream.user())) is None
    (row,) = show.rows(10)
    assert row.streams == {PUBLIC, Stream.user()}
    assert show.event(edit("1", "2026")) is None
    assert (row.state, row.words.text) == ("edited", "Hello, edited")
    assert show.event(Delete(PUBLIC, SERVER, AT, b"1")) is None
    assert row.state == "deleted"


def test_a_connection_is_live_again_when_every_gap_is_closed() -> None:
    show = Show(PARTS)
    line = show.lines[1]
    streams = tuple(stream for _, stream in PARTS[1].streams)
    states = []
    story: tuple[AnySignal, ...] = (
        Connected(server=SERVER, at=AT, streams=streams, transport="websocket"),
        Disconnected(
            server=SERVER, at=AT, streams=streams, reason="cut", words="", retry_in_seconds=1.0
        ),
        Connected(server=SERVER, at=AT, streams=streams, transport="websocket"),
        *(
            Gap(server=SERVER, at=AT, stream=one, since=AT, until=AT, recovered=0, complete=True)
            for one in streams
        ),
    )
    for heard in story:
        line.hear(heard)
        states.append(line.state)
    assert states == ["live", "away", "catching up", "catching up", "catching up", "live"]


def test_the_picture_has_posts_connections_counters_and_the_oracle_in_its_height() -> None:
    show = Show(PARTS)
    show.event(
        make_update("<p>Good morning</p>", account=make_account("carol"), language="en", id="1")
    )
    show.fault(AT, "the server goes down")
    show.score = Score(published=3, delivered=3)
    console = Console(width=100, height=20, record=True, force_terminal=True)
    with console.capture() as captured:
        console.print(
            picture(show, title="Demo", events_per_second=8.0, bytes_per_second=9e3, height=20)
        )
    shown = captured.get()
    assert len(shown.splitlines()) == 20
    for words in (
        *("Demo", "event stream", "WebSocket", "hashtag:python", "carol", "en", "Good morning"),
        *("the server goes down", "8.0 events/s, 9 kB/s", "reconnects 0"),
        "published 3, delivered 3, superseded 0, on the way 0, missing 0, duplicated 0",
    ):
        assert words in shown


def test_the_tempo_is_that_of_the_last_seconds() -> None:
    tempo = Tempo()
    assert tempo.per_second(0, now_seconds=0.0) == 0.0
    for second in range(1, 10):
        rate = tempo.per_second(second * 8, now_seconds=float(second))
    assert rate == pytest.approx(8.0)
    for second in range(10, 20):
        rate = tempo.per_second(72, now_seconds=float(second))
    assert rate == pytest.approx(0.0)


def test_the_end_of_a_program_is_awaited() -> None:
    with program("demo", "--no-faults", "--rate", "1") as process:
        next_line(process)
        code, errors = end(process, signal.SIGTERM)
    assert (code, errors) == (0, b"")
