"""`trunkline check`: what a server offers, whether the token works, how each stream would go.

Promises one line for each finding, with what to do where something is wrong. It asks what
following would ask, opens every stream for a moment, and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from trunkline.cli import arguments
from trunkline.cli.running import FAILED, OK, one_line, run
from trunkline.entities import Account
from trunkline.errors import Unauthorized
from trunkline.options import Transport
from trunkline.plan import plans
from trunkline.policy.catchup import page_query, parse_page
from trunkline.policy.outcome import Outcome
from trunkline.policy.unauthorized import explain_unauthorized
from trunkline.policy.verdict import Action, Verdict, judge
from trunkline.streams import Stream
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.instance import Instance
from trunkline.transport.rest import RestRefused
from trunkline.transport.server import Server

__all__ = ["check"]

_STREAMS: Final = (
    "user",
    "user:notification",
    "direct",
    "public",
    "public:local",
    "hashtag:python",
)
_STALL_SECONDS: Final = 15.0
_REFUSAL_SECONDS: Final = 0.7
"""A WebSocket refuses a stream with a frame, and says nothing when all is well."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Literal["ok", "warn", "fail"]
    about: str
    words: str


def check(
    server: arguments.Server,
    streams: Annotated[
        list[str] | None,
        typer.Argument(metavar="STREAM", help="Streams to try; by default six of them."),
    ] = None,
    *,
    token_file: arguments.TokenFile = None,
    streaming_url: arguments.StreamingUrl = None,
    proxy: arguments.Proxy = None,
    ca_file: arguments.CaFile = None,
) -> int:
    """Say what a server offers, whether the token works, and how each stream would go.

    Exits with 1 if something fails.
    """
    reach = arguments.make_reach(
        server,
        token_file=token_file,
        streaming_url=streaming_url,
        proxy=proxy,
        ca_file=ca_file,
    )
    chosen = tuple(map(Stream.parse, streams or _STREAMS))
    return run(lambda: _check(reach, chosen))


async def _check(reach: arguments.Reach, streams: Sequence[Stream]) -> int:
    """Print the findings as they come, and return whether one of them is a failure."""
    console, code = Console(highlight=False), OK
    server = Server(
        reach.server,
        token=reach.token,
        network=reach.network,
        streaming_url=reach.streaming_url,
    )
    try:
        async for finding in _findings(server, reach, streams):
            console.print(_line(finding), soft_wrap=True)
            code = FAILED if finding.level == "fail" else code
    finally:
        await server.close()
    return code


def _line(finding: Finding) -> Text:
    colour = {"ok": "green", "warn": "yellow", "fail": "bold red"}[finding.level]
    return Text.assemble(
        (f"{finding.level:<4}", colour),
        f"  {finding.about:<18} {one_line(finding.words)}",
    )


async def _findings(
    server: Server, reach: arguments.Reach, streams: Sequence[Stream]
) -> AsyncIterator[Finding]:
    try:
        instance = await server.instance()
    except ConnectionEnded as ended:
        yield Finding("fail", "server", f"{server.url} does not answer: {_why(ended.outcome)}")
        return
    yield _software(instance)
    yield _address(instance)
    yield await _health(server)
    yield await _token(server, reach)
    for stream in streams:
        yield await _stream(server, instance, stream)


def _software(instance: Instance) -> Finding:
    if not instance.version:
        words = f"{instance.server} has no instance document: no Mastodon-compatible server is here"
        return Finding("fail", "server", f"{words}. Check the address")
    kind, version = instance.flavour.name, instance.version
    return Finding("ok", "server", f"{instance.server} runs {version}, taken for {kind}")


def _address(instance: Instance) -> Finding:
    url = instance.streaming_url
    if url is None:
        words = "the instance names no streaming address: its timelines are polled instead"
        return Finding("warn", "streaming", words)
    if url.startswith("http:") and instance.server.startswith("https:"):
        words = f"{url} would carry the token unencrypted: tell the server's administrators"
        return Finding("warn", "streaming", words)
    return Finding("ok", "streaming", url)


async def _health(server: Server) -> Finding:
    if await server.is_healthy():
        return Finding("ok", "health", "the streaming server says that it is well")
    return Finding(
        "warn", "health", "no good answer to the health check; the streams below tell more"
    )


