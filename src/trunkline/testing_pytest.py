"""The pytest plugin: fixtures that start an embedded server. Imports nothing until one is used.

A test says what it needs with a marker, and fails if a fault that it declared never struck::

    @pytest.mark.trunkline(flavour="gotosocial", faults=[Fault("reset", after_events=3)])
    def test_my_bot_survives_a_reset(trunkline_server): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trunkline.testing import RunningServer

__all__ = ["pytest_configure", "trunkline_server"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "trunkline(**options): what trunkline.testing.running_server takes"
    )


@pytest.fixture
def trunkline_server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """Run a Mastodon-compatible server on a free port of this machine, for one test."""
    from trunkline.testing import running_server

    marker = request.node.get_closest_marker("trunkline")
    with running_server(**(marker.kwargs if marker is not None else {})) as server:
        yield server
        unfired = server.faults.unfired()
    if unfired:
        pytest.fail(f"These faults never struck, so nothing was tested: {unfired}")
