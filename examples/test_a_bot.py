# ruff: noqa: S101  # tests assert
"""Test a bot without a network: `pytest examples/test_a_bot.py`.

The fixture `trunkline_server` comes with Trunkline: for one test it runs a server like Mastodon's
on this machine, which posts what it is told to and fails as it is told to.
"""

import queue
from collections.abc import Callable
from typing import Any

import pytest

from trunkline import Mastodon, StreamListener
from trunkline.testing import Fault, RunningServer, make_status


class Greeter(StreamListener):
    """The bot under test."""

    def __init__(self, answer: Callable[[str], object]) -> None:
        self.answer = answer

    def on_update(self, status: dict[str, Any], /) -> None:
        """Greet whoever says hello."""
        if "hello" in status["content"].lower():
            self.answer(f"@{status['account']['acct']} Hello to you!")


def test_it_greets_whoever_says_hello() -> None:
    answers: list[str] = []
    Greeter(answers.append).on_update(make_status("<p>Hello there</p>"))
    Greeter(answers.append).on_update(make_status("<p>Good night</p>"))
    assert answers == ["@alice Hello to you!"]


@pytest.mark.trunkline(faults=[Fault("reset", after_events=1)])
def test_it_answers_everybody_though_the_connection_breaks(trunkline_server: RunningServer) -> None:
    answers: queue.Queue[str] = queue.Queue()
    with Mastodon(trunkline_server.url, access_token=trunkline_server.token) as mastodon:
        mastodon.stream_public(Greeter(answers.put), run_async=True)
        trunkline_server.wait_for_subscribers(1)
        for number in range(3):
            trunkline_server.post(f"<p>Hello {number}</p>")
        assert [answers.get(timeout=20) for _ in range(3)] == ["@alice Hello to you!"] * 3
