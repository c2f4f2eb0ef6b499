"""One server, as one token sees it: its instance document, its REST, its connections.

Everything that a client does with a server goes through one `Server`, so that discovery happens
once and one budget paces all REST calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp

from trunkline.options import Transport
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.connection import Connection, ConnectionLimits
from trunkline.transport.eventstream import open_event_stream
from trunkline.transport.http import ConnectionEnded, Network, Secret
from trunkline.transport.instance import Instance, base_url, discover
from trunkline.transport.rest import Rest
from trunkline.transport.websocket import open_websocket

__all__ = ["Server"]


class Server:
    """Finds a server, asks it, and opens connections to it.

    Args:
        url: Its address, as the user names it.
        token: The access token, or ``None``.
        network: How to reach it.
        streaming_url: An address to use instead of the one that the instance names.

    Raises:
        BadInput: An address that cannot be one.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Secret | None,
        network: Network,
        streaming_url: str | None,
    ) -> None:
        self.url = base_url(url)
        self.network = network
        self._token = token
        self._streaming_url = base_url(streaming_url) if streaming_url else None
        self._http: aiohttp.ClientSession | None = None
        self._instance: Instance | None = None
        self._rest: Rest | None = None
        self._discovering = asyncio.Lock()

    async def instance(self) -> Instance:
        """Return what discovery found; asked once, and again after `forget`.

        Raises:
            ConnectionEnded: The server cannot be reached.
        """
        async with self._discovering:
            if self._instance is None:
                self._instance = await discover(
                    self._open(),
                    self.url,
                    streaming_url=self._streaming_url,
                    timeout_seconds=self.network.connect_timeout_seconds,
                    clock=self.network.clock,
                )
            return self._instance

    def forget(self) -> None:
        """Let the next use discover anew: the streaming address may have moved."""
        self._instance = None

    async def rest(self) -> Rest:
        """Return the REST of the server.

        Raises:
            ConnectionEnded: Discovery failed.
        """
        instance = await self.instance()
        if self._rest is None or self._rest.base_url != instance.rest_url:
            self._rest = Rest(
                self._open(),
                instance.rest_url,
                token=self._token,
                dice=self.network.dice,
                clock=self.network.clock,
            )
        return self._rest

    async def connect(
        self, transport: Transport, streams: Sequence[Stream], *, stall_seconds: float
    ) -> Connection:
        """Open a connection that carries `streams`: for ``sse`` just one.

        Silence for `stall_seconds` counts as its end.

        Raises:
            ConnectionEnded: It could not be opened; the outcome says why.
        """
        instance = await self.instance()
        limits = ConnectionLimits(stall_seconds=stall_seconds)
        if instance.streaming_url is None:
            raise ConnectionEnded(Outcome(OutcomeKind.REFUSED_STATUS, status=404))
        if transport == "sse":
            (stream,) = streams
            return await open_event_stream(
                self._open(),
                instance.streaming_url,
                stream,
                server=self.url,
                token=self._token,
                limits=limits,
                now=self.network.now,
            )
        return await open_websocket(
            self._open(),
            instance.streaming_url,
            streams,
            server=self.url,
            token=self._token,
            flavour=instance.flavour,
            limits=limits,
            now=self.network.now,
        )

    async def is_healthy(self) -> bool:
        """Tell whether the streaming server answers its health check with ``OK``."""
        try:
            instance = await self.instance()
            if instance.streaming_url is None:
                return False
            url = f"{instance.streaming_url}/api/v1/streaming/health"
            async with asyncio.timeout(self.network.connect_timeout_seconds):
                async with self._open().get(url, allow_redirects=False) as response:
                    return response.status == 200 and (await response.text()).strip() == "OK"
        except (ConnectionEnded, aiohttp.ClientError, OSError, UnicodeError):
            return False

    async def close(self) -> None:
        """Close every socket."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _open(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = self.network.open()
        return self._http
