"""Discovery: what software a server runs, and where its streaming address is.

The instance document of version 2 is asked first, then version 1 for what it does not say; a host
that has neither is taken at its word. NodeInfo is asked where a version could be of any software.
Discovery sends no token. What it finds is where the token may go later: the host that
the user named, or the one it redirects to, and the streaming host that its instance document names.

Source: Mastodon API, "instance API methods".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from trunkline.errors import BadInput
from trunkline.policy.access import disabled_streams
from trunkline.policy.flavour import Flavour, detect, is_telling
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.transport.hosts import address_of_host
from trunkline.transport.http import ConnectionEnded, outcome_of, read_body, refusal
from trunkline.transport.nodeinfo import software_of

__all__ = ["Instance", "base_url", "discover"]

_DOCUMENT_BYTES: Final = 4 * 1024 * 1024
_DOCUMENTS: Final = ("/api/v2/instance", "/api/v1/instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What discovery found.

    Attributes:
        server: The base URL that the user named; it names the server in events.
        rest_url: Base URL of its REST API.
        streaming_url: Base URL of its streaming API in ``http`` words, or ``None`` without one.
        version: The version text of its instance document; may be empty.
        flavour: How this software differs from Mastodon.
        disabled_streams: The names of the streams that bring nothing but deletions here.
    """

    server: str
    rest_url: str
    streaming_url: str | None
    version: str
    flavour: Flavour
    disabled_streams: frozenset[str] = frozenset()


class _Urls(msgspec.Struct):
    streaming: str | None = ""
    streaming_api: str | None = ""


class _Configuration(msgspec.Struct):
    urls: _Urls | None = None
    timelines_access: msgspec.Raw = msgspec.Raw()  # of whatever shape: the rest is worth reading


class _Document(msgspec.Struct):
    version: str = ""
    urls: _Urls | None = None
    configuration: _Configuration | None = None


def base_url(text: str) -> str:
    """Return the base URL of a server, for ``mastodon.example`` as for ``https://mastodon.example/``.

    Raises:
        BadInput: It is no ``http`` or ``https`` address, or it carries a user name or a password.
    """
    bare = text.strip()
    try:
        url = _base_url(bare if "://" in bare else f"https://{bare}")
    except ValueError:
        shown = "one with more in it" if set(bare) & set("@?#") else repr(text)  # no password
        raise BadInput(
            f"Expected a server's address alone, such as 'https://mastodon.example'; got {shown}."
        ) from None
    return url


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if not host or parts.scheme not in _SCHEMES or not text.isprintable() or " " in text:
        raise ValueError(text)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(text)
    url = f"{_SCHEMES[parts.scheme]}://{host}{port}{parts.path.rstrip('/')}"
    address_of_host(url)  # else a name that no request could be sent to
    return url


_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


async def discover(
    http: aiohttp.ClientSession,
    server: str,
    *,
    streaming_url: str | None = None,
    timeout_seconds: float = 15.0,
    clock: Callable[[], float] = time,
) -> Instance:
    """Return what the instance documents of `server` say.

    Args:
        http: An open HTTP session.
        server: A base URL, as `base_url` gives it.
        streaming_url: An address to use instead of the one that the instance names.
        timeout_seconds: Longest wait for each document.
        clock: The time on the wall, in seconds since 1970.

    Raises:
        ConnectionEnded: The server cannot be reached, or is in trouble.
    """
    version, rest_url, named = "", server, None
    disabled: frozenset[str] = frozenset()
    for path in _DOCUMENTS:
        answer = await _fetch(http, server + path, timeout_seconds=timeout_seconds, clock=clock)
        if answer is None:
            continue
        document, final_url = answer
        if not version:
            version = document.version
            rest_url = final_url.removesuffix(path) if final_url.endswith(path) else server
        disabled |= _disabled(document)
        named = _named(document)
        if named is not None:
            break
    software = None
    if not is_telling(version):
        software = await software_of(http, rest_url, timeout_seconds=timeout_seconds)
    return Instance(
        server=server,
        rest_url=rest_url,
        streaming_url=base_url(streaming_url) if streaming_url else _streaming(named, rest_url),
        version=version,
        flavour=detect(version, software),
        disabled_streams=disabled,
    )


async def _fetch(
    http: aiohttp.ClientSession, url: str, *, timeout_seconds: float, clock: Callable[[], float]
) -> tuple[_Document, str] | None:
    """Return the document at `url` and its final address; ``None`` where there is no such thing."""
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            http.get(url, headers={"Accept": "application/json"}, max_redirects=5) as response,
        ):
            body = await read_body(response, max_bytes=_DOCUMENT_BYTES)
            final = response.url
    except (aiohttp.TooManyRedirects, UnicodeError):  # the latter for a host that cannot be
        raise ConnectionEnded(Outcome(OutcomeKind.REDIRECT_ELSEWHERE)) from None
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error
    if response.status == 429 or response.status >= 500:
        raise ConnectionEnded(refusal(response.status, response.headers, body, now_seconds=clock()))
    if url.startswith("https:") and final.scheme != "https":
        raise ConnectionEnded(Outcome(OutcomeKind.REDIRECT_ELSEWHERE, status=response.status))
    if response.status != 200:
        return None
    try:
        return msgspec.json.decode(body, type=_Document), str(final.with_query(None))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _disabled(document: _Document) -> frozenset[str]:
    access = document.configuration.timelines_access if document.configuration else b""
    return disabled_streams(msgspec.json.decode(access)) if bytes(access) else frozenset()


def _named(document: _Document) -> str | None:
    """Return the streaming address that the document names, ``""`` for none; or that it is silent.

    Silence is ``None``: no word about addresses.
    """
    configured = document.configuration.urls if document.configuration else None
    if configured is not None:
        return configured.streaming or ""
    return None if document.urls is None else document.urls.streaming_api or ""


def _streaming(named: str | None, rest_url: str) -> str | None:
    """Return the base URL of the streaming API: the host itself where nothing else is named."""
    if named is None:
        return rest_url
    if not named:
        return None
    try:
        url = base_url(named)
    except BadInput:
        return rest_url
    if rest_url.startswith("https:"):  # the token of a secure server goes through no open wire
        return "https:" + url.partition(":")[2]
    return url
