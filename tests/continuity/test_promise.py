"""The promise, under every schedule that hypothesis can think of.

Every retrievable post, edit and deletion reaches the consumer once, in order of arrival, across
disconnects, restarts and crashes; what cannot be retrieved is named.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.continuity.oracle import breaches, gaps_of
from tests.continuity.stage import Evidence, Setting, play
from tests.continuity.steps import Step, schedules

from trunkline.options import StreamOptions
from trunkline.server.faults import FaultKind
from trunkline.server.flavours import FLAVOURS
from trunkline.streams import Stream

_CLIENTS: Final = settings(
    max_examples=int(os.environ.get("CONTINUITY_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_SEVERAL: Final = (Stream.user(), Stream.public(), Stream.hashtag("python"))
_OF_EVENTS: Final[tuple[FaultKind, ...]] = ("reset", "duplicate", "garbage", "trickle")
_OF_CONNECTIONS: Final[tuple[FaultKind, ...]] = (
    "stall",
    "silent",
    "token_kill",
    "refuse",
    "html",
    "buffering",
    "status",
    "redirect",
)
_LATE: Final = StreamOptions(signals=True, overlap=600.0)


def _kept(schedule: list[Step], setting: Setting, *, ordered: bool = True) -> Evidence:
    """Play a schedule and check that the promise was kept."""
    evidence = play(schedule, setting)
    assert breaches(evidence, setting, ordered=ordered) == []
    return evidence


def _kept_entirely(schedule: list[Step], setting: Setting, *, ordered: bool = True) -> None:
    """Play a schedule during which REST works, and check that nothing at all is missing."""
    evidence = _kept(schedule, setting, ordered=ordered)
    assert [gap for gap in gaps_of(evidence) if not gap.complete] == []


@_CLIENTS
@given(schedules())
def test_nothing_is_missing_after_cuts_and_restarts_on_an_event_stream(
    schedule: list[Step],
) -> None:
    _kept_entirely(schedule, Setting())


@_CLIENTS
@given(schedules())
def test_nothing_is_missing_after_cuts_and_restarts_on_one_websocket(schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting(streams=_SEVERAL, options=_LATE))


@_CLIENTS
@given(schedules())
def test_nothing_is_missing_when_a_server_is_polled(schedule: list[Step]) -> None:
    options = StreamOptions(signals=True, transport="polling")
    _kept_entirely(schedule, Setting(options=options), ordered=False)


@_CLIENTS
@given(schedules(crashes=True), st.sampled_from(["memory", "sqlite"]))
def test_nothing_is_missing_after_crashes_and_only_the_event_in_hand_repeats(
    schedule: list[Step], store: str
) -> None:
    setting = Setting(store="sqlite" if store == "sqlite" else "memory")
    _kept_entirely(schedule, setting)


@_CLIENTS
@given(schedules(crashes=True))
def test_nothing_is_missing_after_crashes_with_several_streams(schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting(streams=_SEVERAL, options=_LATE, store="memory"))


@_CLIENTS
@given(
    schedules(crashes=True),
    st.sampled_from(
        [
            replace(_LATE, catch_up=False),
            replace(_LATE, reconcile=False),
            replace(_LATE, catch_up_limit=3),
            replace(_LATE, reconcile_limit=2),
            replace(_LATE, reconcile_window_seconds=30.0),
        ]
    ),
    st.sampled_from([(Stream.public(),), _SEVERAL]),
)
def test_what_is_not_fetched_is_named(
    schedule: list[Step], options: StreamOptions, streams: tuple[Stream, ...]
) -> None:
    _kept(schedule, Setting(options=options, streams=streams, store="memory"))


@_CLIENTS
@given(schedules(faults=("rest_status",), crashes=True))
def test_what_rest_refuses_is_named(schedule: list[Step]) -> None:
    _kept(schedule, Setting(store="memory"))


@_CLIENTS
@given(schedules(faults=_OF_EVENTS))
def test_nothing_is_missing_when_events_are_spoiled(schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting())


@_CLIENTS
@given(schedules(faults=_OF_EVENTS))
def test_nothing_is_missing_when_messages_are_spoiled(schedule: list[Step]) -> None:
    options = StreamOptions(signals=True, transport="websocket")
    _kept_entirely(schedule, Setting(options=options))


@_CLIENTS
@given(schedules(faults=("reorder",)))
def test_nothing_is_missing_when_the_server_changes_the_order(schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting(), ordered=False)


@_CLIENTS
@given(schedules(faults=_OF_CONNECTIONS))
def test_nothing_is_missing_when_connections_are_spoiled(schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting(), ordered=False)


@_CLIENTS
@given(schedules(faults=_OF_CONNECTIONS, crashes=True))
def test_nothing_is_missing_when_everything_goes_wrong_at_once(schedule: list[Step]) -> None:
    _kept(schedule, Setting(streams=_SEVERAL, options=_LATE, store="memory"), ordered=False)


@_CLIENTS
@given(schedules(), st.sampled_from([0.3, 2.0, 4.9]))
def test_nothing_is_missing_when_rest_lags_the_stream(schedule: list[Step], lag: float) -> None:
    _kept_entirely(schedule, Setting(rest_lag_seconds=lag))


@_CLIENTS
@given(schedules(crashes=True), st.sampled_from([0.5, 20.0]))
def test_nothing_is_missing_when_the_consumer_is_slow(
    schedule: list[Step], seconds_per_event: float
) -> None:
    options = StreamOptions(signals=True, buffer_events=4)
    _kept_entirely(
        schedule,
        Setting(options=options, store="memory", seconds_per_event=seconds_per_event),
    )


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(_CLIENTS, max_examples=5)
@given(schedules(crashes=True))
def test_nothing_is_missing_on_any_kind_of_server(flavour: str, schedule: list[Step]) -> None:
    _kept_entirely(schedule, Setting(flavour=flavour, store="memory"), ordered=False)


@pytest.mark.parametrize("flavour", FLAVOURS)
@settings(_CLIENTS, max_examples=5)
@given(schedules())
def test_nothing_is_missing_of_several_streams_on_any_kind_of_server(
    flavour: str, schedule: list[Step]
) -> None:
    setting = Setting(flavour=flavour, streams=_SEVERAL, options=_LATE)
    _kept_entirely(schedule, setting, ordered=False)
