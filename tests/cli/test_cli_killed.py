"""A process that is killed at any moment misses nothing and repeats at most the event in hand."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from tests.cli.programs import SECONDS, program

from trunkline.server.throttle import Limit, RateLimits
from trunkline.testing import RunningServer, Settings

PADDING = "x" * 6_000  # more than a page, so that a line can be torn
MOST_UNSEEN = 1_000
"""So many posts may be missed, and not more than are caught up, however slowly programs start."""
PLENTY = Limit(requests=1_000_000, period_seconds=300.0)
never_too_often = pytest.mark.trunkline(
    settings=Settings(rate_limits=RateLimits(general=PLENTY, paged=PLENTY))
)


class Tail:
    """Counts the lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_bytes = self._lines = 0

    def lines(self) -> int:
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            news = file.read()
        self._read_bytes += len(news)
        self._lines += news.count(b"\n")
        return self._lines


@contextmanager
def publishing(server: RunningServer, output: Path, *, pause_seconds: float) -> Iterator[list[str]]:
    """Publish post after post in a thread; the list grows by the id of each."""
    ids: list[str] = []
    enough, tail = threading.Event(), Tail(output)

    def publish() -> None:
        while not enough.wait(pause_seconds):
            if len(ids) < tail.lines() + MOST_UNSEEN:
                ids.append(str(server.post(f"<p>{len(ids)} {PADDING}</p>")["id"]))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield ids
    finally:
        enough.set()
        thread.join()


def printed(path: Path) -> tuple[Counter[str], int]:
    """Return how often each post was printed, and how many lines are torn."""
    counts: Counter[str] = Counter()
    torn = 0
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            counts[json.loads(line)["payload"]["id"]] += 1
        except ValueError:
            torn += 1
    return counts, torn


def killed_again_and_again(server: RunningServer, folder: Path, *, kills: int, seed: int) -> None:
    dice, output = Random(seed), folder / "events.jsonl"
    arguments = (
        *("watch", "public", "--json", "--server", server.url),
        *("--cursors", str(folder / "cursors.db")),
    )
    output.touch()
    with publishing(server, output, pause_seconds=0.01) as ids:
        for kill in range(kills):
            with (
                output.open("ab") as appended,
                program(*arguments, token=server.token, stdout=appended) as process,
            ):
                if not kill:
                    server.wait_for_subscribers(1, channel="public", timeout_seconds=4 * SECONDS)
                    ids.clear()  # what was there before following began is nobody's business
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(dice.uniform(0.0, 1.2))
                process.kill()
    with (
        output.open("ab") as appended,
        program(*arguments, token=server.token, stdout=appended) as process,
    ):
        for _ in range(4 * SECONDS * 10):
            counts, torn = printed(output)
            if not set(ids) - set(counts):
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.1)
    assert set(ids) - set(counts) == set()
    assert sum(counts.values()) - len(counts) <= kills
    assert torn <= kills


@never_too_often
@pytest.mark.timeout(240)
def test_five_kills_lose_nothing_and_repeat_at_most_five_events(
    trunkline_server: RunningServer, tmp_path: Path
) -> None:
    killed_again_and_again(trunkline_server, tmp_path, kills=5, seed=1)


@pytest.mark.slow
@never_too_often
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [2, 3])
def test_fifty_kills_lose_nothing_and_repeat_at_most_fifty_events(
    seed: int, trunkline_server: RunningServer, tmp_path: Path
) -> None:
    killed_again_and_again(trunkline_server, tmp_path, kills=50, seed=seed)
