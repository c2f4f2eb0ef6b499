"""Fixtures that most tests of clients need; who needs another server has a fixture of that name."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from trunkline import Mastodon
from trunkline.testing import RunningServer, running_server


@pytest.fixture
def server() -> Iterator[RunningServer]:
    """Run an embedded server as it is out of the box."""
    with running_server() as server:
        yield server
        gc.collect()  # whoever forgot to close something is warned here, and warnings are errors


@pytest.fixture
def mastodon(server: RunningServer) -> Iterator[Mastodon]:
    """Return a sync client of `server`, which is closed in the end."""
    with Mastodon(server.url, access_token=server.token) as mastodon:
        yield mastodon
