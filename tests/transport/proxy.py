"""A tiny HTTP proxy: it forwards what it is asked in full, tunnels CONNECT, and keeps both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.transport.sites import raw_site

__all__ = ["Proxy", "proxy"]

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Proxy:
    """A running proxy: its address, and the first lines and heads of the requests it got."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    host_for: dict[str, str] = field(default_factory=dict)
    """Where to go instead for names that only exist in a test."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.decode().split(" ")
        self.requests.append(f"{method} {target}")
        self.heads.append(rest)
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            upstream = await self._open(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            path = target.removeprefix(f"{parts.scheme}://{parts.netloc}") or "/"
            upstream = await self._open(parts.hostname or "", parts.port or 80)
            if b"upgrade" not in rest.lower():
                rest = b"Connection: close\r\n" + rest  # the next request needs a look as well
            upstream[1].write(f"{method} {path} {version}\r\n".encode() + rest)
        try:
            await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))
        finally:
            upstream[1].close()

    async def _open(self, host: str, port: int) -> Ends:
        return await asyncio.open_connection(self.host_for.get(host, host), port)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    """Run a proxy."""
    running = Proxy()
    async with raw_site(running.serve) as url:
        running.url = url
        yield running
