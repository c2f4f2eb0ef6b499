"""Kills `trunkline record` again and again while a server is busy, and compares what it recorded.

The world knows what it published. What exists in the end must have been recorded exactly once and
stand in its newest version; what was recorded and is gone must be recorded as gone.
"""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from itertools import cycle, islice
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGTERM

from tests.cli.programs import SECONDS, program

from trunkline.events import AnyEvent, Delete, Edit, Update
from trunkline.policy.dedupe import edited_at
from trunkline.server.faults import Fault, FaultKind
from trunkline.server.throttle import Limit, RateLimits
from trunkline.sinks.rows import identifier
from trunkline.testing import RunningServer, Settings, running_server

__all__ = ["Read", "World", "kill_again_and_again", "until"]

Read = Callable[[], Iterable[AnyEvent]]
"""Reads the events of a recording back, in recorded order."""

STREAMS = ("public", "hashtag:python")
_FAULTS: tuple[FaultKind, ...] = (
    *("reset", "duplicate", "garbage", "reorder", "trickle", "stall"),
    *("token_kill", "refuse", "html", "status", "rest_status", "silent"),
)
_FAULT_SECONDS = {"stall": 1.0, "silent": 1.0, "trickle": 0.001, "reorder": 0.1}
_FAULTS_A_KILL = 2
_PLENTY = Limit(requests=1_000_000, period_seconds=300.0)
_CONFIG = """\
to = "{to}"
on_delete = "{on_delete}"
[limits]
batch_seconds = 0.1
[options]
settle_seconds = 0.2
overlap = 5
reconcile_limit = 100_000
catch_up_limit = 100_000
[[server]]
url = "{url}"
token_file = "token"
streams = ["public", "hashtag:python"]
"""


class World:
    """Publishes posts, edits and deletions in a thread, cuts connections, and remembers all of it.

    With `burst` 10 it makes 250 events a second, each of which is told on two streams.

    Attributes:
        posts: The newest version of every post that stands.
        gone: The posts that were deleted.
    """

    def __init__(self, server: RunningServer, *, seed: int, burst: int) -> None:
        self.posts: dict[str, str] = {}
        self.gone: set[str] = set()
        self._server = server
        self._dice = Random(seed)
        self._burst = burst
        self._calm = threading.Event()
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._live)

    def start(self) -> None:
        self._thread.start()

    def calm_down(self) -> None:
        """Publish nothing but new posts from now on, and cut nobody."""
        self._calm.set()

    def stop(self) -> None:
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join()

    def _live(self) -> None:
        while not self._enough.wait(0.02):
            self._server.call(self._publish)
            if not self._calm.is_set() and self._dice.random() < 0.02:
                self._server.cut_connections(reset=self._dice.random() < 0.5)

    def _publish(self) -> None:
        """Publish some events; runs in the thread of the server."""
        world, dice = self._server.world, self._dice
        for _ in range(dice.randrange(self._burst)):
            status = world.post(f"<p>Number {len(self.posts)}</p>", tags=["python"])
            self.posts[str(status["id"])] = ""
        recent = [] if self._calm.is_set() else list(self.posts)[-100:]
        if len(recent) > 1 and dice.random() < 0.3:
            status_id = dice.choice(recent)
            edited = world.edit(status_id, content=f"<p>Edit {dice.random()}</p>")
            self.posts[status_id] = str(edited["edited_at"])
        if len(recent) > 1 and dice.random() < 0.3:
            status_id = dice.choice(recent)
            world.delete(status_id)
            del self.posts[status_id]
            self.gone.add(status_id)

    def differences(self, events: Iterable[AnyEvent]) -> list[str]:
        """Return what a recording has that is wrong, a sentence each."""
        told = [event for event in events if isinstance(event, (Update, Edit, Delete))]
        return [
            f"{stream}: {one}"
            for stream in STREAMS
            for one in self._differences([one for one in told if str(one.stream) == stream])
        ]

    def _differences(self, events: list[Update | Edit | Delete]) -> Iterator[str]:
        counted = Counter(map(_key, events))
        yield from (f"{key} came {times} times" for key, times in counted.items() if times > 1)
        versions: dict[str, str] = {}
        deleted = {event.status_id for event in events if isinstance(event, Delete)}
        for event in events:
            if not isinstance(event, Delete):
                before = versions.get(event.status_id, "")
                versions[event.status_id] = max(before, edited_at(event.raw))
        updates = {event.status_id for event in events if isinstance(event, Update)}
        yield from (f"{one} is missing" for one in self.posts.keys() - updates)
        yield from (f"{one} was never deleted" for one in deleted - self.gone)
        yield from (f"the deletion of {one} is missing" for one in updates & self.gone - deleted)
        for status_id, version in self.posts.items():
            if versions.get(status_id, "") != version:
                yield f"{status_id} is {versions.get(status_id)!r} and should be {version!r}"


