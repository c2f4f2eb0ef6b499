"""How servers are reached: proxies, certificates, time limits, and what failures mean."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from pathlib import Path

import aiohttp
import pytest
from tests.support.virtual_clock import on_virtual_clock, virtual_network
from tests.transport.certificates import certificate
from tests.transport.proxy import proxy
from tests.transport.sites import Asked, Site, leads_to, raw_site, says, session, site
from tests.transport.streams import request

from trunkline import AsyncMastodon, Network
from trunkline.errors import BadInput, CertificateError
from trunkline.options import TransportChoice
from trunkline.policy.outcome import OutcomeKind
from trunkline.server import Server as EmbeddedServer
from trunkline.transport.http import ConnectionEnded, Secret, outcome_of
from trunkline.transport.instance import discover

V2 = "/api/v2/instance"
DOCUMENT = says(
    {"version": "4.4.0", "configuration": {"urls": {"streaming": "ws://streaming.example"}}}
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy of the machine take part."""
    for name in tuple(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


# proxies


async def test_a_plain_request_goes_through_the_proxy_that_was_set() -> None:
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        async with session(Network(proxy=passed.url)) as http:
            await discover(http, shown.url)
        assert passed.requests == [f"GET {shown.url}{V2}"]
        assert shown.paths == [V2]


async def test_a_secure_request_goes_through_a_tunnel_and_shows_the_proxy_nothing() -> None:
    made = certificate()
    async with proxy() as passed, site({V2: DOCUMENT}, trust=made.of_server()) as shown:
        network = Network(proxy=passed.url, ca_file=made.file)
        async with session(network) as http:
            instance = await discover(http, shown.url)
        assert passed.requests == [f"CONNECT {shown.url.removeprefix('https://')}"]
        assert instance.version == "4.4.0"


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_streams_and_rest_calls_go_through_the_proxy(transport: TransportChoice) -> None:
    async with (
        proxy() as passed,
        EmbeddedServer() as server,
        AsyncMastodon(
            server.url, access_token=server.token, network=Network(proxy=passed.url)
        ) as mastodon,
    ):
        first = asyncio.ensure_future(anext(mastodon.stream("public", transport=transport)))
        await server.wait_for_subscribers(1)
        server.world.post()
        await first
    paths = {request.partition(server.url)[2].partition("?")[0] for request in passed.requests}
    stream = "/api/v1/streaming/public" if transport == "sse" else "/api/v1/streaming"
    assert {V2, "/api/v1/timelines/public", stream} <= paths
    assert not any("demo-token" in request for request in passed.requests)


async def test_a_proxy_may_want_a_name_and_a_password() -> None:
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        network = Network(proxy=passed.url.replace("http://", "http://user:hunter2@"))
        async with session(network) as http:
            await discover(http, shown.url)
        assert b"Proxy-Authorization: Basic dXNlcjpodW50ZXIy" in passed.heads[0]
        assert "hunter2" not in repr(network)


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
async def test_the_environments_proxy_is_used_where_none_was_set(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as passed, proxy() as chosen, site({V2: DOCUMENT}) as shown:
        monkeypatch.setenv(name, passed.url)
        async with session() as http:
            await discover(http, shown.url)
        async with session(Network(proxy=chosen.url)) as http:
            await discover(http, shown.url)
    assert passed.requests == chosen.requests == [f"GET {shown.url}{V2}"]


async def test_the_environments_proxy_for_secure_requests_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = certificate()
    async with proxy() as passed, site({V2: DOCUMENT}, trust=made.of_server()) as shown:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("https_proxy", passed.url)
        async with session(Network(ca_file=made.file)) as http:
            await discover(http, shown.url)
    assert len(passed.requests) == 1


@pytest.mark.parametrize("exempt", ["*", "127.0.0.1", "localhost,127.0.0.1"])
async def test_what_the_environment_exempts_is_asked_directly(
    exempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        monkeypatch.setenv("http_proxy", passed.url)
        monkeypatch.setenv("no_proxy", exempt)
        async with session() as http:
            await discover(http, shown.url)
    assert passed.requests == []
    assert shown.paths == [V2]


@pytest.mark.parametrize(("said", "status"), [(407, 407), (401, 502), (403, 502), (504, 502)])
async def test_a_tunnel_that_the_proxy_refuses_is_not_taken_for_the_servers_word(
    said: int, status: int
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(f"HTTP/1.1 {said} No\r\nContent-Length: 0\r\n\r\n".encode())

    async with raw_site(refuse) as url, session(Network(proxy=url)) as http:
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, "https://mastodon.invalid")
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED_STATUS, status)
    assert outcome.words == f"the proxy said {said} No"


async def test_a_proxy_finds_names_that_we_cannot() -> None:
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        passed.host_for["mastodon.invalid"] = "127.0.0.1"
        async with session(Network(proxy=passed.url)) as http:
            instance = await discover(http, shown.url.replace("127.0.0.1", "mastodon.invalid"))
    assert instance.version == "4.4.0"


async def test_an_environment_with_a_proxy_of_another_kind_is_not_passed_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:hunter2@proxy.example:1080")
    async with session() as http:
        with pytest.raises(BadInput, match=r"https_proxy.*'socks5'") as caught:
            await discover(http, "https://mastodon.example")
    assert "hunter2" not in str(caught.value)


async def test_a_netrc_file_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password hunter2")
    monkeypatch.setenv("NETRC", str(netrc))
    async with (
        EmbeddedServer() as server,
        AsyncMastodon(server.url, access_token=server.token) as mastodon,
    ):
        first = asyncio.ensure_future(anext(mastodon.stream("user")))
        await server.wait_for_subscribers(1)
        server.world.post()
        await first


async def test_asking_takes_no_other_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        monkeypatch.setenv("http_proxy", passed.url)
        async with session() as http:
            await discover(http, shown.url)
            assert threading.active_count() == before


# settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"proxy": "socks5://user:hunter2@proxy.example"},
        {"proxy": "http://"},
        {"proxy": "http://[hunter2"},
        {"connect_timeout_seconds": 0},
        {"connect_timeout_seconds": float("nan")},
        {"user_agent": "two\r\nlines"},
        {"user_agent": "bücher"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"^Expected") as caught:
        Network(**wrong)  # type: ignore[arg-type]
    assert "hunter2" not in str(caught.value)


async def test_a_proxy_may_be_named_without_its_scheme() -> None:
    async with proxy() as passed, site({V2: DOCUMENT}) as shown:
        network = Network(proxy=passed.url.removeprefix("http://"))
        async with session(network) as http:
            await discover(http, shown.url)
    assert passed.requests == [f"GET {shown.url}{V2}"]


async def test_a_file_that_holds_no_certificates_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for file in (broken, tmp_path / "missing.pem"):
        with pytest.raises(BadInput, match="Expected a file of CA certificates at"):
            Network(ca_file=file).open()


async def test_we_say_who_we_are() -> None:
    async with site() as shown:
        async with session() as http:
            await discover(http, shown.url)
        async with session(Network(user_agent="ExampleBot/1 (ops@example.org)")) as http:
            await discover(http, shown.url)
    agents = [asked.headers["User-Agent"] for asked in shown.asked]
    assert agents[0].startswith("Trunkline/")
    assert agents[-1] == "ExampleBot/1 (ops@example.org)"


async def test_cookies_are_not_kept() -> None:
    answer = says({}, headers={"Set-Cookie": "track=1"})
    async with site({V2: answer}) as shown, session() as http:
        for _ in range(2):
            await discover(http, shown.url)
    assert not any("Cookie" in asked.headers for asked in shown.asked)


# certificates


async def test_a_certificate_of_the_users_own_is_trusted_when_it_is_named() -> None:
    made = certificate()
    network = Network(ca_file=made.file)
    async with site({V2: DOCUMENT}, trust=made.of_server()) as shown, session(network) as http:
        assert (await discover(http, shown.url)).version == "4.4.0"


async def asked_of(shown: Site, network: Network) -> tuple[CertificateError, list[Asked]]:
    """Return the error that a client ends with, and what the server learnt meanwhile."""
    async with AsyncMastodon(shown.url, access_token="secret", network=network) as mastodon:
        with pytest.raises(CertificateError) as caught:
            await anext(mastodon.stream("user"))
    return caught.value, shown.asked


async def test_a_certificate_that_nobody_vouches_for_is_fatal_and_says_what_to_do() -> None:
    async with site({V2: DOCUMENT}, trust=certificate().of_server()) as shown:
        error, asked = await asked_of(shown, Network())
    assert error.server == shown.url
    assert "self-signed certificate" in str(error).replace("self signed", "self-signed")
    assert "ca_file" in str(error)
    assert asked == []


async def test_a_certificate_of_another_host_is_fatal() -> None:
    made = certificate("mastodon.example")
    async with site({V2: DOCUMENT}, trust=made.of_server()) as shown:
        error, asked = await asked_of(shown, Network(ca_file=made.file))
    assert "127.0.0.1" in str(error)
    assert asked == []


@pytest.mark.parametrize("transport", ["sse", "websocket"])
async def test_a_streaming_host_with_a_bad_certificate_gets_no_token(
    transport: TransportChoice,
) -> None:
    made, other = certificate(), certificate("mastodon.example")
    async with (
        site(trust=other.of_server()) as streaming,
        site(trust=made.of_server()) as shown,
    ):
        named = streaming.url.replace("https", "wss")
        shown.answers[V2] = says(
            {"version": "4.4.0", "configuration": {"urls": {"streaming": named}}}
        )
        async with AsyncMastodon(
            shown.url, access_token="secret", network=Network(ca_file=made.file)
        ) as mastodon:
            with pytest.raises(CertificateError):
                await anext(mastodon.stream("user", transport=transport))
    assert streaming.asked == []


async def test_a_secure_server_is_not_left_for_an_open_one() -> None:
    made = certificate()
    async with site({V2: DOCUMENT}) as bare, site(trust=made.of_server()) as shown:
        shown.answers[V2] = leads_to(bare.url + V2)
        async with session(Network(ca_file=made.file)) as http:
            with pytest.raises(ConnectionEnded) as caught:
                await discover(http, shown.url)
    assert caught.value.outcome.kind is OutcomeKind.REDIRECT_ELSEWHERE


async def test_a_secure_server_cannot_send_the_token_through_an_open_wire() -> None:
    made = certificate()
    named = says({"configuration": {"urls": {"streaming": "ws://streaming.example:4000/x"}}})
    network = Network(ca_file=made.file)
    async with site({V2: named}, trust=made.of_server()) as shown, session(network) as http:
        instance = await discover(http, shown.url)
        chosen = await discover(http, shown.url, streaming_url="http://127.0.0.1:4000")
    assert instance.streaming_url == "https://streaming.example:4000/x"
    assert chosen.streaming_url == "http://127.0.0.1:4000"  # the user's own word counts


# time limits


@on_virtual_clock
async def test_a_document_that_does_not_come_is_waited_for_as_long_as_was_set() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    loop = asyncio.get_running_loop()
    async with raw_site(say_nothing) as url, session(virtual_network()) as http:
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, url, timeout_seconds=7.0)
    assert caught.value.outcome.kind is OutcomeKind.TIMEOUT
    assert loop.time() == pytest.approx(7.0, abs=0.1)


@on_virtual_clock
async def test_a_document_that_never_ends_is_given_up_as_well() -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(1.0)

    async with raw_site(trickle) as url, session(virtual_network()) as http:
        with pytest.raises(ConnectionEnded) as caught:
            await discover(http, url, timeout_seconds=7.0)
    assert caught.value.outcome.kind is OutcomeKind.TIMEOUT


# what failures mean


def connection_key() -> aiohttp.client_reqrep.ConnectionKey:
    return aiohttp.client_reqrep.ConnectionKey("x", 1, False, True, None, None, None, None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            aiohttp.ClientConnectorDNSError(connection_key(), OSError(-2, "Name unknown")),
            OutcomeKind.DNS,
        ),
        (
            aiohttp.ClientConnectorCertificateError(
                connection_key(), ssl.SSLCertVerificationError("self-signed")
            ),
            OutcomeKind.CERTIFICATE,
        ),
        (ssl.SSLCertVerificationError(1, "self-signed"), OutcomeKind.CERTIFICATE),
        (
            aiohttp.ClientConnectorSSLError(connection_key(), OSError(1, "handshake")),
            OutcomeKind.TLS,
        ),
        (ssl.SSLError(1, "wrong version number"), OutcomeKind.TLS),
        (TimeoutError(), OutcomeKind.TIMEOUT),
        (aiohttp.ServerTimeoutError(), OutcomeKind.TIMEOUT),
        (aiohttp.ConnectionTimeoutError(), OutcomeKind.TIMEOUT),
        (
            aiohttp.ClientConnectorError(connection_key(), OSError(111, "Connection refused")),
            OutcomeKind.UNREACHABLE,
        ),
        (aiohttp.ServerDisconnectedError(), OutcomeKind.CUT),
        (aiohttp.ClientPayloadError(), OutcomeKind.CUT),
        (aiohttp.ClientOSError(104, "Connection reset by peer"), OutcomeKind.CUT),
        (ConnectionResetError(104, "Connection reset by peer"), OutcomeKind.CUT),
        (aiohttp.NonHttpUrlRedirectClientError("ftp://x"), OutcomeKind.REDIRECT_ELSEWHERE),
        (aiohttp.InvalidUrlRedirectClientError("::"), OutcomeKind.REDIRECT_ELSEWHERE),
        (EOFError(), OutcomeKind.CUT),
    ],
    ids=lambda value: value.name if isinstance(value, OutcomeKind) else type(value).__name__,
)
def test_every_failure_of_the_library_has_a_meaning(
    error: BaseException, kind: OutcomeKind
) -> None:
    outcome = outcome_of(error)
    assert outcome.kind is kind
    assert outcome.words


