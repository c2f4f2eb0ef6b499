"""The page at ``/``: its files, its events, and that nothing in a post can do anything."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.clients import EventStream, Http, served

from trunkline.entities import Status
from trunkline.entities.decoding import convert
from trunkline.server import World
from trunkline.server.builders import make_account, make_status
from trunkline.server.page.events import PAGE_STREAMS, ViewEncoder
from trunkline.server.page.markup import as_paragraphs, safe_html
from trunkline.server.page.view import PostView, own_picture, post_view, web_link
from trunkline.server.publication import make_publication
from trunkline.server.site import Settings
from trunkline.server.synthetic import SyntheticSource
from trunkline.wire.sse import EventStreamParser, Frame

Json = dict[str, object]
HOSTS = frozenset({"trunkline.example", "127.0.0.1:4000"})
HOSTILE_NAME = '"><x>'
QUICK = Settings(heartbeat_seconds=0.05)
# fmt: off
SMALL_FIELDS = (
    "avatar", "display_name", "image", "options", "preview_url", "quoted_status", "shortcode",
    "state", "static_url", "title", "type", "url", "username", "voters_count", "votes_count",
)
# fmt: on
HOSTILE = (
    '<p onclick="x()">hi<script>alert(1)</script><img src=x onerror="alert(1)">'
    '<a href="javascript:alert(1)" style="position:fixed">a</a><iframe src="//evil.example">'
    '</iframe><style>*{}</style><a href="https://ok.example/">b</a><svg onload=alert(1)></p>'
)


async def next_event(stream: EventStream, name: str) -> Json:
    """Return the data of the next event of this name, heartbeats aside."""
    while True:
        frame: Frame = await stream.next()
        if frame.event == name:
            found: Json = msgspec.json.decode(frame.data or b"")
            return found


@asynccontextmanager
async def a_page(client: Http, query: str = "") -> AsyncIterator[tuple[EventStream, Json]]:
    """Follow the events of the page; give them with the backfill that they begin with."""
    async with client.session.get(f"/page/events{query}") as response:
        assert response.status == 200, await response.text()
        stream = EventStream(response)
        yield stream, await next_event(stream, "backfill")


def ids_of(backfill: Json) -> list[str]:
    posts = backfill["posts"]
    assert isinstance(posts, list)
    return [str(one["id"]) for one in posts]


def view_of(status: Json) -> PostView:
    return post_view(convert(status, Status), hosts=HOSTS)


def status_of(**overrides: object) -> Json:
    account = make_account("1", username="alice", host="trunkline.example")
    defaults: Json = {"account": account, "created_at": "2026-11-24T12:00:00.000Z"}
    return make_status("1", host="trunkline.example", **(defaults | overrides))  # type: ignore[arg-type]


# --- the files ---


async def test_the_page_and_everything_it_refers_to_is_served_with_a_strict_policy() -> None:
    async with served(token=None) as client:
        async with client.session.get("/") as response:
            page = await response.text()
        names = {"/", *re.findall(r'(?:src|href)="(/page/[^"]+)"', page)}
        assert len(names) == 4
        for name in names:
            async with client.session.get(name) as response:
                text = await response.text()
                assert response.status == 200
                assert response.headers["Content-Security-Policy"] == (
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    " frame-ancestors 'none'"
                )
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Referrer-Policy"] == "no-referrer"
            for module in re.findall(r'from "\./([^"]+)"', text):
                async with client.session.head(f"/page/{module}") as response:
                    assert (response.status, response.content_type) == (200, "text/javascript")


async def test_no_file_of_the_page_names_another_host_or_runs_what_stands_in_it() -> None:
    async with served(token=None) as client:
        async with client.session.get("/") as response:
            page = await response.text()
        assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?! type=\"module\" src=)", page)
        for name in ("", "page/style.css", "page/app.js", "page/card.js", "page/connection.js"):
            async with client.session.get(f"/{name}") as response:
                addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", await response.text())
            assert set(addresses) <= {"http://www.w3.org"}


@pytest.mark.parametrize("name", ["nothing.js", "..%2Froutes.py", "__init__.py", "%2Fetc%2Fpasswd"])
async def test_only_the_files_of_the_page_are_served(name: str) -> None:
    async with served(token=None) as client, client.session.get(f"/page/{name}") as response:
        assert response.status == 404


# --- the events ---


async def test_a_page_gets_the_newest_posts_oldest_first_then_posts_edits_and_deletions() -> None:
    async with served(token=None, settings=QUICK) as client:
        server = client.server
        before = [str(server.post()["id"]) for _ in range(25)]
        async with a_page(client) as (stream, backfill):
            assert ids_of(backfill) == before[-20:]
            assert backfill["complete"] is True
            post = server.post("<p>one</p>")
            assert (await next_event(stream, "update"))["html"] == "<p>one</p>"
            server.edit(str(post["id"]), content="<p>two</p>")
            edit = await next_event(stream, "status.update")
            assert (edit["id"], edit["html"]) == (post["id"], "<p>two</p>")
            assert edit["edited_at"]
            server.delete(str(post["id"]))
            assert await next_event(stream, "delete") == {"id": post["id"]}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"local", "remote", "tagged"}),
        ("?stream=public", {"local", "remote", "tagged"}),
        ("?stream=public:local", {"local", "tagged"}),
        ("?stream=public:remote", {"remote"}),
        ("?stream=hashtag&tag=PyThon", {"tagged"}),
        ("?stream=hashtag:local&tag=python", {"tagged"}),
    ],
)
async def test_a_page_gets_the_stream_that_it_asked_for(query: str, wanted: set[str]) -> None:
    async with served(token=None) as client, a_page(client, query) as (stream, _):
        server = client.server
        posts = {
            str(server.post(local=True)["id"]): "local",
            str(server.post(local=False)["id"]): "remote",
            str(server.post(tags=["python"])["id"]): "tagged",
        }
        got = {posts[str((await next_event(stream, "update"))["id"])] for _ in wanted}
        assert got == wanted


async def test_a_page_gets_nothing_that_is_not_public() -> None:
    async with served(token=None) as client, a_page(client) as (stream, _):
        for visibility in ("unlisted", "private", "direct"):
            client.server.post(visibility=visibility)
        client.server.message()
        client.server.announce()
        client.server.publish("update", b"not JSON", channels=["public"])
        last = client.server.post()
        assert (await next_event(stream, "update"))["id"] == last["id"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("stream=user", "Expected one of public, "),
        ("stream=list&tag=1", "got 'list'"),
        ("stream=hashtag", "needs a tag"),
        ("stream=", "got ''"),
    ],
)
async def test_a_stream_that_is_not_for_the_page_is_refused(query: str, words: str) -> None:
    async with served(token=None) as client, client.session.get(f"/page/events?{query}") as answer:
        assert answer.status == 400
        assert words in await answer.text()


async def test_the_names_of_the_streams_are_those_of_the_page() -> None:
    async with served(token=None) as client, client.session.get("/page/choice.js") as response:
        (names,) = re.findall(r"const STREAMS = (\[.*\]);", await response.text())
    assert tuple(msgspec.json.decode(names)) == PAGE_STREAMS


async def test_a_quiet_page_is_told_that_the_server_lives() -> None:
    async with (
        served(token=None, settings=QUICK) as client,
        a_page(client) as (stream, backfill),
    ):
        assert backfill["heartbeat_seconds"] == QUICK.heartbeat_seconds
        assert await next_event(stream, "heartbeat") == {}


async def test_a_page_that_left_is_forgotten() -> None:
    async with served(token=None, settings=QUICK) as client, a_page(client) as (stream, _):
        assert client.server.hub.subscribers == 1
        stream.response.close()
        await client.server.until(lambda: client.server.hub.subscribers == 0)


async def test_a_backfill_says_that_it_may_lag() -> None:
    async with served(token=None, world=World(rest_lag_seconds=60.0)) as client:
        client.server.post()
        async with a_page(client) as (_, backfill):
            assert backfill["complete"] is False
            assert ids_of(backfill) == []


# --- the view ---


def test_a_boost_shows_the_original_and_who_boosted_it() -> None:
    bob = make_account("2", username="bob", host="trunkline.example", domain="remote.example")
    original = status_of(content="<p>hear, hear</p>") | {"id": "7"}
    view = view_of(status_of(account=bob, reblog=original))
    assert (view.id, view.original_id, view.html) == ("1", "7", "<p>hear, hear</p>")
    assert view.by.acct == "alice"
    assert view.booster is not None
    assert view.booster.acct == "bob@remote.example"


def test_a_quote_shows_once_and_only_where_it_was_accepted() -> None:
    inner = status_of(content="<p>inner</p>", quote={"state": "accepted", "quoted_status": {}})
    quoted = view_of(status_of(quote={"state": "accepted", "quoted_status": inner})).quote
    assert quoted is not None
    assert (quoted.html, quoted.quote) == ("<p>inner</p>", None)
    assert view_of(status_of(quote={"state": "pending", "quoted_status": inner})).quote is None


def test_a_poll_shows_its_shares_and_hidden_results_stay_hidden() -> None:
    options = [{"title": "tea", "votes_count": 1}, {"title": "both", "votes_count": None}]
    poll = view_of(status_of(poll={"options": options, "votes_count": 3})).poll
    assert poll is not None
    assert [(one.title, one.votes, one.share) for one in poll.options] == [
        ("tea", 1, 33),
        ("both", None, None),
    ]


def test_pictures_of_other_hosts_become_links_and_avatars_are_drawn_here() -> None:
    elsewhere = {
        "type": "image",
        "url": "https://evil.example/media/1.svg",
        "preview_url": "https://evil.example/media/1.svg",
    }
    account = make_account("1", username="a/b", host="trunkline.example")
    account |= {"avatar_static": "https://evil.example/avatars/1.svg", "avatar": ""}
    view = view_of(status_of(account=account, media=[elsewhere]))
    assert view.by.avatar == "/avatars/a%2Fb.svg"
    assert (view.media[0].thumbnail, view.media[0].url) == (None, elsewhere["url"])


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://trunkline.example/media/1.svg", "/media/1.svg"),
        ("http://127.0.0.1:4000/avatars/%E6%A3%AE.svg", "/avatars/%E6%A3%AE.svg"),
        ("http://127.0.0.1:4001/avatars/a.svg", None),
        ("https://trunkline.example@evil.example/media/1.svg", None),
        ("https://user@trunkline.example/media/1.svg", None),
        ("https://trunkline.example//evil.example/media/1.svg", None),
        ("https://trunkline.example/api/v1/streaming/public", None),
        ("//trunkline.example/media/1.svg", None),
        ("javascript://trunkline.example/media/1.svg", None),
        ("https://[trunkline.example/media/1.svg", None),
        ("", None),
        (None, None),
    ],
)
def test_only_pictures_that_this_server_draws_are_shown(url: str | None, path: str | None) -> None:
    assert own_picture(url, hosts=HOSTS) == path


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https:", "//x.example/", "https://[", None]
)
def test_what_is_no_address_of_the_web_is_no_link(url: str | None) -> None:
    assert web_link(url) is None


def test_everything_that_the_synthetic_source_makes_has_a_view() -> None:
    source = SyntheticSource(3, host="127.0.0.1:4000", scheme="http", mix={"update": 1.0})
    views = [
        view_of(activity.payload)
        for number in range(300)
        if isinstance((activity := source.next(1_795_000_000_000 + number)).payload, dict)
    ]
    assert all(one.by.avatar.startswith("/avatars/") for one in views)
    assert all(media.thumbnail for one in views for media in one.media)
    assert any(one.poll for one in views)
    assert any(one.warning for one in views)


FIELDS = Status.__struct_fields__
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(
        ["https://[", "https://a.example/", "//x", "accepted", "image", "9999-12-31"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*FIELDS, *SMALL_FIELDS]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(status=st.dictionaries(st.sampled_from(FIELDS), values))
def test_whatever_a_post_is_the_page_gets_one_event_or_none(status: Json) -> None:
    publication = make_publication("update", status, channels=("public",))
    event = ViewEncoder(HOSTS, chunked=False)(publication)
    frames = EventStreamParser().feed(event)
    assert [type(one) for one in frames] == [Frame]
    view = msgspec.json.decode(event.partition(b"data: ")[2])
    assert isinstance(view["by"]["avatar"], str)
    assert view["by"]["avatar"].startswith("/avatars/")


@pytest.mark.parametrize(
    "data",
    [
        b'{"poll":{"votes_count":3,"options":[{"title":"x","votes_count":1%b}]}}' % (b"0" * 400),
        b'{"poll":{"votes_count":1%b,"options":[{"votes_count":1}]}}' % (b"0" * 18),
        b'{"poll":{"votes_count":-2,"options":[{"votes_count":-1}]}}',
        rb'{"content":"\ud83d","spoiler_text":"\ud83d","account":{"username":"\udc00"}}',
        rb'{"account":{"username":"a","display_name":"\udc00","avatar":"https://\ud83d/"}}',
        b'{"created_at":"0001-01-01T00:00:00Z","url":"https://[::1/"}',
    ],
)
def test_strange_numbers_and_halves_of_characters_do_no_harm(data: bytes) -> None:
    publication = make_publication("update", data, channels=("public",))
    event = ViewEncoder(HOSTS, chunked=False)(publication)
    assert msgspec.json.decode(event.partition(b"data: ")[2])["id"] == ""


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_post_at_all_is_not_shown(data: bytes) -> None:
    publication = make_publication("update", data, channels=("public",))
    assert ViewEncoder(HOSTS, chunked=False)(publication) == b""


# --- the markup ---


class Reader(HTMLParser):
    """Collects elements and attributes as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


