"""The head of an answer is the HTTP library's; its body is ours where we can read it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.transport.certificates import certificate
from tests.transport.proxy import proxy
from tests.transport.sites import raw_site
from tests.transport.streams import (
    HEAD,
    LAST_CHUNK,
    OPENER,
    chunk,
    event_stream,
    names,
    refused,
    request,
    stream_of,
    to_the_end,
    told,
)

from trunkline import Network
from trunkline.policy.outcome import OutcomeKind
from trunkline.transport.held_body import HeldBody

UPDATE = b'event: update\ndata: {"id":"1"}\n\n'
REFUSAL = b'{"error":"no such stream"}'


async def test_a_body_that_comes_with_its_head_is_read_whole() -> None:
    items, outcome = await told(head=HEAD + chunk(OPENER) + chunk(UPDATE) + LAST_CHUNK)
    assert (names(items), outcome.kind) == (["heartbeat", "update"], OutcomeKind.ENDED)


async def test_a_head_may_come_byte_by_byte() -> None:
    head = HEAD + chunk(OPENER) + chunk(UPDATE) + LAST_CHUNK
    pieces = [head[place : place + 1] for place in range(len(head))]
    items, outcome = await told(*pieces, head=b"")
    assert (names(items), outcome.kind) == (["heartbeat", "update"], OutcomeKind.ENDED)


async def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    items, _ = await told(chunk(OPENER), chunk(UPDATE), LAST_CHUNK, head=early + HEAD)
    assert names(items) == ["heartbeat", "update"]


@pytest.mark.parametrize("field", ["Connection: keep-alive", "Connection: close"])
async def test_a_refusal_says_why_though_the_connection_ends_with_it(field: str) -> None:
    head = f"HTTP/1.1 404 Not Found\r\n{field}\r\nContent-Length: {len(REFUSAL)}\r\n\r\n"
    assert (await refused(REFUSAL, head=head.encode())).words == "no such stream"
    assert (await refused(head=head.encode() + REFUSAL)).words == "no such stream"


async def test_a_body_without_chunks_ends_with_the_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    items, outcome = await told(OPENER, UPDATE, head=head)
    assert (names(items), outcome.kind) == (["heartbeat", "update"], OutcomeKind.ENDED)


async def test_a_head_without_end_is_refused() -> None:
    outcome = await refused(b"X-Long: " + b"x" * 100_000, head=b"HTTP/1.1 200 OK\r\n")
    assert outcome.kind is OutcomeKind.BAD_FRAMING


async def test_what_nobody_reads_stays_in_the_socket() -> None:
    """Otherwise the memory of a slow consumer would grow without end."""
    sent, stuck = 0, asyncio.Event()

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(HEAD + chunk(OPENER))
        block = chunk(UPDATE) * 1000
        while True:
            writer.write(block)
            try:
                await asyncio.wait_for(writer.drain(), 0.5)
            except TimeoutError:
                stuck.set()
                await writer.drain()
            sent += 1000

    async with raw_site(flood) as url, event_stream(url) as connection:
        await asyncio.wait_for(stuck.wait(), 60)
        held = HeldBody.of(connection._response)
        assert held is not None
        assert held._held_bytes <= 2 * 256 * 1024
        before, updates = sent, 0
        while updates <= before:  # it goes on as it is read
            updates += names(await connection.read()).count("update")


# encrypted, and on every event loop


async def secure_stream(*, through_tunnel: bool) -> None:
    """Read an event stream over TLS to its end, and a refusal."""
    made = certificate()
    script = stream_of(chunk(OPENER), chunk(UPDATE) * 5000, LAST_CHUNK)
    async with AsyncExitStack() as stack:
        passed = await stack.enter_async_context(proxy()) if through_tunnel else None
        network = Network(ca_file=made.file, proxy=passed.url if passed else None)
        url = await stack.enter_async_context(raw_site(script, trust=made.of_server()))
        connection = await stack.enter_async_context(event_stream(url, network=network))
        assert HeldBody.of(connection._response) is not None
        items, outcome = await to_the_end(connection)
        assert (names(items), outcome.kind) == (
            ["heartbeat", *["update"] * 5000],
            OutcomeKind.ENDED,
        )
        assert passed is None or len(passed.requests) == 1


@pytest.mark.parametrize("through_tunnel", [False, True])
async def test_an_encrypted_stream_is_read_whole(through_tunnel: bool) -> None:
    await secure_stream(through_tunnel=through_tunnel)


@pytest.mark.parametrize("through_tunnel", [False, True])
def test_an_encrypted_stream_is_read_whole_on_uvloop(through_tunnel: bool) -> None:
    uvloop = pytest.importorskip("uvloop", reason="the extra `speed` is not installed")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(secure_stream(through_tunnel=through_tunnel))


async def test_a_connection_that_is_lost_while_it_is_read_is_a_cut() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD + chunk(OPENER) + chunk(UPDATE)[:-9])
        await writer.drain()

    async with raw_site(play) as url, event_stream(url) as connection:
        items, outcome = await to_the_end(connection)
    assert (names(items), outcome.kind) == (["heartbeat"], OutcomeKind.CUT)


async def test_closing_ends_a_body_that_nobody_finished() -> None:
    async with raw_site(stream_of(chunk(OPENER), 3600.0)) as url, event_stream(url) as connection:
        response = connection._response
        await connection.close()
        assert HeldBody.of(response) is None


@pytest.mark.parametrize("status", [200, 204, 301, 401, 404, 502])
async def test_an_answer_without_a_body_leaves_a_connection_that_can_be_used(status: int) -> None:
    """Whoever asks next over the same connection gets an answer."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()  # the end of the connection would set free what is held

    async with raw_site(play) as url, Network().open() as http, asyncio.timeout(5):
        response = await http.get(url, headers={"Accept": "text/event-stream"})
        await response.read()
        async with http.get(url) as answer:
            assert await answer.read() == b"{}"
