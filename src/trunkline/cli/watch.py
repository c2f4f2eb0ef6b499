"""`trunkline watch`: print what happens on some streams, for people or for other programs.

Promises that an event is acknowledged only when its line was handed to the system: with a file of
cursors a process that is killed misses nothing and repeats at most the event in hand.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from trunkline.cli import arguments
from trunkline.cli.lines import LINES, Format
from trunkline.cli.output import Output
from trunkline.cli.pretty import TerminalLines, is_terminal
from trunkline.cli.running import OK, complain, run
from trunkline.cli.words import words_of_signal
from trunkline.client import AsyncMastodon
from trunkline.cursors import SqliteCursors
from trunkline.errors import BadInput, GaveUp, Unauthorized
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.options import StreamKeywords, TransportChoice
from trunkline.signals import SIGNALS, AnySignal, Connected, Disconnected
from trunkline.streams import Stream

__all__ = ["watch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to watch and how to tell."""

    reach: arguments.Reach
    streams: tuple[Stream, ...]
    format: Format
    signals: bool
    count: int | None
    seconds: float | None
    cursors: Path | None
    options: StreamKeywords


Streams = Annotated[
    list[str],
    typer.Argument(
        metavar="STREAM",
        help="What to listen to: user, public:local, hashtag:python, list:42, direct ...",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for other programs.")]
Raw = Annotated[bool, typer.Option("--raw", help="Event name, stream and payload, tabs between.")]
TransportWord = Annotated[
    str, typer.Option(metavar="auto|sse|websocket|polling", help="How to connect.")
]
Count = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many events.")]
Seconds = Annotated[
    float | None, typer.Option(min=0.0, metavar="N", help="Stop after so many seconds.")
]
Signals = Annotated[
    bool, typer.Option("--signals", help="Also tell of connections, gaps and heartbeats.")
]
Cursors = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Remember here what was printed; go on there next time."),
]
NoCatchUp = Annotated[
    bool, typer.Option("--no-catch-up", help="Do not fetch what a disconnect hid.")
]


def watch(
    streams: Streams,
    server: arguments.Server,
    *,
    token_file: arguments.TokenFile = None,
    json: Json = False,
    raw: Raw = False,
    transport: TransportWord = "auto",
    count: Count = None,
    seconds: Seconds = None,
    signals: Signals = False,
    cursors: Cursors = None,
    streaming_url: arguments.StreamingUrl = None,
    proxy: arguments.Proxy = None,
    ca_file: arguments.CaFile = None,
    no_catch_up: NoCatchUp = False,
) -> int:
    """Print what happens on some streams, for people, or with --json for other programs."""
    order = Order(
        reach=arguments.make_reach(
            server,
            token_file=token_file,
            streaming_url=streaming_url,
            proxy=proxy,
            ca_file=ca_file,
        ),
        streams=tuple(map(Stream.parse, streams)),
        format=_format(json=json, raw=raw),
        signals=signals,
        count=count,
        seconds=seconds,
        cursors=cursors,
        options={
            "transport": _transport(transport),
            "catch_up": not no_catch_up,
            "decode": not (json or raw),  # for the eye only: what is forwarded stays bytes
        },
    )
    return _run(order)


def _run(order: Order) -> int:
    """Watch; if the server wants a token and none was given, ask for one and watch again."""
    try:
        return run(lambda: _watch(order))
    except Unauthorized as error:
        if order.reach.token is not None:
            raise
        token = arguments.ask_for_token()
        if token is None:
            raise arguments.explain_tokens(error) from None
    return _run(replace(order, reach=replace(order.reach, token=token)))


def _format(*, json: bool, raw: bool) -> Format:
    if json and raw:
        raise BadInput("Expected --json or --raw; got both.")
    return Format.JSON if json else Format.RAW if raw else Format.PRETTY


def _transport(word: str) -> TransportChoice:
    choices: tuple[TransportChoice, ...] = get_args(TransportChoice)
    for choice in choices:
        if word == choice:
            return choice
    raise BadInput(f"Expected --transport to be one of {', '.join(choices)}; got {word!r}.")


async def _watch(order: Order) -> int:
    """Follow the streams of `order` until its count, its time or its reader ends it."""
    reach, output = order.reach, Output()
    store = SqliteCursors(order.cursors, save_interval_seconds=0.0) if order.cursors else None
    output.begin_line()
    with closing(store) if store is not None else nullcontext():
        async with AsyncMastodon(
            reach.server,
            access_token=reach.token.reveal() if reach.token else None,
            streaming_url=reach.streaming_url,
            network=reach.network,
            cursors=store,
        ) as mastodon:
            feed = mastodon.stream(*order.streams, signals=True, **order.options)
            news = News(order, server=mastodon.server)
            async with feed, output.watching_reader():
                try:
                    async with asyncio.timeout(order.seconds) as limit:
                        await _print(feed, order, news=news, output=output)
                except TimeoutError:
                    if not limit.expired():
                        raise
                    news.require_connection()
    return OK


async def _print(feed: AsyncFeed[Item], order: Order, *, news: News, output: Output) -> None:
    """Print item after item, and acknowledge each when its line is out of our hands."""
    line = _lines(order)
    printed = 0
    async for item in feed:
        if isinstance(item, SIGNALS):
            news.hear(item)
            if order.signals:
                await output.write(line(item))
            continue
        await output.write(line(item))
        feed.acknowledge()
        printed += 1
        if printed == order.count:
            return
        if order.format is Format.PRETTY:
            await asyncio.sleep(0)  # a page of catching up must not keep Ctrl-C waiting


def _lines(order: Order) -> Callable[[Item], bytes]:
    if order.format is Format.PRETTY and is_terminal():
        return TerminalLines(streams=len(order.streams))
    return LINES[order.format]


class News:
    """Listens to the signals of a feed for what the person at the terminal has to know."""

    def __init__(self, order: Order, *, server: str) -> None:
        self._server = server
        self._seconds = order.seconds
        self._told = order.seconds is not None  # then the end will tell
        self._shows_all = order.format is Format.PRETTY and not order.signals
        self._connected = False
        self._last: Disconnected | None = None

    def hear(self, signal: AnySignal) -> None:
        """Take note of a signal; tell on standard error once that there is no connection yet."""
        if isinstance(signal, Connected):
            self._connected = True
        elif isinstance(signal, Disconnected):
            self._last = signal
            # At once another transport is tried: nothing is amiss before that is refused as well.
            if signal.retry_in_seconds and not self._connected and not self._told:
                self._told = True
                complain(f"{self._server} cannot be reached ({_why(signal)}); trying on")
            elif self._connected and self._shows_all and sys.stderr.isatty():
                complain(words_of_signal(signal))

    def require_connection(self) -> None:
        """Raise unless there was a connection.

        Raises:
            GaveUp: There was none in the time that was given.
        """
        if not self._connected:
            last = f"; last: {_why(self._last)}" if self._last else ""
            raise GaveUp(
                f"{self._server}: no connection in {self._seconds:g} s{last}. Check the address"
                " and the network, or allow more --seconds."
            )


def _why(signal: Disconnected) -> str:
    return f"{signal.reason}: {signal.words}" if signal.words else signal.reason
