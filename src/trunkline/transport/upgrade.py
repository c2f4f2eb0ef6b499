"""From an HTTP request to a WebSocket: the handshake, and where the token stands in it.

The HTTP library connects and reads the head of the answer, which is checked here.

Source: RFC 6455, section 4.1.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import aiohttp

from trunkline.policy.flavour import Flavour
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.transport.held_body import HeldBody
from trunkline.transport.http import ConnectionEnded, Secret, outcome_of, refusal_of

__all__ = ["upgrade"]

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def upgrade(
    http: aiohttp.ClientSession,
    url: str,
    query: Sequence[tuple[str, str]],
    *,
    token: Secret | None,
    flavour: Flavour,
    timeout_seconds: float,
    now: Callable[[], datetime],
) -> tuple[aiohttp.ClientResponse, HeldBody]:
    """Return an answer that has switched to a WebSocket, and the bytes that come from then on.

    Raises:
        ConnectionEnded: It did not; the outcome says why.
    """
    key = base64.b64encode(os.urandom(16))
    try:
        async with asyncio.timeout(timeout_seconds):
            response = await http.get(
                url,
                params=query,
                headers={
                    "Connection": "Upgrade",
                    "Upgrade": "websocket",
                    "Sec-WebSocket-Version": "13",
                    "Sec-WebSocket-Key": key.decode(),
                    **_credentials(token, flavour),
                },
                allow_redirects=False,
            )
            return response, await _switched(response, key, now=now, token=token)
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error


def _credentials(token: Secret | None, flavour: Flavour) -> dict[str, str]:
    """Return where the token goes: its header, or the subprotocol for servers that read no header.

    The subprotocol is set as the header that it is, because the library would make text of it.
    """
    if token is None:
        return {}
    if "header" in flavour.auth:
        return {"Authorization": token.bearer()}
    return {"Sec-WebSocket-Protocol": token.reveal()} if "subprotocol" in flavour.auth else {}


async def _switched(
    response: aiohttp.ClientResponse,
    key: bytes,
    *,
    now: Callable[[], datetime],
    token: Secret | None,
) -> HeldBody:
    """Return what comes after the handshake, or raise unless the server switched as was asked."""
    held, headers = HeldBody.of(response), response.headers
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    if (
        held is not None
        and response.status == 101
        and headers.get("Upgrade", "").lower() == "websocket"
        and headers.get("Sec-WebSocket-Accept", "") == accept.decode()
    ):
        held.take()
        return held
    if held is not None:
        held.let_go()
    try:
        raise ConnectionEnded(await _refusal(response, now=now, token=token))
    finally:
        response.close()


async def _refusal(
    response: aiohttp.ClientResponse, *, now: Callable[[], datetime], token: Secret | None
) -> Outcome:
    if response.status in (101, 200):
        return Outcome(OutcomeKind.NO_UPGRADE, status=response.status)
    return await refusal_of(response, now=now, token=token)
