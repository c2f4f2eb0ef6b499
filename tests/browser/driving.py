"""A page in a real Chromium: to open it, to wait for what it shows, to press keys, to listen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
SECONDS = 10.0

T = TypeVar("T")

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """Run Chromium with a fresh profile."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page of one server."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, query: str = "") -> None:
        """Load the page and wait until it is live."""
        self.driver.get(f"{self.url}/{query}")
        self.until(lambda: self.state == "live")

    def until(self, condition: Callable[[], T]) -> T:
        """Return what `condition` gives as soon as it is true."""
        wait = WebDriverWait(self.driver, SECONDS, poll_frequency=0.02)
        return wait.until(lambda _: condition())

    def run(self, script: str, *arguments: object) -> object:
        """Return what a script gives that runs inside the page."""
        found: object = self.driver.execute_script(script, *arguments)
        return found

    def one(self, selector: str) -> WebElement:
        """Return the first element that `selector` finds."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def count(self, selector: str) -> int:
        """Return how many elements `selector` finds."""
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def press(self, keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self.driver).send_keys(keys).perform()

    def post(self, status_id: object) -> str:
        """Return the selector of a post."""
        return f'.post[data-id="{status_id}"]'

    def text(self, status_id: object) -> str:
        """Return the words of a post; none if it is not there."""
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return str(self.run(script, self.post(status_id)))

    @property
    def state(self) -> str:
        """How the page is connected."""
        return str(self.run("return document.getElementById('state').dataset.state"))

    @property
    def contents(self) -> list[str]:
        """The contents of the posts, newest first."""
        script = """return [...document.querySelectorAll('.post')]
            .sort((a, b) => b.ariaPosInSet - a.ariaPosInSet)
            .map(post => post.querySelector('.content').textContent)"""
        found = self.run(script)
        assert isinstance(found, list)
        return [str(one) for one in found]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        entries = [json.loads(one["message"])["message"] for one in self._log("performance")]
        sent = [one["params"] for one in entries if one["method"] == "Network.requestWillBeSent"]
        return [str(one["request"]["url"]) for one in sent]

    def complaints(self) -> list[str]:
        """Return what the console said since the last call."""
        return [str(one["message"]) for one in self._log("browser")]

    def _log(self, kind: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return found
