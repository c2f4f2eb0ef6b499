"""`trunkline replay`: what was recorded, once more: as lines, or by a server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

import typer

from trunkline.cli.lines import json_line
from trunkline.cli.output import Output
from trunkline.cli.ports import port_in_use
from trunkline.cli.running import OK, run
from trunkline.errors import BadInput
from trunkline.replay import FAST, Pace, make_replay_server, replay_on, streams_of
from trunkline.replay import replay as replayed
from trunkline.server import Server
from trunkline.signals import Gap
from trunkline.sinks.reading import Recorded
from trunkline.streams import Stream

__all__ = ["replay"]

_PORT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to replay and how."""

    recording: str
    pace: Pace
    signals: bool
    wait_for: int


def replay(
    recording: Annotated[
        str,
        typer.Argument(
            metavar="RECORDING",
            help="What was recorded, such as sqlite:toots.db or parquet:toots/.",
        ),
    ],
    *,
    speed: Annotated[
        float | None, typer.Option(metavar="N", help="So many times as fast as it was.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Without pauses.")] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end, for ever.")] = False,
    signals: Annotated[bool, typer.Option("--signals", help="Also tell of gaps.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Be a server that clients can follow.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, metavar="N", help=f"Where to serve; 0 takes any. Usually {_PORT}."
        ),
    ] = None,
    wait_for: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Serve nothing before so many streams are subscribed to."
        ),
    ] = 1,
) -> int:
    """Print a recording as `watch --json` printed its events, with the pauses between them.

    With --serve it is a server on this machine that streams them to any client.
    """
    order = Order(
        recording=recording,
        pace=Pace(speed=_speed(speed, fast=fast), loop=loop),
        signals=signals,
        wait_for=wait_for,
    )
    if not serve:
        if port is not None:
            raise BadInput(f"Expected --serve with --port {port}; got --port alone.")
        return run(lambda: _print(order))
    streams = streams_of(recording)
    server = make_replay_server(streams, port=_PORT if port is None else port)
    return run(lambda: _serve(server, order, streams=streams))


def _speed(speed: float | None, *, fast: bool) -> float:
    if fast and speed is not None:
        raise BadInput("Expected --speed or --fast; got both.")
    return FAST if fast else 1.0 if speed is None else speed


async def _print(order: Order) -> int:
    """Print what is due, until the recording or its reader ends."""
    output = Output()
    async with output.watching_reader(), aclosing(_items(order)) as items:
        async for item in items:
            if order.signals or not isinstance(item, Gap):
                await output.write(json_line(item))
    return OK


async def _serve(server: Server, order: Order, *, streams: tuple[Stream, ...]) -> int:
    """Serve the recording once somebody listens, and then what of it REST shows."""
    output = Output()
    try:
        await server.start()
    except OSError as error:
        raise port_in_use(error, server.port) from None
    try:
        async with output.watching_reader():
            await output.write(_welcome(server, order, streams=streams).encode())
            await server.hub.until(lambda: server.hub.subscribers >= order.wait_for)
            async with aclosing(_items(order)) as items:
                told = await replay_on(server, items)
            await output.write(f"Replayed {told:,} events; serving on until Ctrl-C.\n".encode())
            await asyncio.Event().wait()
    finally:
        await server.stop()
    return OK


def _items(order: Order) -> AsyncGenerator[Recorded, None]:
    return replayed(order.recording, pace=order.pace)


def _welcome(server: Server, order: Order, *, streams: tuple[Stream, ...]) -> str:
    """Return what to do with the server; its token opens nothing else and is no secret."""
    begins = f"It begins with subscription {order.wait_for}. " if order.wait_for else ""
    return f"""\
Replaying {order.recording} at {server.url} with the token {server.token}, until Ctrl-C.
{begins}Try:

  export MASTODON_ACCESS_TOKEN={server.token}
  trunkline watch {" ".join(map(str, streams[:3]))} --server {server.url}
"""