HARMLESS_TAGS = set(
    "a b blockquote br code del em i li ol p pre rp rt ruby s span strong u ul".split()  # noqa: SIM905
)
HARMLESS_ATTRIBUTES = {"href", "class", "rel", "target", "start", "reversed", "value"}
PIECES = [
    "<script>",
    "</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="',
    "javascript:alert(1)",
    "JaVa\tScript:x",
    '">',
    "<p onclick='x'>",
    "<svg><style>",
    "<math><mtext><table><mglyph><style>",
    "<!--",
    "-->",
    "<noscript>",
    "<template>",
    "&lt;script&gt;",
    "<iframe srcdoc='",
    "<form action=/x><input>",
    "text",
    "\x00",
    "é",
]


@pytest.mark.parametrize("make", [safe_html, as_paragraphs])
@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12))
def test_nothing_that_could_act_is_left_of_any_html(make: object, pieces: list[str]) -> None:
    assert callable(make)
    html = make("".join(pieces).encode("utf-8", "replace").decode())
    seen = Reader(html)
    assert seen.tags <= HARMLESS_TAGS
    assert {name for name, _ in seen.attributes} <= HARMLESS_ATTRIBUTES
    for name, value in seen.attributes:
        if name == "href":
            assert re.match(r"(https?|mailto):|[^:]*$|[^:]*[/?#]", value or "", re.IGNORECASE)


def test_the_words_and_links_of_a_hostile_post_stay() -> None:
    html = safe_html(HOSTILE)
    assert "hi" in html
    assert 'href="https://ok.example/"' in html
    assert 'rel="nofollow noopener noreferrer"' in html
    assert 'target="_blank"' in html
    assert not re.search(r"alert|script|style|iframe|onclick", html)


def test_without_a_sanitiser_the_plain_text_is_shown_in_paragraphs() -> None:
    html = as_paragraphs("<p>a &lt; b<br>c</p><p>d <b>e</b></p><script>f</script>")
    assert html == "<p>a &lt; b<br>c</p><p>d e</p>"


def test_mentions_hashtags_and_hidden_parts_of_links_keep_their_classes_and_no_other() -> None:
    html = safe_html('<a href="https://a.example/" class="mention evil">x</a>')
    assert 'class="mention"' in html


def test_an_address_of_an_avatar_is_quoted() -> None:
    account = make_account("1", username=HOSTILE_NAME, host="trunkline.example")
    account |= {"avatar_static": "https://evil.example/"}
    assert view_of(status_of(account=account)).by.avatar == f"/avatars/{quote(HOSTILE_NAME)}.svg"
