"""Discovery: where the streaming is, which software it is, and where the token may go."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from tests.transport.sites import Respond, in_pieces, leads_to, says, session, site

from trunkline.errors import BadInput
from trunkline.policy.outcome import OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.http import ConnectionEnded, Network, Secret
from trunkline.transport.instance import Instance, base_url, discover
from trunkline.transport.rest import RestRefused
from trunkline.transport.server import Server

V2, V1 = "/api/v2/instance", "/api/v1/instance"
TOKEN = "recognisable-token"
ELSEWHERE = "wss://streaming.example"
PAGE = says(text="<!DOCTYPE html><title>Welcome</title>", content_type="text/html")


def newer(streaming: object, version: str = "4.4.0") -> dict[str, object]:
    return {"version": version, "configuration": {"urls": {"streaming": streaming}}}


def older(streaming: object, version: str = "3.5.3") -> dict[str, object]:
    return {"version": version, "urls": {"streaming_api": streaming}}


async def found(answers: dict[str, Respond], *, prefix: str = "") -> tuple[Instance, str]:
    """Return what discovery says about a server with these answers, and its address."""
    placed = {prefix + path: answer for path, answer in answers.items()}
    async with site(placed) as shown, session() as http:
        return await discover(http, shown.url + prefix), shown.url + prefix


# addresses


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mastodon.example", "https://mastodon.example"),
        ("https://mastodon.example", "https://mastodon.example"),
        (" https://mastodon.example/ ", "https://mastodon.example"),
        ("HTTPS://Mastodon.Example", "https://mastodon.example"),
        ("mastodon.example:3000", "https://mastodon.example:3000"),
        ("https://mastodon.example:443", "https://mastodon.example"),
        ("http://localhost:80/", "http://localhost"),
        ("https://example.com/social/", "https://example.com/social"),
        ("https://example.com/Social", "https://example.com/Social"),
        ("wss://streaming.example/", "https://streaming.example"),
        ("ws://127.0.0.1:4000", "http://127.0.0.1:4000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://bücher.example", "https://bücher.example"),
    ],
)
def test_an_address_becomes_a_base_url(given: str, expected: str) -> None:
    assert base_url(given) == expected
    assert base_url(expected) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "https://",
        "ftp://mastodon.example",
        "https://user:hunter2@mastodon.example",
        "ftp://user:hunter2@mastodon.example",
        "https://mastodon.example?hunter2",
        "https://mastodon.example#hunter2",
        "two words",
        "https://two words",
        "http://[::1",
        "https://mastodon..example",
        "https://.example",
        f"https://{'a' * 64}.example",
        f"https://{'ä' * 60}.example",
        f"https://{'a.' * 127}example",
        "https://mastodon.example:port",
        "https://mastodon.example:99999",
        "@alice@mastodon.example",
        "https://mastodon.example\r\nX: y",
    ],
)
def test_what_is_no_address_is_refused_and_a_password_is_not_repeated(given: str) -> None:
    with pytest.raises(BadInput, match=r"^Expected a server") as caught:
        base_url(given)
    assert "hunter2" not in str(caught.value)


# documents


@pytest.mark.parametrize(
    ("answers", "version"),
    [
        ({V2: says(newer(ELSEWHERE))}, "4.4.0"),
        ({V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says(newer(ELSEWHERE)), V1: says(older("wss://wrong.example"))}, "4.4.0"),
        ({V2: PAGE, V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says({}, status=401), V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says(["no", "object"]), V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says({"configuration": []}), V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says(text='{"version": "4.'), V1: says(older(ELSEWHERE))}, "3.5.3"),
        ({V2: says(newer(ELSEWHERE), content_type="text/plain")}, "4.4.0"),
    ],
    ids=["v2", "v1", "v2 first", "page", "401", "list", "odd types", "cut off", "plain text"],
)
async def test_the_newer_document_is_read_and_else_the_older(
    answers: dict[str, Respond], version: str
) -> None:
    instance, url = await found(answers)
    assert (instance.server, instance.rest_url) == (url, url)
    assert (instance.streaming_url, instance.version) == ("https://streaming.example", version)


@pytest.mark.parametrize(
    "answers",
    [{}, {V2: PAGE, V1: PAGE}, {V2: says({"version": "4.4.0"})}, {V1: says({"version": "3.5.3"})}],
    ids=["no documents", "pages", "silent v2", "silent v1"],
)
@pytest.mark.parametrize("prefix", ["", "/social"])
async def test_where_no_document_says_more_the_host_itself_streams(
    answers: dict[str, Respond], prefix: str
) -> None:
    instance, url = await found(answers, prefix=prefix)
    assert (instance.streaming_url, instance.rest_url) == (url, url)


async def test_the_older_document_names_the_address_where_the_newer_does_not() -> None:
    instance, url = await found({V2: says({"version": "4.4.0"}), V1: says(older(ELSEWHERE))})
    assert instance.streaming_url == "https://streaming.example"
    assert (instance.version, instance.rest_url) == ("4.4.0", url)


@pytest.mark.parametrize(
    ("links", "document", "flavour"),
    [
        ([{"href": "{url}/nodeinfo/2.0"}], {"software": {"name": "gotosocial"}}, "gotosocial"),
        ([{"href": "{url}/nodeinfo/2.0"}], {"software": {"name": "novelty"}}, "mastodon"),
        ([{"href": "{url}/nodeinfo/2.0"}], {"software": []}, "mastodon"),
        ([{"href": "{url}/elsewhere"}], {"software": {"name": "gotosocial"}}, "mastodon"),
        ([{"href": "https://127.0.0.1:1/nodeinfo/2.0"}], {}, "mastodon"),
        ([{"href": "::"}, {"href": "http://[x"}, {"rel": "?"}], {}, "mastodon"),
        ("no list", {}, "mastodon"),
    ],
)
async def test_nodeinfo_names_the_software_where_the_version_could_be_anyones(
    links: object, document: object, flavour: str
) -> None:
    answers = {V2: says(newer(ELSEWHERE, "1.2.0+git")), "/nodeinfo/2.0": says(document)}
    async with site(answers) as shown, session() as http:
        told = msgspec.json.encode({"links": links}).decode().replace("{url}", shown.url)
        shown.answers["/.well-known/nodeinfo"] = says(text=told)
        assert (await discover(http, shown.url)).flavour.name == flavour


async def test_nodeinfo_is_not_asked_where_the_version_tells() -> None:
    async with site({V2: says(newer(ELSEWHERE))}) as shown, session() as http:
        await discover(http, shown.url)
        assert shown.paths == [V2]


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize(("path", "document"), [(V2, newer), (V1, older)])
async def test_a_server_that_names_no_streaming_has_none(
    path: str, document: Callable[[object], object], nothing: str | None
) -> None:
    instance, _ = await found({path: says(document(nothing))})
    assert instance.streaming_url is None


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("wss://streaming.example/prefix/", "https://streaming.example/prefix"),
        ("https://streaming.example", "https://streaming.example"),
        ("ws://127.0.0.1:4000/", "http://127.0.0.1:4000"),
        ("streaming.example", "https://streaming.example"),
    ],
)
async def test_a_named_address_keeps_its_path_and_is_spelled_in_http(
    named: str, expected: str
) -> None:
    instance, _ = await found({V2: says(newer(named))})
    assert instance.streaming_url == expected


@pytest.mark.parametrize("named", ["ftp://x.example", "wss://u:p@x.example", "::", "wss://"])
async def test_a_named_address_that_cannot_be_one_leaves_the_host_itself(named: str) -> None:
    instance, url = await found({V2: says(newer(named))})
    assert instance.streaming_url == url


async def test_a_document_in_many_pieces_is_read_to_its_end() -> None:
    document = msgspec.json.encode(newer(ELSEWHERE) | {"filler": "x" * 50_000})
    middle = len(document) // 2
    instance, _ = await found(
        {V2: in_pieces(document[:10], document[10:middle], document[middle:])}
    )
    assert instance.streaming_url == "https://streaming.example"


async def test_the_flavour_is_that_of_the_version() -> None:
    instance, _ = await found({V2: says(newer(ELSEWHERE, "2.7.2 (compatible; Akkoma 3.15.2)"))})
    assert instance.flavour.name == "akkoma"
    instance, _ = await found({})
    assert instance.flavour.name == "mastodon"


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_in_trouble_is_not_taken_for_one_without_documents(status: int) -> None:
    answer = says({"error": "Later"}, status=status, headers={"Retry-After": "7"})
    with pytest.raises(ConnectionEnded) as caught:
        await found({V2: answer})
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED_STATUS, status)
    assert (outcome.words, outcome.retry_after_seconds) == ("Later", 7)


async def test_nobody_there_is_an_ending_and_no_instance() -> None:
    async with site() as shown:
        gone = shown.url
    async with session() as http:
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, gone)
    assert caught.value.outcome.kind is OutcomeKind.UNREACHABLE


# redirects, and where the token goes


def server(url: str, *, streaming_url: str | None = None) -> Server:
    return Server(url, token=Secret(TOKEN), network=Network(), streaming_url=streaming_url)


async def test_discovery_follows_a_redirect_and_remembers_where_it_led() -> None:
    async with site({V2: says({"version": "4.4.0"})}) as moved, session() as http:
        async with site({V2: leads_to(moved.url + V2)}) as old:
            instance = await discover(http, old.url)
        assert instance.server == old.url
        assert (instance.rest_url, instance.streaming_url) == (moved.url, moved.url)


async def test_a_redirect_to_another_document_does_not_become_a_base_url() -> None:
    async with site({"/odd.json": says({"version": "4.4.0"})}) as shown, session() as http:
        shown.answers[V2] = leads_to(shown.url + "/odd.json")
        instance = await discover(http, shown.url)
        assert (instance.rest_url, instance.version) == (shown.url, "4.4.0")


async def test_a_redirect_to_a_host_that_cannot_be_is_an_ending() -> None:
    async with site({V2: leads_to("http://a..b/")}) as shown, session() as http:
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, shown.url)
    assert caught.value.outcome.kind is OutcomeKind.REDIRECT_ELSEWHERE


async def test_redirects_without_end_are_an_ending() -> None:
    async with site() as shown, session() as http:
        shown.answers[V2] = leads_to(shown.url + V2)
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, shown.url)
    assert caught.value.outcome.kind is OutcomeKind.REDIRECT_ELSEWHERE


async def test_discovery_shows_the_token_to_nobody() -> None:
    async with site() as elsewhere, site({V2: leads_to(elsewhere.url + V2)}) as shown:
        asking = server(shown.url)
        await asking.instance()
        await asking.close()
        assert elsewhere.paths == [V2]
        assert TOKEN not in shown.said() + elsewhere.said()


@pytest.mark.parametrize("transport", ["sse", "websocket"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_stream_that_leads_elsewhere_is_not_followed(transport: str, status: int) -> None:
    async with site() as elsewhere, site() as shown:
        leading = leads_to(f"{elsewhere.url}/api/v1/streaming/public", status=status)
        shown.answers |= {"/api/v1/streaming/public": leading, "/api/v1/streaming": leading}
        asking = server(shown.url)
        chosen = "sse" if transport == "sse" else "websocket"
        with pytest.raises(ConnectionEnded) as caught:
            await asking.connect(chosen, [Stream.public()], stall_seconds=5.0)  # type: ignore[arg-type]
        await asking.close()
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.status) == (OutcomeKind.REDIRECT_ELSEWHERE, status)
    assert elsewhere.asked == []


async def test_a_rest_call_that_leads_elsewhere_is_not_followed() -> None:
    async with site() as elsewhere, site() as shown:
        shown.answers["/api/v1/timelines/home"] = leads_to(f"{elsewhere.url}/api/v1/timelines/home")
        asking = server(shown.url)
        rest = await asking.rest()
        with pytest.raises(RestRefused, match="refused-status"):
            await rest.get("/api/v1/timelines/home")
        await asking.close()
    assert elsewhere.asked == []


async def test_the_token_goes_to_the_streaming_host_that_the_instance_names() -> None:
    async with site() as streaming:
        named = streaming.url.replace("http", "ws") + "/prefix/"
        async with site({V2: says(newer(named))}) as shown:
            asking = server(shown.url)
            with pytest.raises(ConnectionEnded):
                await asking.connect("sse", [Stream.public()], stall_seconds=5.0)
            await asking.close()
    (asked,) = streaming.asked
    assert asked.path == "/prefix/api/v1/streaming/public"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in shown.said()


async def test_a_streaming_address_of_the_users_own_is_used_instead() -> None:
    async with site() as streaming, site({V2: says(newer(ELSEWHERE))}) as shown:
        asking = server(shown.url, streaming_url=streaming.url + "/own")
        instance = await asking.instance()
        assert instance.streaming_url == streaming.url + "/own"
        with pytest.raises(ConnectionEnded):
            await asking.connect("sse", [Stream.public()], stall_seconds=5.0)
        await asking.close()
    assert streaming.paths == ["/own/api/v1/streaming/public"]


async def test_discovery_happens_once_and_again_when_it_is_forgotten() -> None:
    async with site({V2: says(newer(ELSEWHERE))}) as shown:
        asking = server(shown.url)
        first = await asking.instance()
        assert await asking.instance() is first
        asking.forget()
        await asking.instance()
        await asking.close()
    assert shown.paths == [V2, V2]


@pytest.mark.parametrize("path", [V2, V1])
async def test_a_document_that_is_nested_without_end_is_none(path: str) -> None:
    nested = "[" * 100_000
    instance, url = await found({path: says(text='{"version":"4.4.0","configuration":' + nested)})
    assert (instance.version, instance.streaming_url) == ("", url)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
async def test_a_redirect_to_a_name_that_is_none_is_an_ending(host: str) -> None:
    with pytest.raises(ConnectionEnded) as caught:
        await found({V2: leads_to(f"http://{host}/")})
    assert caught.value.outcome.kind in (OutcomeKind.REDIRECT_ELSEWHERE, OutcomeKind.DNS)
