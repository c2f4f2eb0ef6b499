"""The page at ``/`` in a real browser: what is posted appears, and what is hostile does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="the page is driven by selenium")

from selenium.webdriver import Chrome
from selenium.webdriver.common.keys import Keys
from tests.browser.driving import CHROMEDRIVER, CHROMIUM, Page, chromium

from trunkline.server.builders import Json, make_status
from trunkline.server.faults import FaultKind
from trunkline.testing import Fault, RunningServer, Settings, running_server

pytestmark = pytest.mark.skipif(
    not (CHROMIUM.exists() and CHROMEDRIVER.exists()),
    reason="the Debian packages chromium and chromium-driver are not installed",
)

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "<p>harmless words<script>window.struck = 1</script>"
    '<img src="/nowhere.svg" onerror="window.struck = 2">'
    '<a href="javascript:window.struck = 3" onclick="window.struck = 4">link</a>'
    '<svg onload="window.struck = 5"></svg><iframe srcdoc="<script>parent.struck = 6</script>">'
    "</iframe></p>"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def page(browser: Chrome, server: RunningServer) -> Iterator[Page]:
    yield Page(browser, server.url)
    browser.get("about:blank")


def boost_of(server: RunningServer, original: Json) -> Json:
    """Publish a boost where public streams do not carry one, as some servers do."""
    boost = make_status(
        str(int(str(original["id"])) + 1),
        account=server.world.people.bob,
        created_at=str(original["created_at"]),
        host="trunkline.example",
        reblog=original,
    )
    server.publish("update", boost, channels=["public"])
    return boost


def test_posts_of_before_and_of_now_appear_newest_first(page: Page, server: RunningServer) -> None:
    for number in range(3):
        server.post(f"<p>before {number}</p>")
    page.open()
    page.until(lambda: page.contents == ["before 2", "before 1", "before 0"])
    post = server.post("<p>and <strong>now</strong></p>", local=False, media=1)
    page.until(lambda: page.contents[0] == "and now")
    words = page.text(post["id"])
    assert "Bob" in words
    assert "@bob@remote.example" in words
    assert page.count(f"{page.post(post['id'])} time[datetime]") == 1
    assert page.one(f"{page.post(post['id'])} .picture img").get_attribute("alt") == "A picture"


def test_an_edit_changes_and_a_deletion_disappears(page: Page, server: RunningServer) -> None:
    page.open()
    kept, gone = server.post("<p>first words</p>"), server.post("<p>regretted</p>")
    page.until(lambda: page.contents == ["regretted", "first words"])
    server.edit(str(kept["id"]), content="<p>second words</p>")
    server.delete(str(gone["id"]))
    page.until(lambda: page.contents == ["second words"])
    assert "edited" in page.text(kept["id"])


def test_a_deletion_that_overtakes_its_post_still_holds(page: Page, server: RunningServer) -> None:
    page.open()
    gone = server.post("<p>gone</p>")
    page.until(lambda: page.contents == ["gone"])
    server.delete(str(gone["id"]))
    server.publish("update", gone, channels=["public"])
    server.post("<p>last</p>")
    page.until(lambda: page.contents == ["last"])


def test_a_boost_changes_and_goes_with_its_original(page: Page, server: RunningServer) -> None:
    page.open()
    original = server.post("<p>wise</p>")
    boost = boost_of(server, original)
    page.until(lambda: "Bob boosted" in page.text(boost["id"]))
    server.edit(str(original["id"]), content="<p>wiser</p>")
    page.until(lambda: page.contents == ["wiser", "wiser"])
    assert "Bob boosted" in page.text(boost["id"])
    server.delete(str(original["id"]))
    page.until(lambda: page.contents == [])


def test_a_content_warning_stays_folded_until_opened(page: Page, server: RunningServer) -> None:
    page.open()
    post = server.post("<p>the butler</p>", spoiler_text="the murderer", sensitive=True, media=1)
    page.until(lambda: "the murderer" in page.text(post["id"]))
    assert "the butler" not in page.text(post["id"])
    assert not page.one(".picture img").is_displayed()
    page.one(f"{page.post(post['id'])} summary").click()
    page.until(lambda: "the butler" in page.text(post["id"]))
    server.edit(str(post["id"]), content="<p>the gardener</p>")
    page.until(lambda: "the gardener" in page.text(post["id"]))


def test_a_poll_shows_its_shares(page: Page, server: RunningServer) -> None:
    page.open()
    options = [{"title": "tea", "votes_count": 3}, {"title": "coffee", "votes_count": 1}]
    post = server.post(poll={"options": options, "votes_count": 4, "expired": True})
    page.until(lambda: "75 %" in page.text(post["id"]))
    assert "4 votes · closed" in page.text(post["id"])


def test_nothing_in_a_post_runs(page: Page, server: RunningServer) -> None:
    page.open()
    account = server.world.people.alice | {"display_name": '<img src=x onerror="struck = 7">'}
    server.post(HOSTILE, account=account, spoiler_text="")
    page.until(lambda: page.count(".post") == 1)
    page.one(".content a").click()
    assert page.contents == ["harmless wordslink"]
    assert page.count(".post script, .post iframe, .post svg, .content img") == 0
    assert page.run("return window.struck ?? null") is None


def test_what_slipped_past_the_sanitiser_would_not_run_either(page: Page) -> None:
    page.open()
    page.run("document.querySelector('#empty').innerHTML = arguments[0]", HOSTILE)
    page.until(lambda: any("Content Security Policy" in one for one in page.complaints()))
    page.run(
        "document.querySelector('#empty').append(Object.assign("
        "document.createElement('script'), {textContent: 'window.struck = 8'}))"
    )
    assert page.run("return window.struck ?? null") is None


def test_no_request_leaves_the_host(page: Page, server: RunningServer) -> None:
    page.requests()
    elsewhere = "https://elsewhere.example/media/1.svg"
    account = server.world.people.bob | {"avatar": elsewhere, "avatar_static": elsewhere}
    picture = {"type": "image", "url": elsewhere, "preview_url": elsewhere, "description": "far"}
    emoji = {"shortcode": "far", "url": elsewhere, "static_url": elsewhere}
    card = {"url": elsewhere, "title": "card", "image": elsewhere}
    page.open()
    server.post(f'<p>:far: <img src="{elsewhere}"></p>', account=account, emojis=[emoji], card=card)
    post = server.post("<p>far</p>", media_attachments=[picture])
    page.until(lambda: "Picture on elsewhere.example: far" in page.text(post["id"]))
    assert page.one(".elsewhere a").get_attribute("rel") == "noopener noreferrer nofollow"
    page.until(lambda: page.run("return [...document.images].every(one => one.complete)"))
    requests = page.requests()
    assert any("/avatars/bob.svg" in one for one in requests)
    assert [one for one in requests if not one.startswith((f"{page.url}/", "data:"))] == []


def test_paused_posts_wait_and_are_counted_and_deletions_still_hold(
    page: Page, server: RunningServer
) -> None:
    page.open()
    old = server.post("<p>old</p>")
    page.until(lambda: page.contents == ["old"])
    page.press(Keys.SPACE)
    waiting = [server.post(f"<p>waiting {number}</p>") for number in range(3)]
    button = page.one("#pause")
    page.until(lambda: button.text == "Resume · 3 waiting")
    assert button.get_attribute("aria-pressed") == "true"
    server.delete(str(old["id"]))
    server.delete(str(waiting[1]["id"]))
    server.edit(str(waiting[2]["id"]), content="<p>edited meanwhile</p>")
    page.until(lambda: button.text == "Resume · 2 waiting" and page.contents == [])
    page.press(Keys.SPACE)
    page.until(lambda: page.contents == ["edited meanwhile", "waiting 0"])
    assert button.text == "Pause"


def test_keys_move_among_the_posts_and_can_be_switched_off(
    page: Page, server: RunningServer
) -> None:
    posts = [str(server.post(f"<p>{number}</p>")["id"]) for number in range(3)]
    page.open()
    page.until(lambda: page.count(".post") == 3)
    focused = "return document.activeElement.dataset.id"
    seen = []
    for key in "jjjjk":
        page.press(key)
        seen.append(posts.index(str(page.run(focused))))
    assert seen == [2, 1, 0, 0, 1]
    server.delete(posts[1])
    page.until(lambda: page.run(focused) == posts[0])
    page.press("?")
    page.until(lambda: page.run("return document.getElementById('help').open"))
    page.one("#shortcuts").click()
    page.one("#help .close").click()
    page.press("k/")
    assert page.run(focused) == posts[0]
    page.run("localStorage.clear()")


def test_a_tag_is_followed_by_typing_it_and_by_its_link(page: Page, server: RunningServer) -> None:
    page.open()
    link = '<p><a class="mention hashtag" href="https://x.example/tags/rust">#<span>rust</span></a>'
    server.post("<p>snakes</p>", tags=["python"])
    server.post(f"{link} crabs</p>", tags=["rust", "python"])
    page.until(lambda: page.count(".post") == 2)
    page.press("/")
    page.press("#PyThon" + Keys.ENTER)
    page.until(lambda: page.state == "live" and page.contents == ["#rust crabs", "snakes"])
    server.post("<p>without</p>")
    server.post("<p>more snakes</p>", tags=["python"])
    page.until(lambda: page.contents == ["more snakes", "#rust crabs", "snakes"])
    assert page.driver.current_url.endswith("?stream=hashtag&tag=PyThon")
    page.one(".hashtag").click()
    page.until(lambda: page.contents == ["#rust crabs"])
    page.driver.refresh()
    page.until(lambda: page.contents == ["#rust crabs"])
    page.one("input[value='public']").click()
    page.until(lambda: len(page.contents) == 4)


def test_after_a_lost_connection_the_screen_is_as_if_it_had_never_been_lost(
    page: Page, server: RunningServer
) -> None:
    page.open()
    kept, gone = server.post("<p>kept</p>"), server.post("<p>gone</p>")
    page.until(lambda: page.contents == ["gone", "kept"])
    world, cut = server.world, server.server.cut_connections

    def while_away() -> None:
        cut()
        world.delete(str(gone["id"]))
        world.edit(str(kept["id"]), content="<p>edited</p>")
        world.post("<p>new</p>")

    server.call(while_away)
    page.until(lambda: page.contents == ["new", "edited"])
    assert page.state == "live"
    assert page.one("#news").text == "Connected again"


@pytest.mark.parametrize(
    "kind", ["duplicate", "garbage", "reset", "restart", "stall", "token_kill"]
)
def test_whatever_goes_wrong_with_the_connection_every_post_is_there_once(
    browser: Chrome, kind: FaultKind
) -> None:
    quick = Settings(heartbeat_seconds=0.1)
    with running_server(settings=quick, faults=[Fault(kind, after_events=1)]) as server:
        page = Page(browser, server.url)
        page.open()
        wanted = [server.post(f"<p>{number}</p>")["content"] for number in range(3)]
        page.until(lambda: [f"<p>{one}</p>" for one in reversed(page.contents)] == wanted)
        page.until(lambda: not server.faults.unfired() and page.state == "live")
        browser.get("about:blank")


def test_waiting_is_left_to_chance_and_doubles_up_to_a_minute(page: Page) -> None:
    page.open()
    script = """return import('/page/connection.js').then(({backoffSeconds}) =>
        [0, 1, 2, 5, 6, 50].map(attempt => backoffSeconds(attempt, () => arguments[0])))"""
    assert page.run(script, 1) == [1, 2, 4, 32, 60, 60]
    assert page.run(script, 0.5) == [0.5, 1, 2, 16, 30, 30]


def test_what_arrives_below_the_top_does_not_push_the_reader(
    page: Page, server: RunningServer
) -> None:
    for number in range(20):
        server.post(f"<p>{number}</p>", media=1)
    page.open()
    page.until(lambda: page.count(".post") == 20)
    page.run("scrollTo(0, 600)")
    page.until(lambda: page.run("return scrollY") == 600)
    page.run("return new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    server.post("<p>late</p>")
    page.until(lambda: page.one("#pause").text == "Resume · 1 waiting")
    page.one("#pause").click()
    page.until(lambda: page.contents[0] == "late")
    assert page.run("return scrollY") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_check_of_accessibility_finds_nothing_serious(
    page: Page, server: RunningServer, theme: str
) -> None:
    axe = Path(os.environ.get("AXE_CORE", ROOT / "node_modules/axe-core/axe.min.js"))
    if not axe.is_file():
        pytest.skip("axe-core is not installed: npm install axe-core, or name its file in AXE_CORE")
    options = [{"title": "tea", "votes_count": 3}, {"title": "coffee", "votes_count": 1}]
    quoted = server.post("<p>quoted</p>")
    server.post(
        '<p>A <a href="https://x.example/">link</a> and <code>code</code></p>',
        media=3,
        poll={"options": options, "votes_count": 4},
        quote={"state": "accepted", "quoted_status": quoted},
    )
    server.post("<p>hidden</p>", spoiler_text="warning")
    boost_of(server, quoted)
    page.open(f"?theme={theme}")
    page.until(lambda: page.count(".post") == 3)
    page.run(axe.read_text(encoding="utf-8"))
    assert serious(page) == []
    page.press(Keys.SPACE)
    page.press("?")
    page.until(lambda: page.run("return document.getElementById('help').open"))
    assert serious(page) == []


def serious(page: Page) -> list[object]:
    """Return what axe-core finds serious or critical."""
    found = page.run("""return axe.run(document).then(({violations}) => violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .map(one => [one.id, one.help, one.nodes.map(node => node.html.slice(0, 200))]))""")
    assert isinstance(found, list)
    return found
