"""The rows of others: each reads the same event stream, as its own documentation shows it.

They parse with the `json` of the standard library, because that is what their users get: none of
them makes types. Only Mastodon.py knows Mastodon; it makes its own dictionaries, dates included.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

from bench.meter import Meter, Spent

__all__ = [
    "aiohttp_sse_client",
    "httpx_sse",
    "ld_eventsource",
    "mastodon_py",
    "sseclient_py",
]

_PATH: Final = "/api/v1/streaming/public"
_TOKEN: Final = "a-token-of-the-benchmark"
_HEADERS: Final = {"Authorization": f"Bearer {_TOKEN}", "Accept": "text/event-stream"}
_ENDED: Final = "The stream ended before its last event."


def httpx_sse(url: str, *, events: int, seen: int) -> Spent:
    """Read with httpx-sse, on httpx."""
    import httpx
    from httpx_sse import connect_sse

    meter, number = Meter(), -1
    with (
        httpx.Client(timeout=None) as client,
        connect_sse(client, "GET", url + _PATH, headers=_HEADERS) as source,
    ):
        for event in source.iter_sse():
            json.loads(event.data)
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def sseclient_py(url: str, *, events: int, seen: int) -> Spent:
    """Read with sseclient-py, on requests."""
    import requests
    import sseclient

    meter, number = Meter(), -1
    with requests.get(url + _PATH, headers=_HEADERS, stream=True, timeout=60) as response:
        for event in sseclient.SSEClient(response).events():
            json.loads(event.data)
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def ld_eventsource(url: str, *, events: int, seen: int) -> Spent:
    """Read with launchdarkly-eventsource, on urllib3."""
    from ld_eventsource import SSEClient
    from ld_eventsource.config import ConnectStrategy

    meter, number = Meter(), -1
    with SSEClient(connect=ConnectStrategy.http(url + _PATH, headers=_HEADERS)) as client:
        for event in client.events:
            json.loads(event.data)
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def aiohttp_sse_client(url: str, *, events: int, seen: int) -> Spent:
    """Read with aiohttp-sse-client, on aiohttp."""
    return asyncio.run(_aiohttp_sse_client(url, events=events, seen=seen))


async def _aiohttp_sse_client(url: str, *, events: int, seen: int) -> Spent:
    from aiohttp_sse_client.client import EventSource

    meter, number = Meter(), -1
    async with EventSource(url + _PATH, headers=_HEADERS) as source:
        async for event in source:
            json.loads(event.data)
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


class _Enough(Exception):
    """Ends the stream of a client that has no other way to end it."""


def mastodon_py(url: str, *, events: int, seen: int) -> Spent:
    """Read with Mastodon.py, whose listener gets its own entities."""
    from mastodon import Mastodon, StreamListener

    meter = Meter()
    spent: list[Spent] = []

    class Counting(StreamListener):
        number = -1

        def on_update(self, status: object) -> None:
            self.number += 1
            if self.number == 0:
                meter.start()
            elif self.number == seen:
                spent.append(meter.stop(events))
                raise _Enough

    mastodon = Mastodon(access_token=_TOKEN, api_base_url=url, version_check_mode="none")
    try:
        mastodon.stream_public(Counting())
    except _Enough:
        return spent[0]
    raise AssertionError(_ENDED)
