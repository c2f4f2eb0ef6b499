"""Draws `docs/assets/report.png`: the upper part of the report of an invented day.

From the top of the checkout: ``python -m docs.make_report_png``. It needs Chromium and its driver,
and takes ten seconds.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32

from tests.browser.driving import chromium

from trunkline.events import AnyEvent, Delete, Edit, Notify, Update
from trunkline.report import measure, render_page
from trunkline.server.publication import encode_payload
from trunkline.signals import Gap
from trunkline.sinks import Batch
from trunkline.sinks.sqlite import SqliteSink
from trunkline.streams import Stream
from trunkline.testing import make_account, make_notification, make_status

ASSETS: Final = Path(__file__).parent / "assets"
WIDTH, HEIGHT = 1280, 1490
POSTS: Final = 9_000
SEED: Final = 7
SERVER: Final = "https://trunkline.example"
PUBLIC, TAG, USER = Stream.public(), Stream.hashtag("python"), Stream.user()
MORNING: Final = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY_SECONDS: Final = 16 * 3600.0
LANGUAGES: Final = {
    "en": 46,
    "de": 15,
    "ja": 12,
    "fr": 9,
    "es": 7,
    "pt": 5,
    "nl": 3,
    "": 6,
    "it": 2,
}
HOSTS: Final = {
    "harbour.example": 30,
    "fennel.example": 22,
    "": 18,
    "lantern.example": 12,
    "orchard.example": 9,
    "tidal.example": 6,
    "gravel.example": 4,
    "moss.example": 2,
}
TAGS: Final = {
    "python": 30,
    "photography": 26,
    "caturday": 21,
    "fediverse": 19,
    "gardening": 14,
    "synth": 12,
    "opensource": 11,
    "books": 9,
    "birds": 8,
    "knitting": 5,
    "trains": 4,
    "maps": 3,
}
QUIET: Final = ((4.1, 4.35, True), (7.6, 7.7, True), (11.3, 11.65, False))
"""Hours in which the recorder was away, and whether everything was found afterwards."""
INCOMPLETE: Final = "posts could not be asked for: the server answered 503"


def record_day(path: Path, *, posts: int, dice: Random) -> None:
    """Record an invented day of so many posts."""
    sink = SqliteSink(path)
    events: list[AnyEvent] = []
    for event in _day(posts, dice):
        events.append(event)
        if len(events) == 500:
            sink.write(Batch(events=events))
            events = []
    sink.write(Batch(events=events, gaps=[*map(_gap, QUIET)]))
    sink.close()


def _day(posts: int, dice: Random) -> Iterator[AnyEvent]:
    """Yield the events of the day in order of arrival."""
    told: list[tuple[datetime, AnyEvent]] = []
    for number in range(posts):
        written = MORNING + timedelta(seconds=_moment(dice))
        told += _life(number, written, dice)
    told.sort(key=lambda one: one[0])
    yield from (event for _, event in told if _awake(event))


def _life(number: int, written: datetime, dice: Random) -> Iterator[tuple[datetime, AnyEvent]]:
    """Yield what comes of one post: itself, and now and then its edit, deletion, favourite."""
    lag = dice.lognormvariate(0.1, 0.9) * (1 + 9 * _bump((written - MORNING).total_seconds()))
    came, live = _received(written + timedelta(seconds=lag))
    post = _post(number, written, dice)
    yield came, Update(PUBLIC, SERVER, came, encode_payload(post), "live" if live else "catch-up")
    if any(tag == "python" for tag in _names(post)):
        yield came, Update(TAG, SERVER, came, encode_payload(post), "live" if live else "catch-up")
    if dice.random() < 0.06:
        at = written + timedelta(seconds=dice.lognormvariate(4.6, 1.4))
        edited = post | {"edited_at": at.isoformat().replace("+00:00", "Z")}
        at, _ = _received(at)
        yield at, Edit(PUBLIC, SERVER, at, encode_payload(edited))
    if dice.random() < 0.09:
        at, _ = _received(written + timedelta(seconds=dice.lognormvariate(5.4, 2.1)))
        yield at, Delete(PUBLIC, SERVER, at, str(post["id"]).encode())
    if dice.random() < 0.05:
        at, _ = _received(came + timedelta(seconds=dice.expovariate(1 / 600)))
        notice = make_notification("favourite", id=str(7000 + number), status=post)
        yield at, Notify(USER, SERVER, at, encode_payload(notice))


def _post(number: int, written: datetime, dice: Random) -> dict[str, object]:
    host = _chosen(HOSTS, dice)
    name = f"person{int(dice.paretovariate(1.2)) % 400}"
    acct = f"{name}@{host}" if host else name
    tags = {_chosen(TAGS, dice) for _ in range(int(dice.triangular(0, 4, 0)))}
    return make_status(
        f"<p>{'A boat, a bell, and a long way home. ' * 4}</p>",
        id=str(int(written.timestamp() * 1000) << 16 | number % 65536),
        created_at=written.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        language=_chosen(LANGUAGES, dice) or None,
        account=make_account(acct, id=str(1 + crc32(acct.encode()))),
        tags=[{"name": tag, "url": f"{SERVER}/tags/{tag}"} for tag in sorted(tags)],
    )


def _names(post: dict[str, object]) -> list[str]:
    tags = post["tags"]
    return [str(tag["name"]) for tag in tags] if isinstance(tags, list) else []


def _moment(dice: Random) -> float:
    """Return when somebody writes: seldom early, mostly at noon and in the evening."""
    while True:
        at_seconds = dice.uniform(0, DAY_SECONDS)
        hour = at_seconds / 3600
        busy = 0.2 + math.exp(-((hour - 6) ** 2) / 6) + 1.2 * math.exp(-((hour - 13) ** 2) / 5)
        if dice.uniform(0, 1.4) < busy:
            return at_seconds


def _bump(at_seconds: float) -> float:
    return math.exp(-((at_seconds / 3600 - 13.2) ** 2) / 0.4)


def _received(at: datetime) -> tuple[datetime, bool]:
    """Return when it comes, which is after the recorder was away, and whether it comes live."""
    hour = (at - MORNING).total_seconds() / 3600
    for since, until, _ in QUIET:
        if since <= hour < until:
            return MORNING + timedelta(hours=until, seconds=(hour - since) * 3000), False
    return at, True


def _awake(event: AnyEvent) -> bool:
    return event.received_at <= MORNING + timedelta(seconds=DAY_SECONDS)


def _gap(quiet: tuple[float, float, bool]) -> Gap:
    since, until, complete = quiet
    closed = MORNING + timedelta(hours=until)
    return Gap(
        server=SERVER,
        at=closed,
        stream=PUBLIC,
        since=MORNING + timedelta(hours=since),
        until=closed,
        recovered=int((until - since) * 900),
        complete=complete,
        missing=frozenset() if complete else frozenset({"delete", "status.update"}),
        reason="" if complete else INCOMPLETE,
    )


def _chosen(weights: dict[str, int], dice: Random) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def main() -> None:
    """Record the day, write its report, and take a picture of it."""
    with tempfile.TemporaryDirectory() as directory:
        recording, page = Path(directory) / "toots.db", Path(directory) / "report.html"
        record_day(recording, posts=POSTS, dice=Random(SEED))
        page.write_text(render_page(measure(recording)), encoding="utf-8")
        with chromium(Path(directory) / "profile") as driver:
            metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
            driver.get(page.as_uri())
            driver.save_screenshot(str(ASSETS / "report.png"))


if __name__ == "__main__":
    main()
