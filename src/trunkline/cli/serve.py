"""`trunkline serve`: a Mastodon-compatible server on this machine, with invented life on it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from trunkline.cli.output import Output
from trunkline.cli.running import OK, run
from trunkline.cli.stage import check_rate, live, make_server
from trunkline.errors import BadInput
from trunkline.server import Server
from trunkline.server.flavours import FLAVOURS

__all__ = ["serve"]


def serve(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Where to listen; 0 takes any.")
    ] = 4000,
    rate: Annotated[
        float, typer.Option(metavar="N", help="Invented events a second; 0 for silence.")
    ] = 8.0,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed, the same life.")] = 1,
    flavour: Annotated[
        str, typer.Option(metavar="NAME", help=f"What to imitate: {', '.join(FLAVOURS)}.")
    ] = "mastodon",
    heartbeat_seconds: Annotated[
        float, typer.Option(min=0.01, metavar="N", help="Between heartbeats of an event stream.")
    ] = 15.0,
) -> int:
    """Run a small Mastodon-compatible server on this machine, with invented life on it."""
    check_rate(rate, may_rest=True)
    server = make_server(port=port, heartbeat_seconds=heartbeat_seconds, flavour=flavour)
    return run(lambda: _serve(server, rate=rate, seed=seed))


async def _serve(server: Server, *, rate: float, seed: int) -> int:
    """Run `server` until it is told to stop."""
    output, flavour = Output(), server.flavour.name
    try:
        await server.start()
    except OSError as error:
        raise BadInput(
            f"Expected a free port; {server.port} cannot be used: {error.strerror or error}."
            " Choose another --port, or 0 for any."
        ) from None
    try:
        async with output.watching_reader():
            await output.write(_welcome(server.url, token=server.token, flavour=flavour).encode())
            if not rate:
                await asyncio.Event().wait()
            async for _ in live(server, seed=seed, rate_per_second=rate):
                pass
    finally:
        await server.stop()
    return OK


def _welcome(url: str, *, token: str, flavour: str) -> str:
    """Return what to do with the server; its token opens nothing else and is no secret."""
    return f"""\
Serving {flavour} at {url} with the token {token}, until Ctrl-C.
Its live timeline is a page: open {url}/ in a browser. Or try:

  export MASTODON_ACCESS_TOKEN={token}
  trunkline watch public hashtag:python --server {url}
  trunkline watch user --json --server {url}
  trunkline check --server {url}
  curl -N -H 'Authorization: Bearer {token}' {url}/api/v1/streaming/public
"""
