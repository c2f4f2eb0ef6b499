"""An event stream over HTTP: how it opens, what it brings, and every way in which it ends."""

from __future__ import annotations

import asyncio
import zlib

import pytest
from tests.support.virtual_clock import on_virtual_clock, virtual_network
from tests.transport.sites import raw_site, says, site
from tests.transport.streams import (
    HEAD,
    LAST_CHUNK,
    NOW,
    OPENER,
    PUBLIC,
    TOKEN,
    chunk,
    event_stream,
    names,
    refused,
    request,
    stream_of,
    taken,
    to_the_end,
    told,
)

from trunkline.events import Delete, Malformed, Update
from trunkline.policy.outcome import OutcomeKind
from trunkline.streams import STREAMS, Stream
from trunkline.transport.connection import ConnectionLimits, Pulse
from trunkline.transport.http import ConnectionEnded

UPDATE = b'event: update\ndata: {"id":"1"}\n\n'
DELETE = b"event: delete\ndata: 1\n\n"


def answer(status: str, *fields: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


# opening


async def test_the_request_is_what_a_server_and_its_proxies_expect() -> None:
    async with site() as shown:
        with pytest.raises(ConnectionEnded):
            async with event_stream(shown.url + "/prefix", Stream.hashtag("café", local=True)):
                pass
    (asked,) = shown.asked
    assert asked.path == "/prefix/api/v1/streaming/hashtag/local"
    assert asked.query == "tag=caf%C3%A9"
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["Accept"] == "text/event-stream"
    assert asked.headers["Accept-Encoding"] == "identity"
    assert asked.headers["Cache-Control"] == "no-store"
    assert asked.headers["User-Agent"].startswith("Trunkline/")
    assert TOKEN not in asked.path + asked.query


@pytest.mark.parametrize("name", STREAMS)
async def test_every_stream_is_asked_for_by_its_path_and_query(name: str) -> None:
    kind = STREAMS[name]
    stream = Stream.parse(name if kind.parameter is None else f"{name}:7")
    async with site() as shown:
        with pytest.raises(ConnectionEnded):
            async with event_stream(shown.url, stream):
                pass
    (asked,) = shown.asked
    assert asked.path == f"/api/v1/streaming/{kind.sse_path}"
    assert asked.query == "&".join(f"{key}={value}" for key, value in stream.sse_query)


@pytest.mark.parametrize(
    "content_type",
    ["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream;charset=UTF-8"],
)
async def test_the_content_type_may_say_more(content_type: str) -> None:
    head = answer("200 OK", f"Content-Type: {content_type}", "Connection: close")
    items, _ = await told(OPENER + UPDATE, head=head)
    assert names(items) == ["heartbeat", "update"]


@pytest.mark.parametrize(
    "content_type", ["text/html; charset=utf-8", "application/json", "text/plain", ""]
)
async def test_a_page_is_no_stream(content_type: str) -> None:
    fields = [f"Content-Type: {content_type}"] if content_type else []
    outcome = await refused(b"<!DOCTYPE html>", head=answer("200 OK", *fields, "Connection: close"))
    assert (outcome.kind, outcome.status) == (OutcomeKind.WRONG_CONTENT_TYPE, 200)


async def test_a_refusal_is_told_with_the_servers_words_in_however_many_pieces() -> None:
    outcome = await refused(
        chunk(b'{"error":'),
        0.01,
        chunk(b'"Missing access token"}') + LAST_CHUNK,
        head=answer("401 Unauthorized", "Transfer-Encoding: chunked"),
    )
    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED_STATUS, 401)
    assert outcome.words == "Missing access token"


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"", b'["no object"]', b"\xff\xfe"])
async def test_a_refusal_without_words_is_told_as_well(body: bytes) -> None:
    fields = f"Content-Length: {len(body)}", "Retry-After: 7"
    outcome = await refused(body, head=answer("502 Bad Gateway", *fields))
    assert (outcome.status, outcome.words, outcome.retry_after_seconds) == (502, "", 7)


@on_virtual_clock
async def test_a_refusal_whose_body_never_ends_is_given_up() -> None:
    pieces = (b" ", 1.0) * 100
    head = answer("503 Service Unavailable", "Content-Length: 5000")
    async with raw_site(stream_of(*pieces, head=head)) as url:
        with pytest.raises(ConnectionEnded) as caught:
            async with event_stream(url, network=virtual_network()):
                pass
    assert caught.value.outcome.kind is OutcomeKind.TIMEOUT


