"""What a server refuses, as it reaches a user: a typed error that says what to do, over every way.

Each row is a cause; it is met sync and async, over an event stream and over a WebSocket.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from trunkline import (
    AsyncMastodon,
    BadInput,
    Mastodon,
    Network,
    NoSuchStream,
    Stream,
    Unauthorized,
)
from trunkline.errors import BadRequest, DiscoveryError, GaveUp, ServerError
from trunkline.events import Update
from trunkline.options import TransportChoice
from trunkline.server import Fault
from trunkline.signals import Connected
from trunkline.testing import RunningServer, running_server

SOON = Network(dice=lambda: 0.02)  # connections are opened one soon after the other


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a server says no, and what a user should read."""

    error: type[ServerError]
    stream: str
    token: str | None
    advice: str
    """What the message says to do."""
    words: str
    """What the server said, which the message repeats."""
    status: int = 401


CAUSES = {
    "no token": Cause(Unauthorized, "public", None, "pass `access_token`", "Missing access token"),
    "bad token": Cause(
        Unauthorized,
        "user",
        "mistyped-3f9c",
        "again with `trunkline login`",
        "Invalid access",
    ),
    "revoked token": Cause(
        Unauthorized,
        "user",
        "revoked-3f9c",
        "again with `trunkline login`",
        "Invalid access",
    ),
    "token of an app": Cause(
        Unauthorized, "public", "app-3f9c", "instead of a user", "Invalid access token"
    ),
    "disabled user": Cause(
        Unauthorized, "user", "disabled-3f9c", "the user is disabled", "Invalid access token"
    ),
    "missing scope": Cause(
        Unauthorized, "user:notification", "statuses-3f9c", "asking for `read`", "required scopes"
    ),
    "no scope at all": Cause(
        Unauthorized,
        "public",
        "writer-3f9c",
        "`read` is enough for every",
        "required scopes",
    ),
    "somebody else's list": Cause(
        Unauthorized,
        "list:1",
        "eve-3f9c",
        "the token of its owner",
        "Not authorized to stream",
    ),
    "no such list": Cause(
        Unauthorized, "list:999", "demo-token", "no such list", "Not authorized to stream"
    ),
    "unknown stream": Cause(
        NoSuchStream,
        "nonsense:really",
        "demo-token",
        "does not know this stream",
        "Unknown",
        400,
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        people = server.world.people
        server.call(lambda: people.add_token("revoked-3f9c"))
        server.revoke_token("revoked-3f9c")
        server.call(lambda: people.add_token("app-3f9c", app=True))
        server.call(lambda: people.add_token("disabled-3f9c", disabled=True))
        server.call(lambda: people.add_token("statuses-3f9c", scopes=["read:statuses"]))
        server.call(lambda: people.add_token("writer-3f9c", scopes=["write"]))
        server.call(lambda: people.add_user("eve", token="eve-3f9c"))
        yield server


def met_sync(server: RunningServer, cause: Cause, transport: TransportChoice) -> ServerError:
    with (
        Mastodon(server.url, access_token=cause.token) as mastodon,
        pytest.raises(ServerError) as caught,
    ):
        next(mastodon.stream(cause.stream, transport=transport))
    return caught.value


def met_async(server: RunningServer, cause: Cause, transport: TransportChoice) -> ServerError:
    async def meet() -> None:
        async with AsyncMastodon(server.url, access_token=cause.token) as mastodon:
            await anext(mastodon.stream(cause.stream, transport=transport))

    with pytest.raises(ServerError) as caught:
        asyncio.run(meet())
    return caught.value


FACES = {"sync": met_sync, "async": met_async}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("transport", ["sse", "websocket", "auto"])
@pytest.mark.parametrize("name", CAUSES)
def test_a_refusal_is_a_typed_error_that_says_what_to_do(
    server: RunningServer, name: str, transport: TransportChoice, face: str
) -> None:
    cause = CAUSES[name]
    error = FACES[face](server, cause, transport)
    assert type(error) is cause.error
    assert (error.server, error.status) == (server.url, cause.status)
    message = str(error)
    assert message.startswith(f"{server.url} ({cause.stream}): ")
    assert cause.advice in message
    assert cause.words in message.partition("The server said: ")[2]
    assert cause.token is None or cause.token not in message


@pytest.mark.parametrize("face", FACES)
def test_a_stream_that_no_transport_offers_is_no_such_stream(face: str) -> None:
    cause = Cause(NoSuchStream, "direct", "demo-token", "", "", 404)
    with running_server(flavour="pixelfed") as server:
        error = FACES[face](server, cause, "sse")
    assert type(error) is NoSuchStream


@pytest.mark.parametrize(
    "text", ["hashtag", "hashtag:", "hashtag: ", "hashtag:local:", "list", "list:"]
)
def test_a_missing_tag_or_list_never_reaches_a_server(text: str) -> None:
    with Mastodon("http://127.0.0.1:9") as mastodon, pytest.raises(BadInput, match=r"tag|list"):
        mastodon.stream(text)


@pytest.mark.parametrize("make", [Stream.hashtag, Stream.list])
def test_an_empty_tag_or_list_is_no_stream(make: Callable[[str], Stream]) -> None:
    for empty in ("", " "):
        with pytest.raises(BadInput):
            make(empty)


@pytest.mark.parametrize("transport", ["sse", "websocket"])
@pytest.mark.parametrize("face", FACES)
def test_a_server_that_misses_a_parameter_is_told_as_a_bad_request(
    server: RunningServer, transport: TransportChoice, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stream of ours lacks its tag, so the table of streams is bent for this test."""
    monkeypatch.setattr(Stream, "query", property(lambda stream: ()))
    monkeypatch.setattr(Stream, "sse_query", property(lambda stream: ()))
    cause = Cause(BadRequest, "hashtag:python", "demo-token", "", "", 400)
    error = FACES[face](server, cause, transport)
    assert type(error) is BadRequest
    assert "Missing tag name parameter" in str(error)


def test_several_streams_share_a_refusal_and_the_message_names_them(server: RunningServer) -> None:
    with (
        Mastodon(server.url, access_token="eve-3f9c") as mastodon,
        pytest.raises(Unauthorized) as caught,
    ):
        list(mastodon.stream("public", "list:1", "hashtag:python"))
    assert "public, list:1, hashtag:python" in str(caught.value)
    assert "the token of its owner" in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_websocket_that_is_refused_without_words_leaves_the_event_stream(status: int) -> None:
    barred = Fault("status", transport="websocket", status=status, count=1_000)
    with (
        running_server(faults=[barred]) as server,
        Mastodon(server.url, access_token=server.token, network=SOON) as mastodon,
        mastodon.stream("public", "hashtag:python", signals=True) as feed,
    ):
        connected = (item for item in feed if isinstance(item, Connected))
        assert [one.transport for one in (next(connected), next(connected))] == ["sse"] * 2
        server.wait_for_subscribers(2)
        server.post(tags=["python"])
        told = (str(item.stream) for item in feed if isinstance(item, Update))
        assert {next(told), next(told)} == {"hashtag:python", "public"}


@pytest.mark.parametrize("flavour", ["mastodon", "akkoma"])
def test_a_token_that_no_transport_takes_is_told_in_the_words_of_the_clearer(flavour: str) -> None:
    barred = Fault("status", transport="websocket", status=401, count=1_000)
    said = "Invalid access token" if flavour == "mastodon" else "without saying why"
    with (
        running_server(flavour=flavour, faults=[barred]) as server,
        Mastodon(server.url, access_token="eve-4a", network=SOON) as mastodon,
        mastodon.stream("public", "hashtag:python") as feed,
        pytest.raises(Unauthorized, match=said),
    ):
        next(feed)


def test_a_token_that_is_revoked_later_ends_the_stream_with_the_same_advice() -> None:
    with running_server() as server:
        server.call(lambda: server.world.people.add_token("soon"))
        network = Network(dice=lambda: 0.0)  # no waiting between tries
        with Mastodon(server.url, access_token="soon", network=network) as mastodon:
            feed = mastodon.stream("public", signals=True)
            next(feed)
            server.wait_for_subscribers(1)
            server.post()
            server.revoke_token("soon")
            with pytest.raises(Unauthorized, match="trunkline login"):
                list(feed)


def test_limits_of_the_user_end_it_with_the_last_reason() -> None:
    with (
        Mastodon("http://127.0.0.1:9") as mastodon,
        pytest.raises(GaveUp, match=r"gave up after 0 retries .* Nothing listens there"),
    ):
        next(mastodon.stream("public", max_retries=0))


def test_what_is_no_mastodon_server_says_so() -> None:
    with (
        running_website() as url,
        Mastodon(url, access_token="token-3f9c") as mastodon,
        pytest.raises(DiscoveryError, match=r"does not answer like .* Check the address"),
    ):
        next(mastodon.stream("public"))


@contextmanager
def running_website() -> Iterator[str]:
    """Run a web server that knows nothing of Mastodon."""
    website = HTTPServer(("127.0.0.1", 0), Website)
    thread = threading.Thread(target=website.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{website.server_port}"
    finally:
        website.shutdown()
        thread.join()
        website.server_close()


class Website(BaseHTTPRequestHandler):
    """Answers every request with a page that says that there is none."""

    def do_GET(self) -> None:  # the name that http.server looks for
        self.send_error(404)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""
