"""The pytest plugin: fixtures that start an embedded server. Imports nothing until one is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from trunkline.testing import RunningServer

__all__ = ["trunkline_server"]


@pytest.fixture
def trunkline_server() -> Iterator[RunningServer]:
    """Run a Mastodon-compatible server on a free port of this machine, for one test."""
    from trunkline.testing import running_server

    with running_server() as server:
        yield server
