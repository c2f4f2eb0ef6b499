"""The numbers of a recording: each of them counted by hand."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.report.days import (
    GAPS,
    NOON,
    at,
    came,
    gone,
    record_at,
    small_day,
    snowflake,
    written_at,
)
from tests.sinks.builders import SERVER, gap

from trunkline.report import Report, measure
from trunkline.report.values import Count, Lag, StreamCount, bucket_width_seconds, delays, lag_of
from trunkline.sinks.base import Batch, SinkError
from trunkline.sinks.sqlite import SqliteSink


@pytest.fixture(name="report", scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("report") / "toots.db"
    return measure(record_at(path, small_day(), gaps=GAPS))


def test_events_are_counted_by_kind_and_by_stream(report: Report) -> None:
    totals = report.totals
    assert totals.events == 12
    assert totals.kinds == {
        "update": 6,
        "delete": 3,
        "status.update": 1,
        "notification": 1,
        "malformed": 1,
    }
    assert totals.caught_up == 1
    assert (totals.first_at, totals.last_at) == (at(1), at(119.5))
    assert report.streams == (
        StreamCount(SERVER, "public", 9),
        StreamCount(SERVER, "hashtag:python", 2),
        StreamCount(SERVER, "user", 1),
    )


def test_posts_are_counted_once_and_boosts_apart(report: Report) -> None:
    totals = report.totals
    assert (totals.posts, totals.boosts, totals.edited) == (4, 1, 1)
    assert totals.deletions == 2, "one of a post that was never seen, one told by two streams"
    assert (totals.gaps, totals.incomplete_gaps) == (2, 1)
    assert (totals.runs, totals.runs_without_end) == (1, 0)
    assert totals.file_bytes > 0


def test_the_timeline_has_every_bucket_from_the_first_moment_to_the_last(report: Report) -> None:
    assert report.bucket_seconds == 1
    assert len(report.timeline) == 120
    assert report.timeline[0].start == NOON
    assert {bucket.start: bucket.counts for bucket in report.timeline if bucket.counts} == {
        at(1): {"update": 2},
        at(12): {"update": 1},
        at(24): {"update": 1},
        at(41): {"status.update": 1},
        at(50): {"delete": 1},
        at(51): {"delete": 1},
        at(52): {"delete": 1},
        at(60): {"notification": 1},
        at(61): {"malformed": 1},
        at(119): {"update": 2},
    }


def test_lag_is_from_the_time_in_the_id_to_the_arrival_of_live_posts(report: Report) -> None:
    lags = {bucket.start: bucket.lag for bucket in report.timeline if bucket.lag}
    assert lags == {
        at(1): Lag(2, 1.0, 1.0),
        at(12): Lag(1, 2.0, 2.0),
        at(24): Lag(1, 4.0, 4.0),
        at(119): Lag(1, 1.5, 1.5),
    }
    assert report.lag == Lag(5, 1.5, 4.0)


def test_what_was_deleted_is_not_told_of(report: Report) -> None:
    assert report.tags.top == (Count("python", 2), Count("birds", 1))
    assert report.languages.top == (Count(None, 1), Count("de", 1), Count("en", 1))
    assert report.author_servers.top == (
        Count("harbour.example", 2, authors=2),
        Count("trunkline.example", 1, authors=1),
    )
    assert report.totals.authors == 3


def test_delays_are_those_of_the_edit_and_of_each_deletion(report: Report) -> None:
    assert report.edit_delays == delays([40.0])
    assert report.deletion_delays == delays([30.0, 7252.0])


def test_gaps_are_told_with_their_reasons(report: Report) -> None:
    unknown, filled = report.gaps
    assert (unknown.since, unknown.until, unknown.complete) == (None, at(0), False)
    assert unknown.missing == ("delete", "update")
    assert unknown.reason == "the server has no timeline for it"
    assert (filled.since, filled.until, filled.recovered) == (at(90), at(118), 1)


def test_an_id_that_is_no_time_has_no_lag_and_a_delay_by_its_post(tmp_path: Path) -> None:
    strange = written_at(0) | {"id": "AdTzk5"}
    serial = written_at(5) | {"id": "31245"}
    other_epoch = written_at(7) | {"id": str(int(snowflake(at(7))) * 60)}
    posts = (strange, serial, other_epoch)
    events = [came(one, 20) for one in posts] + [gone(one, 60) for one in posts]
    report = measure(record_at(tmp_path / "toots.db", events))
    assert report.lag is None
    assert report.deletion_delays == delays([60.0, 55.0, 53.0])


def test_a_clock_that_is_behind_makes_no_lag_below_zero(tmp_path: Path) -> None:
    report = measure(record_at(tmp_path / "toots.db", [came(written_at(3), 0)]))
    assert report.lag == Lag(1, 0.0, 0.0)


def test_an_empty_recording_has_a_report_of_nothing(tmp_path: Path) -> None:
    report = measure(record_at(tmp_path / "toots.db", []))
    assert (report.totals.events, report.totals.first_at, report.timeline) == (0, None, ())
    assert (report.lag, report.edit_delays, report.tags.top) == (None, delays([]), ())


def test_a_gap_alone_is_told_without_a_timeline(tmp_path: Path) -> None:
    report = measure(record_at(tmp_path / "toots.db", [], gaps=[gap()]))
    assert (len(report.gaps), report.timeline) == (1, ())


def test_it_reads_while_a_recorder_writes(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    sink = SqliteSink(path)
    sink.write(Batch(events=[came(written_at(0), 1)]))
    report = measure(path)
    sink.write(Batch(events=[came(written_at(1), 2)]))
    sink.close()
    assert (report.totals.events, report.totals.runs_without_end) == (1, 1)


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0" + b"x" * 99])
def test_what_is_no_recording_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SinkError, match="Expected a recording"):
        measure(path)


def test_a_recording_that_lost_a_table_is_refused(tmp_path: Path) -> None:
    path = record_at(tmp_path / "toots.db", small_day())
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE gaps")
    database.close()
    with pytest.raises(SinkError, match="no such table: gaps"):
        measure(path)


@pytest.mark.parametrize(
    ("span_seconds", "width_seconds"),
    [
        (0, 1),
        (120, 1),
        (121, 2),
        (86_400, 900),
        (30 * 86_400, 21_600),
        (3_650 * 86_400, 31 * 86_400),
    ],
)
def test_buckets_are_round_and_no_more_than_can_be_seen(
    span_seconds: int, width_seconds: int
) -> None:
    assert bucket_width_seconds(span_seconds) == width_seconds


def test_percentiles_are_values_that_were_there() -> None:
    assert lag_of(float(value) for value in range(100, 0, -1)) == Lag(100, 50.0, 95.0)
    assert lag_of([]) is None


def test_a_delay_on_a_bound_belongs_to_what_is_longer() -> None:
    assert delays([9.9, 10.0, 86_400 * 31]).counts == (1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1)
