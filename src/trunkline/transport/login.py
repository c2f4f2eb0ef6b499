"""Logging in: from a server's address to an access token, by way of a person's browser.

Three steps: register an app with the server, send the person to its page of consent, exchange the
code that the page shows for a token. The code is shown instead of sent back, so no web server is
needed here.

Source: Mastodon API, "apps API methods" and "OAuth API methods"; RFC 6749, 4.1.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

import aiohttp
import msgspec

from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.transport.http import ConnectionEnded, Secret, outcome_of, read_body, refusal

__all__ = ["App", "consent_url", "fetch_token", "register_app"]

_SHOW_CODE: Final = "urn:ietf:wg:oauth:2.0:oob"
_ANSWER_BYTES: Final = 64 * 1024
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as one server knows it."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: str


class _Registered(msgspec.Struct):
    client_id: str
    client_secret: str


class _Granted(msgspec.Struct):
    access_token: str


async def register_app(
    http: aiohttp.ClientSession,
    rest_url: str,
    *,
    name: str = "Trunkline",
    scopes: str = "read",
    timeout_seconds: float = 15.0,
) -> App:
    """Make an app known to the server at `rest_url`.

    Raises:
        ConnectionEnded: The server did not answer, or refused; the outcome has its words.
    """
    form = {"client_name": name, "redirect_uris": _SHOW_CODE, "scopes": scopes}
    body = await _post(http, f"{rest_url}/api/v1/apps", form, timeout_seconds=timeout_seconds)
    registered = _decoded(body, _Registered)
    return App(
        client_id=registered.client_id, client_secret=registered.client_secret, scopes=scopes
    )


def consent_url(rest_url: str, app: App) -> str:
    """Return the page where a person lets `app` read and gets a code; it holds no secret."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": _SHOW_CODE,
        "scope": app.scopes,
    }
    return f"{rest_url}/oauth/authorize?{urlencode(query)}"


async def fetch_token(
    http: aiohttp.ClientSession,
    rest_url: str,
    app: App,
    code: str,
    *,
    timeout_seconds: float = 15.0,
) -> Secret:
    """Return the token that the server gives for `code`.

    Raises:
        ConnectionEnded: The server did not answer, or does not know the code.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code.strip(),
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": _SHOW_CODE,
        "scope": app.scopes,
    }
    body = await _post(http, f"{rest_url}/oauth/token", form, timeout_seconds=timeout_seconds)
    return Secret(_decoded(body, _Granted).access_token)


def _decoded(body: bytes, kind: type[T]) -> T:
    """Return what a good answer says; a page with a good status is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError):
        raise ConnectionEnded(Outcome(OutcomeKind.WRONG_CONTENT_TYPE, status=200)) from None


async def _post(
    http: aiohttp.ClientSession, url: str, form: dict[str, str], *, timeout_seconds: float
) -> bytes:
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            http.post(url, data=form, allow_redirects=False) as response,
        ):
            body = await read_body(response, max_bytes=_ANSWER_BYTES)
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error
    if response.status != 200:
        now_seconds = time.time()
        raise ConnectionEnded(
            refusal(response.status, response.headers, body, now_seconds=now_seconds)
        )
    return body
