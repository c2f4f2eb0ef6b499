"""`trunkline relay`: one connection to a server, shared by any number of clients here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from trunkline.cli import arguments
from trunkline.cli.output import Output
from trunkline.cli.ports import port_in_use
from trunkline.cli.running import OK, complain, run
from trunkline.cli.words import words_of_signal
from trunkline.client import AsyncMastodon
from trunkline.errors import BadInput, Unauthorized
from trunkline.relay import Relay, RelaySettings
from trunkline.signals import AnySignal, Disconnected, Gap
from trunkline.streams import Stream

__all__ = ["relay"]

_MOST_TOKEN_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to hand on, to whom, and where it comes from."""

    reach: arguments.Reach
    streams: tuple[Stream, ...]
    settings: RelaySettings
    cursors: Path | None


Keep = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="How many of the newest posts clients can catch up on."),
]
BufferBytes = Annotated[
    int,
    typer.Option(min=65_536, metavar="N", help="What a client may leave unread before it is cut."),
]


def relay(
    streams: Annotated[
        list[str],
        typer.Argument(metavar="STREAM", help="What to hand on: public, hashtag:python, user ..."),
    ],
    server: arguments.Server,
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Where to listen; 0 takes any.")
    ] = 4000,
    tokens: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file with the tokens that clients may show, one a line. Without it one is"
            " invented and printed.",
        ),
    ] = None,
    keep: Keep = 20_000,
    buffer_bytes: BufferBytes = 8 * 1024 * 1024,
    cursors: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Remember here what was handed on; go on there next time."
        ),
    ] = None,
    token_file: arguments.TokenFile = None,
    streaming_url: arguments.StreamingUrl = None,
    proxy: arguments.Proxy = None,
    ca_file: arguments.CaFile = None,
) -> int:
    """Follow streams once and hand them on to any number of clients on this machine.

    Clients use it like the server itself, with tokens of the relay; they can read, not write.
    """
    order = Order(
        reach=arguments.make_reach(
            server,
            token_file=token_file,
            streaming_url=streaming_url,
            proxy=proxy,
            ca_file=ca_file,
        ),
        streams=tuple(map(Stream.parse, streams)),
        settings=RelaySettings(
            port=port,
            tokens=_read_tokens(tokens) if tokens is not None else (),
            retention=keep,
            buffer_bytes=buffer_bytes,
        ),
        cursors=cursors,
    )
    try:
        return run(lambda: _relay(order))
    except Unauthorized as error:
        if order.reach.token is not None:
            raise
        raise arguments.explain_tokens(error) from None


async def _relay(order: Order) -> int:
    """Hand on until the server refuses or it is told to stop."""
    reach, output = order.reach, Output()
    async with AsyncMastodon(
        reach.server,
        access_token=reach.token.reveal() if reach.token else None,
        streaming_url=reach.streaming_url,
        network=reach.network,
        cursors=order.cursors,
    ) as mastodon:
        relaying = Relay(mastodon, *order.streams, settings=order.settings, hear=_hear)
        try:
            await relaying.server.start()
        except OSError as error:
            raise port_in_use(error, relaying.server.port) from None
        try:
            async with output.watching_reader():
                await output.write(_welcome(relaying, order, server=mastodon.server).encode())
                await relaying.run()
        finally:
            await relaying.close()
    return OK


def _hear(signal: AnySignal) -> None:
    """Say what clients of the relay cannot see: that it is away itself, and what it missed."""
    if isinstance(signal, Disconnected) or (isinstance(signal, Gap) and not signal.complete):
        complain(words_of_signal(signal))


def _read_tokens(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            words = file.read(_MOST_TOKEN_BYTES).splitlines()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"Expected a file with tokens at {path}: {why}.") from None
    tokens = tuple(word.strip() for word in words if word.strip())
    if not tokens:
        raise BadInput(f"Expected tokens in {path}, one a line; it has none.")
    return tokens


def _welcome(relaying: Relay, order: Order, *, server: str) -> str:
    """Return where clients find it; a token is shown only where it was invented here."""
    names, own = " ".join(map(str, order.streams)), bool(order.settings.tokens)
    shown = "TOKEN" if own else relaying.tokens[0]
    key = "a token of your file" if own else f"the token {shown}"
    return f"""\
Relaying {names} of {server} at {relaying.url} with {key}, until Ctrl-C. Try:

  export MASTODON_ACCESS_TOKEN={shown}
  trunkline watch {names} --server {relaying.url}
"""
