from __future__ import annotations

import asyncio
import socket

import pytest
from tests.server.clients import SECONDS, http, served

from trunkline.errors import Misuse
from trunkline.server import Server


async def test_a_server_finds_a_free_port_and_leaves_it_at_the_end() -> None:
    async with Server() as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        port = server.port
    async with Server(port=port) as again:
        assert again.port == port


async def test_a_port_in_use_is_an_error_and_leaves_nothing_running() -> None:
    async with Server() as server:
        with pytest.raises(OSError, match="in use"):
            await Server(port=server.port).start()
        async with http(server) as client:
            assert (await client.get("timelines/public"))[0] == 200


async def test_stopping_is_quick_with_streams_open() -> None:
    async with asyncio.timeout(1):
        server = Server()
        await server.start()
        async with http(server) as client, client.stream(), client.websocket("stream=user"):
            await server.stop()
            await server.stop()


async def test_a_restart_cuts_in_mid_air_and_keeps_the_world() -> None:
    async with served() as client:
        async with client.stream() as stream:
            first = str(client.server.world.post()["id"])
            port = client.server.port
            await client.server.restart()
            assert client.server.port == port
            assert await stream.end() in ("ClientPayloadError", "ClientOSError")
        assert await client.ids("timelines/public") == [first]


async def test_while_it_is_down_nobody_listens() -> None:
    async with Server() as server:
        restarting = asyncio.ensure_future(server.restart(downtime_seconds=0.05))
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        await restarting
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()


@pytest.mark.parametrize("reset", [False, True])
async def test_connections_are_cut_with_a_fin_or_a_reset(reset: bool) -> None:
    async with Server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"GET /api/v1/streaming/public?access_token=demo-token HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        await asyncio.wait_for(reader.readuntil(b":)\n\r\n"), SECONDS)
        server.cut_connections(reset=reset)
        if reset:
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(), SECONDS)
        else:
            assert await asyncio.wait_for(reader.read(), SECONDS) == b""
        writer.close()
        await server.until(lambda: not server.hub.connections)


async def test_nothing_is_delayed_to_fill_packets() -> None:
    async with served() as client, client.stream():
        (handler,) = client.server.hub.connections
        raw = handler._transport.get_extra_info("socket")
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_server_that_does_not_run_says_what_to_do() -> None:
    with pytest.raises(Misuse, match="async with Server"):
        Server().cut_connections()


async def test_two_servers_may_show_one_world() -> None:
    async with (
        Server() as one,
        Server(one.world) as other,
        http(one) as client,
        http(other) as other_client,
        client.stream() as stream,
        other_client.stream() as other_stream,
    ):
        status_id = str(one.world.post()["id"])
        assert await stream.ids(1) == await other_stream.ids(1) == [status_id]