@on_virtual_clock
async def test_an_answer_that_does_not_come_is_waited_for_as_long_as_silence_is_borne() -> None:
    loop = asyncio.get_running_loop()
    async with raw_site(stream_of(1000.0)) as url:
        began = loop.time()
        with pytest.raises(ConnectionEnded) as caught:
            async with event_stream(
                url, limits=ConnectionLimits(opener_seconds=8.0), network=virtual_network()
            ):
                pass
    assert caught.value.outcome.kind is OutcomeKind.NO_OPENER
    assert loop.time() - began == pytest.approx(8.0, abs=0.1)


@on_virtual_clock
async def test_a_head_that_does_not_come_is_a_timeout() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_site(say_nothing) as url:
        with pytest.raises(ConnectionEnded) as caught:
            async with event_stream(
                url, limits=ConnectionLimits(stall_seconds=30.0), network=virtual_network()
            ):
                pass
    assert caught.value.outcome.kind is OutcomeKind.TIMEOUT
    assert asyncio.get_running_loop().time() == pytest.approx(30.0, abs=0.1)


async def test_an_end_before_the_first_bytes_is_an_end() -> None:
    assert (await refused(LAST_CHUNK, head=HEAD)).kind is OutcomeKind.ENDED
    assert (await refused(head=HEAD)).kind is OutcomeKind.CUT
    assert (await refused(head=b"")).kind is OutcomeKind.CUT


async def test_what_is_not_http_is_bad_framing() -> None:
    assert (await refused(head=b"SSH-2.0-OpenSSH\r\n\r\n")).kind is OutcomeKind.BAD_FRAMING


# what it brings


async def test_events_and_heartbeats_come_in_their_order() -> None:
    items, _ = await told(
        chunk(OPENER), chunk(b"event: update\n"), chunk(b'data: {"id":"1"}\n\n'), chunk(DELETE)
    )
    assert names(items) == ["heartbeat", "update", "delete"]
    update, delete = items[1:]
    assert isinstance(update, Update)
    assert (update.status_id, update.stream, update.received_at) == ("1", PUBLIC, NOW)
    assert update.origin == "live"
    assert isinstance(delete, Delete)


async def test_what_comes_with_the_opener_is_not_lost() -> None:
    items, _ = await told(chunk(OPENER + UPDATE + DELETE) + LAST_CHUNK)
    assert names(items) == ["heartbeat", "update", "delete"]


@pytest.mark.parametrize("size", [1, 7])
async def test_it_does_not_matter_where_the_bytes_are_cut(size: int) -> None:
    data = OPENER + UPDATE + b":thump\n\n" + DELETE
    pieces = [chunk(data[at : at + size]) for at in range(0, len(data), size)]
    items, _ = await told(*pieces)
    assert names(items) == ["heartbeat", "update", "heartbeat", "delete"]


async def test_a_megabyte_passes_untouched() -> None:
    payload = b'{"id":"1","content":"' + b"x" * 1024 * 1024 + b'"}'
    items, _ = await told(chunk(OPENER), chunk(b"event: update\ndata: " + payload + b"\n\n"))
    (update,) = items[1:]
    assert isinstance(update, Update)
    assert update.raw == payload


async def test_separators_that_are_no_line_ends_pass_untouched() -> None:
    payload = '{"id":"1","content":"a\u2028b\u2029c\u0085d"}'.encode()
    items, _ = await told(chunk(OPENER + b"event: update\ndata: " + payload + b"\n\n"))
    assert getattr(items[1], "raw", None) == payload


@pytest.mark.parametrize("status_id", ["01HQW5S5R7DGQ8N2WJ3K1M0X9Z", "AgLxVnZkRCOz0kB2Pc", "12e4"])
async def test_ids_need_not_be_numbers(status_id: str) -> None:
    items, _ = await told(chunk(OPENER + f"event: delete\ndata: {status_id}\n\n".encode()))
    (delete,) = items[1:]
    assert isinstance(delete, Delete)
    assert delete.status_id == status_id


async def test_a_frame_above_the_limit_is_malformed_and_the_next_is_fine() -> None:
    big = b"event: update\ndata: {" + b"x" * 5000 + b"}\n\n"
    limits = ConnectionLimits(max_frame_bytes=1000)
    script = stream_of(chunk(OPENER + big + DELETE), LAST_CHUNK)
    async with raw_site(script) as url, event_stream(url, limits=limits) as connection:
        items, _ = await to_the_end(connection)
    _, oversize, delete = items
    assert isinstance(oversize, Malformed)
    assert (oversize.name, oversize.raw) == ("update", b"")
    assert "within the limit, got 50" in oversize.reason
    assert isinstance(delete, Delete)


async def test_a_broken_frame_is_malformed_and_the_next_is_fine() -> None:
    items, _ = await told(chunk(OPENER + b"event: update\ndata: {\n\n" + DELETE))
    assert [type(item).__name__ for item in items[1:]] == ["Malformed", "Delete"]