async def _token(server: Server, reach: arguments.Reach) -> Finding:
    """Ask REST whose the token is. The answer does not name its scopes; the streams will tell."""
    if reach.token is None:
        words = "there is none; since Mastodon 4.2 every stream needs one. Use --token-file or"
        return Finding("warn", "token", f"{words} {arguments.TOKEN_VARIABLE}")
    try:
        rest = await server.rest()
        answer = await rest.get("/api/v1/accounts/verify_credentials", patient=False)
    except (RestRefused, ConnectionEnded) as refused:
        return _refused_token(refused.outcome)
    try:
        account = msgspec.json.decode(answer.body, type=Account)
    except (msgspec.MsgspecError, UnicodeError):
        return Finding("warn", "token", "the server's answer names no account")
    return Finding("ok", "token", f"belongs to {account.acct}")


def _refused_token(outcome: Outcome) -> Finding:
    if outcome.status == 403:
        words = "is good, but of narrow scope (no read:accounts); the streams below tell what for"
        return Finding("ok", "token", words)
    if outcome.status in (401, 422):
        return Finding("fail", "token", explain_unauthorized(outcome.words))
    return Finding("warn", "token", f"could not be checked: {_why(outcome)}")


async def _stream(server: Server, instance: Instance, stream: Stream) -> Finding:
    """Open `stream` by the first transport that works, as following it alone would."""
    streaming = instance.streaming_url is not None
    (plan,) = plans("auto", (stream,), flavour=instance.flavour, streaming=streaming)
    tried: list[str] = []
    for transport in plan.transports:
        if transport == "polling":
            return await _polled(server, stream, tried)
        outcome = await _try(server, transport, stream)
        if outcome is None:
            how = "; ".join([*tried, f"opens by {_NAMES[transport]}"])
            return Finding("warn" if tried else "ok", str(stream), how)
        verdict = judge(outcome, retries_after_connected=0)
        if verdict.action is not Action.OTHER_TRANSPORT:
            return _failed(stream, verdict, outcome)
        tried.append(f"not by {_NAMES[transport]} ({_why(outcome)})")
    return Finding("fail", str(stream), "; ".join(tried) or "no transport carries it")


_NAMES: Final[dict[Transport, str]] = {
    "sse": "event stream",
    "websocket": "WebSocket",
    "polling": "polling",
}


async def _polled(server: Server, stream: Stream, tried: Sequence[str]) -> Finding:
    """Read the newest page of each timeline, as polling would."""
    try:
        rest = await server.rest()
        for timeline in stream.timelines:
            answer = await rest.get(timeline.path, page_query(timeline), patient=False)
            parse_page(answer.body, timeline.track)
    except (RestRefused, ConnectionEnded) as refused:
        how = f"its timeline cannot be polled ({_why(refused.outcome)})"
        return Finding("fail", str(stream), "; ".join([*tried, how]))
    except ValueError as error:
        how = f"its timeline cannot be polled ({error})"
        return Finding("fail", str(stream), "; ".join([*tried, how]))
    how = "would be followed by polling its timeline"
    return Finding("warn", str(stream), "; ".join([*tried, how]))


def _failed(stream: Stream, verdict: Verdict, outcome: Outcome) -> Finding:
    if verdict.error is Unauthorized:
        scope = f"needs {stream.kind.scope}. {explain_unauthorized(outcome.words)}"
        return Finding("fail", str(stream), scope)
    again = "" if verdict.action is Action.FATAL else " It would be tried again."
    return Finding("fail", str(stream), f"{_why(outcome)}. {verdict.why}{again}")


async def _try(server: Server, transport: Transport, stream: Stream) -> Outcome | None:
    """Open `stream` and close it again; return how that failed, or ``None``."""
    try:
        connection = await server.connect(transport, (stream,), stall_seconds=_STALL_SECONDS)
    except ConnectionEnded as ended:
        return ended.outcome
    try:
        async with asyncio.timeout(_REFUSAL_SECONDS if transport == "websocket" else 0.0):
            while True:
                await connection.read()
    except TimeoutError:
        return None
    except ConnectionEnded as ended:
        return ended.outcome
    finally:
        await connection.close()


def _why(outcome: Outcome) -> str:
    """Return what is known about an ending, in a few words."""
    status = f" {outcome.status}" if outcome.status else ""
    return f"{outcome.kind.value.replace('-', ' ')}{status}: {outcome.words}".rstrip(": ")
