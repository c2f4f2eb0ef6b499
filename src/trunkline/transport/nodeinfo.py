"""NodeInfo: the name of a server's software, where its instance document does not tell.

It is asked without a token, on the server itself only, and whatever goes wrong is no answer.

Source: the NodeInfo protocol, "Discovery" and schema 2.0.
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from trunkline.transport.http import read_body

__all__ = ["software_of"]

_T = TypeVar("_T")
_DISCOVERY: Final = "/.well-known/nodeinfo"
_DOCUMENT_BYTES: Final = 256 * 1024


class _Link(msgspec.Struct):
    href: str = ""


class _Links(msgspec.Struct):
    links: list[_Link] = []


class _Software(msgspec.Struct):
    name: str = ""


class _Document(msgspec.Struct):
    software: _Software | None = None


async def software_of(
    http: aiohttp.ClientSession, server: str, *, timeout_seconds: float
) -> str | None:
    """Return the name of the software of `server`, or ``None`` where it does not say.

    Args:
        http: An open HTTP session.
        server: A base URL.
        timeout_seconds: Longest wait for each of two documents.
    """
    address = urljoin(server, _DISCOVERY)
    found = await _fetch(http, address, _Links, timeout_seconds=timeout_seconds)
    own = urlsplit(server)
    for link in found.links if found else ():
        if not link.href.startswith(f"{own.scheme}://{own.netloc}/"):
            continue
        document = await _fetch(http, link.href, _Document, timeout_seconds=timeout_seconds)
        if document is not None and document.software is not None:
            return document.software.name or None
    return None


async def _fetch(
    http: aiohttp.ClientSession, url: str, kind: type[_T], *, timeout_seconds: float
) -> _T | None:
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            http.get(url, headers={"Accept": "application/json"}, max_redirects=5) as response,
        ):
            body = await read_body(response, max_bytes=_DOCUMENT_BYTES)
        return msgspec.json.decode(body, type=kind)
    except (aiohttp.ClientError, OSError, ValueError, RecursionError):
        return None