def _key(event: Update | Edit | Delete) -> tuple[str, str | None, str]:
    version = edited_at(event.raw) if isinstance(event, Edit) else ""
    return event.name, identifier(event), version


def until(
    condition: Callable[[], bool], *, seconds: float = SECONDS, pause_seconds: float = 0.05
) -> bool:
    """Look again and again whether something has come about; false if it did not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True


def kill_again_and_again(
    folder: Path,
    to: str,
    read: Read,
    *,
    state: Path,
    kills: int,
    seed: int,
    on_delete: str = "mark",
    burst: int = 4,
    fault_every: int = 100,
) -> list[str]:
    """Return what is wrong with a recording whose recorder was killed so many times.

    Args:
        folder: Where to put the configuration.
        to: Where to record.
        read: Reads the recording back.
        state: The SQLite file in which the sink keeps cursors.
        kills: How often.
        seed: The same makes the same events and the same pauses.
        on_delete: What becomes of deleted posts.
        burst: Fewer posts than this are published at once, fifty times a second.
        fault_every: After so many events the server does the next thing that goes wrong.
    """
    dice = Random(seed)
    limits = RateLimits(general=_PLENTY, paged=_PLENTY)
    faults = [
        Fault(kind, after_events=place * fault_every, seconds=_FAULT_SECONDS.get(kind))
        for place, kind in enumerate(islice(cycle(_FAULTS), kills * _FAULTS_A_KILL), 1)
    ]
    with running_server(settings=Settings(rate_limits=limits), faults=faults) as server:
        world = World(server, seed=seed, burst=burst)
        config = folder / "trunkline.toml"
        config.write_text(_CONFIG.format(to=to, url=server.url, on_delete=on_delete))
        (folder / "token").write_text(server.token)
        command = ("record", "--config", str(config))
        try:
            with program(*command) as process:
                assert until(lambda: _cursors(state) == len(STREAMS)), _words(process)
                world.start()
                _kill(process, dice)
            for _ in range(kills - 1):
                with program(*command) as process:
                    _kill(process, dice)
            world.calm_down()
            with program(*command) as process:
                server.wait_for_subscribers(len(STREAMS), timeout_seconds=SECONDS)
                world.stop()
                # To read it all takes time, which the server and the recorder need as well.
                pause_seconds = 0.02 * kills
                until(
                    lambda: not world.differences(read()),
                    seconds=8 * SECONDS,
                    pause_seconds=pause_seconds,
                )
                process.send_signal(SIGTERM)
                assert process.wait(SECONDS) == 0, _words(process)
        finally:
            world.stop()
        assert sum(server.faults.fired) >= kills, "The faults that were declared did not strike."
        return world.differences(read())


def _cursors(state: Path) -> int:
    """Return of how many subscriptions it is stored how far they have come."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM cursors").fetchone()[0])
    return 0


def _kill(process: subprocess.Popen[bytes], dice: Random) -> None:
    try:
        process.wait(dice.uniform(0.2, 2.2))
    except subprocess.TimeoutExpired:
        process.send_signal(SIGKILL)
        process.wait()
    else:
        raise AssertionError(_words(process))


def _words(process: subprocess.Popen[bytes]) -> str:
    process.kill()
    return process.stderr.read().decode() if process.stderr is not None else ""
