"""A server by other hands, `mastodon-mock`: a process of its own, asked by plain REST."""

from __future__ import annotations

import importlib.util
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

__all__ = ["IndependentServer", "require_installed"]

_CONFIG: Final = """
[database]
path = "{database}"

[streaming]
heartbeat_seconds = 0.5

[[seed.accounts]]
username = "testuser"
access_token = "test-token"

[[seed.accounts]]
username = "other"
access_token = "other-token"
"""
_START_SECONDS: Final = 30.0


def require_installed() -> None:
    """Skip the test if the server is not installed."""
    if importlib.util.find_spec("mastodon_mock") is None:
        pytest.skip("mastodon-mock is not installed; it comes with the extra `dev`")


class IndependentServer:
    """One server with a database in a file, which outlives the process.

    Attributes:
        token: Of the user ``testuser``.
        other_token: Of the user ``other``.
    """

    token = "test-token"
    other_token = "other-token"

    def __init__(self, folder: Path) -> None:
        self._config = folder / "mock.toml"
        self._config.write_text(_CONFIG.format(database=folder / "mock.sqlite"))
        self._log = folder / "mock.log"
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "mastodon_mock", "serve", "--config", str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self._port), "--log-level", "warning"],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.02)  # there is nothing to wait on in another process

    def stop(self) -> None:
        """Kill it, as a crash would: told to end it waits for its streams, which never do."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def post(self, text: str, *, token: str = token, **fields: str) -> str:
        """Publish a post and return its id."""
        return str(self._ask("POST", "statuses", token, status=text, **fields)["id"])

    def edit(self, status_id: str, text: str) -> None:
        """Edit a post."""
        self._ask("PUT", f"statuses/{status_id}", self.token, status=text)

    def delete(self, status_id: str) -> None:
        """Delete a post."""
        self._ask("DELETE", f"statuses/{status_id}", self.token)

    def favourite(self, status_id: str) -> None:
        """Let the other user like a post."""
        self._ask("POST", f"statuses/{status_id}/favourite", self.other_token)

    def _ask(self, method: str, path: str, token: str, **form: str) -> dict[str, Any]:
        request = Request(
            f"{self.url}/api/v1/{path}",
            data=urlencode(form).encode() if form else None,
            headers={"Authorization": f"Bearer {token}"},
            method=method,
        )
        with urlopen(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/api/v1/streaming/health", timeout=1) as response:
                return bool(response.read() == b"OK")
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
