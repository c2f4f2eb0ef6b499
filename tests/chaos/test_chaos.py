"""Small runs of `make chaos`, on real sockets."""

from tests.chaos.run import Result, run
from tests.chaos.scenario import ClientName, Scenario, TransportName, Trial, draw_faults

from trunkline.server.faults import FAULT_KINDS, FaultKind

_QUICK: tuple[FaultKind, ...] = ("reset", "duplicate", "garbage", "refuse", "rest_status")


def test_draws_every_kind_of_fault_before_one_comes_again() -> None:
    scenario = Scenario(transport="sse", client="async", events=0, faults=30, seed=3)
    kinds = [fault.kind for fault in draw_faults(scenario)]
    assert set(kinds[:15]) == set(kinds[15:]) == set(FAULT_KINDS)


def test_nothing_is_lost_on_a_websocket() -> None:
    _expect_all_delivered(_run("websocket", "async"))


def test_nothing_is_lost_by_the_sync_client_on_an_event_stream() -> None:
    _expect_all_delivered(_run("sse", "sync"))


def test_what_a_small_limit_leaves_out_is_named() -> None:
    result = _run("websocket", "async", trial="limited")
    assert result.breaches == []
    assert result.score.named > 0


def test_what_a_refusing_rest_leaves_out_is_named() -> None:
    result = _run("sse", "async", trial="refused")
    assert result.breaches == []
    assert result.stats.gaps_incomplete > 0


def _run(transport: TransportName, client: ClientName, trial: Trial = "main") -> Result:
    return run(
        Scenario(
            transport=transport,
            client=client,
            events=500,
            faults=len(_QUICK),
            seed=7,
            trial=trial,
            kinds=_QUICK,
        )
    )


def _expect_all_delivered(result: Result) -> None:
    assert result.breaches == []
    assert result.score.missing == result.score.duplicated == 0
    assert sum(result.struck.values()) == len(_QUICK)
    assert result.score.edits > 0
    assert result.score.deletions > 0