async def test_compressed_events_come_although_nobody_asked_for_that() -> None:
    gzip = zlib.compressobj(wbits=31)

    def zipped(data: bytes) -> bytes:
        return chunk(gzip.compress(data) + gzip.flush(zlib.Z_SYNC_FLUSH))

    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    pieces = zipped(OPENER), zipped(UPDATE), 0.01, zipped(DELETE), 60.0
    async with raw_site(stream_of(*pieces, head=head)) as url, event_stream(url) as connection:
        assert names(await taken(connection, 3)) == ["heartbeat", "update", "delete"]


async def test_bytes_are_counted_as_they_come_off_the_socket() -> None:
    body = chunk(OPENER + UPDATE + DELETE) + LAST_CHUNK
    async with raw_site(stream_of(body)) as url, event_stream(url) as connection:
        await to_the_end(connection)
        assert connection.bytes_received == len(body)


# how it ends


async def test_a_last_chunk_is_a_clean_end_and_a_cut_is_a_cut() -> None:
    items, outcome = await told(chunk(OPENER), chunk(UPDATE), LAST_CHUNK)
    assert (names(items), outcome.kind) == (["heartbeat", "update"], OutcomeKind.ENDED)
    items, outcome = await told(chunk(OPENER), chunk(UPDATE), b"ff\r\nevent: upd")
    assert (names(items), outcome.kind) == (["heartbeat", "update"], OutcomeKind.CUT)


async def test_a_reset_is_a_cut_and_what_had_arrived_is_kept() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD + chunk(OPENER) + chunk(UPDATE))
        await writer.drain()
        await reader.readexactly(1)
        writer.transport.abort()

    async with raw_site(reset) as url, event_stream(url) as connection:
        assert names(await taken(connection, 2)) == ["heartbeat", "update"]
        socket = connection._response.connection
        assert socket is not None
        assert socket.transport is not None
        socket.transport.write(b"x")  # the test's signal
        _, outcome = await to_the_end(connection)
    assert outcome.kind is OutcomeKind.CUT


async def test_chunks_that_are_none_end_it_at_once() -> None:
    items, outcome = await told(chunk(OPENER), chunk(UPDATE), b"no number\r\n")
    assert names(items) == ["heartbeat", "update"]
    assert outcome.kind is OutcomeKind.BAD_FRAMING


@on_virtual_clock
async def test_silence_for_as_long_as_was_set_is_a_stall() -> None:
    loop = asyncio.get_running_loop()
    pieces = chunk(OPENER), 29.0, chunk(b":thump\n\n"), 1000.0
    limits = ConnectionLimits(stall_seconds=30.0)
    async with (
        raw_site(stream_of(*pieces)) as url,
        event_stream(url, limits=limits, network=virtual_network()) as connection,
    ):
        items, outcome = await to_the_end(connection)
    assert items == [Pulse.HEARTBEAT, Pulse.HEARTBEAT]
    assert outcome.kind is OutcomeKind.STALL
    assert loop.time() == pytest.approx(59.0, abs=0.5)


@on_virtual_clock
async def test_a_connection_that_nobody_reads_is_no_stall() -> None:
    pieces = chunk(OPENER), chunk(UPDATE), 500.0, chunk(DELETE), LAST_CHUNK
    limits = ConnectionLimits(stall_seconds=30.0)
    async with (
        raw_site(stream_of(*pieces)) as url,
        event_stream(url, limits=limits, network=virtual_network()) as connection,
    ):
        first = await taken(connection, 2)
        await asyncio.sleep(499.0)
        items, outcome = await to_the_end(connection)
    assert names(first + items) == ["heartbeat", "update", "delete"]
    assert outcome.kind is OutcomeKind.ENDED


async def test_closing_ends_it_for_the_server_and_twice_is_once() -> None:
    gone = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD + chunk(OPENER))
        await reader.read()
        gone.set()

    async with raw_site(watch) as url, event_stream(url) as connection:
        await taken(connection, 1)
        await connection.close()
        await connection.close()
        await asyncio.wait_for(gone.wait(), 5)


async def test_an_attempt_that_is_cancelled_leaves_nothing_open() -> None:
    gone = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(HEAD)  # and no opener
        await writer.drain()
        headed.set()
        await reader.read()
        gone.set()

    headed = asyncio.Event()

    async def attempt() -> None:
        async with event_stream(url):
            raise AssertionError("It was opened.")

    async with raw_site(watch) as url:
        attempting = asyncio.ensure_future(attempt())
        await headed.wait()
        attempting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempting
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_stream_that_answers_with_json_is_a_page_of_another_kind() -> None:
    async with site({"/api/v1/streaming/public": says({"ok": True})}) as shown:
        with pytest.raises(ConnectionEnded) as caught:
            async with event_stream(shown.url):
                pass
    assert caught.value.outcome.words == "application/json"
