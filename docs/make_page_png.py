"""Draws `docs/assets/page.png` and `page-light.png`: the page at ``/`` of a server with some life.

From the top of the checkout: ``python -m docs.make_page_png``. It needs Chromium and its driver,
and takes two minutes, which is what the plot of the page shows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from selenium.webdriver import Chrome
from tests.browser.driving import Page, chromium

from trunkline.server.builders import Json, make_account
from trunkline.server.synthetic import SyntheticSource
from trunkline.testing import RunningServer, running_server

ASSETS: Final = Path(__file__).parent / "assets"
WIDTH, HEIGHT = 1600, 1000
LIFE_SECONDS: Final = 104.0
HOST: Final = "trunkline.example"


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """One post of the picture."""

    name: str
    acct: str
    words: str
    seconds: float
    tags: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    more: Json = field(default_factory=dict)


TALK: Final = Scripted(
    name="Amara Carvalho",
    acct="amara@harbour.example",
    words="<p>My talk is at four: what a stream owes to those who were asleep.</p>",
    seconds=3900,
)
POSTS: Final[Sequence[Scripted]] = (
    Scripted(
        name="Tomasz Zieliński",
        acct="tomasz@fennel.example",
        words="<p>The projector works, the microphone works, the speaker has had coffee.</p>",
        seconds=2520,
        tags=("eventdriven",),
    ),
    Scripted(
        name="Mariam Haddad",
        acct="mariam",
        words="<p>A sketch from the lightning talks: everybody drew a lighthouse.</p>",
        seconds=1980,
        media=("sketch1",),
    ),
    Scripted(
        name="Noor",
        acct="noor@meadow.example",
        words="<p>Somebody asked <em>exactly once?</em> and the whole room laughed.</p>",
        seconds=1320,
    ),
    Scripted(
        name="Emre Aydin",
        acct="emre@meadow.example",
        words="<p>The third act: the cursor did it.</p>",
        seconds=840,
        more={"spoiler_text": "spoilers for the keynote", "sensitive": True},
    ),
    Scripted(
        name="Lena Okafor",
        acct="lena@mast.example",
        words="<p>We lost the venue's network for nine minutes. Nothing is missing.</p>",
        seconds=610,
        tags=("trunkline", "fediverse"),
    ),
    Scripted(
        name="森 花子",
        acct="hanako@harbour.example",
        words="<p>窓の外に船。会場の中に静かな歓声。</p>",
        seconds=480,
        media=("harbour3", "roof3"),
    ),
    Scripted(
        name="Joris van Dam",
        acct="joris",
        words="<p>Exactly this. See you there at four!</p>",
        seconds=300,
        more={"quote": "TALK"},
    ),
    Scripted(
        name="Kasia Wrona",
        acct="kasia",
        words="<p>How do you like your deliveries?</p>",
        seconds=230,
        more={
            "poll": {
                "expired": False,
                "expires_at": "2026-11-25T18:00:00.000Z",
                "votes_count": 214,
                "voters_count": 214,
                "options": [
                    {"title": "At least once", "votes_count": 131},
                    {"title": "At most once", "votes_count": 22},
                    {"title": "With a slice of cake", "votes_count": 61},
                ],
            }
        },
    ),
    Scripted(
        name="Aiko Laine",
        acct="aiko@fennel.example",
        words="<p>Slides are up, with all the diagrams that did not fit.</p>",
        seconds=170,
        tags=("python",),
        more={
            "card": {
                "url": "https://slides.example/gaps",
                "title": "Naming the gap: streams that admit what they missed",
                "provider_name": "Slides",
                "image": f"https://{HOST}/media/card5.svg",
            }
        },
    ),
    Scripted(
        name="Wren & the Router",
        acct="wren@bcher.example",
        words="<p>The router is warm, says the cat. The cat is on the router.</p>",
        seconds=95,
        tags=("caturday",),
    ),
    Scripted(
        name="Ingrid Sæther",
        acct="ingrid@mast.example",
        words="<p>Room change! The workshop on back-pressure moves to the big hall.</p>",
        seconds=48,
        tags=("eventdriven",),
        more={"edited": True},
    ),
    Scripted(
        name="Mateo Ruiz",
        acct="mateo",
        words="<p>Standing at the wall, watching it scroll. Hello, wall! 👋</p>",
        seconds=13,
        tags=("trunkline",),
    ),
)


def live(server: RunningServer, *, seconds: float) -> None:
    """Publish invented posts for a while, now more and now fewer."""
    source, dice = SyntheticSource(5, host=HOST, mix={"update": 1.0}), Random(4)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        activity = source.next(time.time_ns() // 1_000_000)
        server.publish(activity.event, activity.payload)
        tide = 1.4 + 1.1 * ((end - time.monotonic()) % 37 > 20)
        time.sleep(dice.expovariate(tide))


def post(server: RunningServer, one: Scripted, *, number: int, talk: Json) -> Json:
    """Publish a post of the picture."""
    username, _, domain = one.acct.partition("@")
    account = make_account(str(9000 + number), username=username, host=HOST, domain=domain or None)
    account |= {"display_name": one.name, "avatar_static": f"https://{HOST}/avatars/{one.name}.svg"}
    links = " ".join(
        f'<a href="https://{HOST}/tags/{tag}" class="mention hashtag">#<span>{tag}</span></a>'
        for tag in one.tags
    )
    pictures = [f"https://{HOST}/media/{name}.svg" for name in one.media]
    more = dict(one.more)
    if more.pop("quote", None):
        more["quote"] = {"state": "accepted", "quoted_status": talk}
    if more.pop("edited", None):
        more["edited_at"] = "2026-11-24T16:00:00.000Z"
    attachments = [{"type": "image", "url": url, "description": "A picture"} for url in pictures]
    publish: Callable[..., Json] = server.post
    return publish(
        one.words + (f"<p>{links}</p>" if links else ""),
        account=account,
        tags=one.tags,
        late_seconds=one.seconds,
        **{"media_attachments": attachments, **more},
    )


def boost(server: RunningServer, original: Json) -> None:
    """Publish a boost where the page sees it."""
    account = make_account("9100", username="abe", host=HOST) | {"display_name": "Abe Harper"}
    shown = {**original, "id": str(int(str(original["id"])) + 1), "account": account}
    server.publish("update", {**shown, "reblog": original}, channels=["public"])


def shoot(page: Page, driver: Chrome, *, name: str) -> None:
    """Write what the page shows."""
    page.until(lambda: page.run("return [...document.images].every(one => one.complete)"))
    driver.save_screenshot(str(ASSETS / name))


def main() -> None:
    """Draw both pictures."""
    with (
        tempfile.TemporaryDirectory() as profile,
        running_server() as server,
        chromium(Path(profile)) as driver,
    ):
        metrics = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        page = Page(driver, server.url)
        page.open("?theme=dark")
        page.run("document.getElementById('host').textContent = 'wall.trunkline.example'")
        live(server, seconds=LIFE_SECONDS)
        talk = post(server, TALK, number=0, talk={})
        for number, one in enumerate(POSTS, start=1):
            if one is POSTS[-1]:
                boost(server, talk)
            post(server, one, number=number, talk=talk)
            time.sleep(1.1)
        page.until(lambda: "Hello, wall!" in page.contents[0])
        shoot(page, driver, name="page.png")
        page.one("#theme").click()
        shoot(page, driver, name="page-light.png")


if __name__ == "__main__":
    main()
