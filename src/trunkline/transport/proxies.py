"""Which proxy the environment wants for an address: ``http_proxy``, ``https_proxy``, ``no_proxy``.

aiohttp could read these itself. It then also sends the credentials that a ``.netrc`` file has for
the server, which a token excludes, and reads that file in another thread at every request.
"""

from __future__ import annotations

from typing import Final
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from trunkline.errors import BadInput
from trunkline.transport.hosts import address_of_host

__all__ = ["checked_proxy", "through_proxies_of_environment"]

_EXAMPLE: Final = "http://proxy.example:3128"
_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def checked_proxy(proxy: str, *, name: str) -> URL:
    """Return the address of an HTTP proxy, with which ``proxy.example:3128`` is meant as well.

    Raises:
        BadInput: It is no address, or that of a proxy of another kind, such as SOCKS.
    """
    expected = f"Expected {name} to be the address of an HTTP proxy, such as {_EXAMPLE!r}"
    try:
        address = address_of_host(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:  # its words may hold a password
        raise BadInput(
            f"{expected}; got one whose host or port cannot be. Ports go up to 65535."
        ) from None
    if address.scheme not in ("http", "https"):
        raise BadInput(f"{expected}; got one of kind {address.scheme!r}, which is not supported.")
    return address


def through_proxies_of_environment() -> aiohttp.ClientMiddlewareType:
    """Return what sends each request through the proxy that the environment has for its address."""
    proxies = getproxies()

    def proxy_for(url: URL) -> URL | None:
        scheme = _SCHEMES.get(url.scheme, "")
        if scheme not in proxies or proxy_bypass(url.host_port_subcomponent or ""):
            return None
        return checked_proxy(proxies[scheme], name=f"the environment's {scheme}_proxy")

    async def send(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        proxy = proxy_for(request.url)
        if proxy is not None:
            request.update_proxy(proxy, None, None)
        return await handler(request)

    return send
