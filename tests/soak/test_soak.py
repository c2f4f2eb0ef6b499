"""A few seconds of `make soak`."""

from pathlib import Path

import pytest
from tests.soak.report import print_result
from tests.soak.run import SHARES, run
from tests.soak.scenario import STREAMS, Soak
from tests.support.processes import CAN_PROBE

_QUICK = Soak(
    servers=3,
    misbehaving=1,
    streams=STREAMS[:2],
    seconds=4.0,
    rate_per_second=20.0,
    kinds=("reset", "refuse", "garbage", "duplicate"),
    fault_every_seconds=0.3,
    heartbeat_seconds=15.0,
    settle_seconds=0.2,
    most_lag_seconds=10.0,  # other tests keep this machine busy
)


@pytest.mark.timeout(240)
@pytest.mark.skipif(not CAN_PROBE, reason="needs /proc")
def test_healthy_servers_do_not_suffer_from_one_that_misbehaves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(_QUICK, tmp_path)
    print_result(result)
    assert result.breaches == []
    unwell, *healthy = result.balances
    assert unwell.gaps > 0
    assert unwell.struck.keys() <= set(_QUICK.kinds)
    assert all(one.published == one.recorded > 0 for one in healthy)
    assert len(result.probes) == len(SHARES)
    assert "1 misbehaves" in capsys.readouterr().out