# tokens


@pytest.mark.parametrize("wrong", ["", " ", "two words", "line\nfeed", "nul\0byte"])
def test_what_cannot_be_a_token_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(BadInput, match="An access token is one word") as caught:
        Secret.read(wrong)
    assert wrong.strip() == "" or wrong not in str(caught.value)


def test_a_token_may_stand_in_the_first_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  secret  \nmore\n")
    for given in (file, str(file)):
        assert Secret.read(given).reveal() == "secret"
    assert "secret" not in repr(Secret.read(file))
    with pytest.raises(BadInput, match="a readable file with one"):
        Secret.read(tmp_path / "missing")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput):
        Secret.read(file)


@pytest.mark.parametrize(
    "path", ["token.txt", "usercred.secret", "./token", "../token", "/run/secrets/token", "~/token"]
)
def test_the_path_of_a_file_that_is_not_there_is_not_taken_for_a_token(path: str) -> None:
    with pytest.raises(BadInput, match="got a path where there is no file"):
        Secret.read(path)


@pytest.mark.parametrize("token", ["ab.cd.efghijklmnopqrstuvwxyz", "a/b+c==", "-_-", "x" * 43])
def test_what_tokens_look_like_is_no_path(token: str) -> None:
    assert Secret.read(token).reveal() == token


def test_a_token_of_any_length_is_no_path() -> None:
    assert Secret.read("x" * 5000).reveal() == "x" * 5000
