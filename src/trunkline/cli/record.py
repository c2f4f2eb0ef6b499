"""`trunkline record`: streams into a file, resumable at any moment.

Promises what `trunkline.record` does, that a person at a terminal sees how it is doing, and that
everybody else gets a line on standard error for everything that happens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from trunkline.cli import arguments
from trunkline.cli.record_display import Disk, Display
from trunkline.cli.record_log import json_words, logging_to, plain_words, to_standard_error
from trunkline.cli.running import FAILED, OK, run
from trunkline.errors import BadInput, Unauthorized
from trunkline.record import Limits, Recorders, Source
from trunkline.record.config import Config, Part, load_config
from trunkline.sinks import Sink, datasette_metadata, open_sink
from trunkline.sinks.base import check_on_delete
from trunkline.sinks.opening import parse_target
from trunkline.streams import Stream

__all__ = ["record"]

log = logging.getLogger("trunkline")

_FRAME_SECONDS: Final = 0.25
_REPORT_SECONDS: Final = 60.0


Streams = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STREAM", help="What to record: public, user, hashtag:python, list:42 ..."
    ),
]
ServerName = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="The server, such as mastodon.example."),
]
To = Annotated[
    str | None,
    typer.Option(metavar="SINK", help="Where to: sqlite:toots.db, jsonl:toots/, ..."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A trunkline.toml that names servers and streams."),
]
OnDeleted = Annotated[
    str | None,
    typer.Option(
        metavar="mark|purge|ignore",
        help="What becomes of deleted posts: kept and marked (the usual), removed from"
        " everywhere, or nothing.",
    ),
]
Count = Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many events.")]
Seconds = Annotated[
    float | None, typer.Option(min=0.0, metavar="N", help="Stop after so many seconds.")
]
LogJson = Annotated[bool, typer.Option("--log-json", help="Log JSON lines, and show no picture.")]
MetadataFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also write the metadata that Datasette shows with sqlite:."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to record, where to, until when, and how to tell of it."""

    parts: tuple[Part, ...]
    limits: Limits
    log_json: bool

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everything that is recorded."""
        return tuple(source for part in self.parts for source in part.sources)

    @property
    def places(self) -> list[str]:
        """Where it is recorded."""
        return [_where(part.to) for part in self.parts]


def record(
    streams: Streams = None,
    *,
    server: ServerName = None,
    to: To = None,
    config: ConfigFile = None,
    on_delete: OnDeleted = None,
    count: Count = None,
    seconds: Seconds = None,
    log_json: LogJson = False,
    datasette: MetadataFile = None,
    token_file: arguments.TokenFile = None,
    streaming_url: arguments.StreamingUrl = None,
    proxy: arguments.Proxy = None,
    ca_file: arguments.CaFile = None,
) -> int:
    """Record streams into a file: every post, edit and deletion once, resumable at any moment.

    Kill it whenever you like: started again with the same words it goes on where it was.
    """
    elsewhere = (streams, server, token_file, streaming_url, proxy, ca_file)
    if config is not None and any(elsewhere):
        raise BadInput("Expected --config FILE, or streams and --server URL; got both.")
    chosen = (
        load_config(config)
        if config is not None
        else _on_the_command_line(
            streams or [],
            server,
            token_file=token_file,
            streaming_url=streaming_url,
            proxy=proxy,
            ca_file=ca_file,
        )
    )
    order = Order(
        parts=_parts(chosen, to=to, on_delete=on_delete),
        limits=replace(
            chosen.limits,
            count=count if count is not None else chosen.limits.count,
            seconds=seconds if seconds is not None else chosen.limits.seconds,
        ),
        log_json=log_json,
    )
    places = order.places
    if datasette is not None:
        _write_metadata(datasette, places)
    try:
        return run(lambda: _record(order))
    except Unauthorized as error:
        if config is not None or order.sources[0].access_token is not None:
            raise
        raise arguments.explain_tokens(error) from None


def _on_the_command_line(
    streams: list[str],
    server: str | None,
    *,
    token_file: Path | None,
    streaming_url: str | None,
    proxy: str | None,
    ca_file: Path | None,
) -> Config:
    if not streams or server is None:
        raise BadInput(
            "Expected streams and a server, such as 'trunkline record public --server"
            " mastodon.example --to toots.db', or --config FILE."
        )
    reach = arguments.make_reach(
        server,
        token_file=token_file,
        streaming_url=streaming_url,
        proxy=proxy,
        ca_file=ca_file,
    )
    source = Source(
        server=reach.server,
        streams=tuple(map(Stream.parse, streams)),
        access_token=reach.token.reveal() if reach.token is not None else None,
        streaming_url=reach.streaming_url,
        network=reach.network,
    )
    part = Part(to=None, on_delete="mark", sources=(source,))
    return Config(parts=(part,), limits=Limits())


def _parts(chosen: Config, *, to: str | None, on_delete: str | None) -> tuple[Part, ...]:
    """Return what goes into which sink; what the command line says counts for all of it."""
    parts = chosen.parts
    if on_delete is not None:
        known = check_on_delete(on_delete)
        parts = tuple(replace(part, on_delete=known) for part in parts)
    if to is None:
        return parts
    if len({part.on_delete for part in parts}) > 1:
        raise BadInput(
            f"Expected --on-delete with --to {to}, since the sinks of the file do not treat deleted"
            " posts alike."
        )
    return (replace(parts[0], to=to, sources=chosen.sources),)


def _where(to: str | None) -> str:
    if to is None:
        raise BadInput("Expected where to record, such as --to sqlite:toots.db; got nothing.")
    return to


def _write_metadata(path: Path, places: list[str]) -> None:
    databases = [one for one in map(parse_target, places) if one.kind == "sqlite"]
    if len(databases) != 1:
        raise BadInput(
            f"Expected one sink, sqlite:FILE, with --datasette; got {', '.join(places)}."
        )
    target = databases[0]
    metadata = json.dumps(datasette_metadata(Path(target.place).stem), indent=2)
    try:
        path.write_text(f"{metadata}\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Expected to write metadata to {path}: {error.strerror}.") from None


async def _record(order: Order) -> int:
    """Record until a limit is reached or somebody ends it; 1 if a server refused meanwhile."""
    with ExitStack() as stack:
        sinks = [
            stack.enter_context(closing(open_sink(_where(part.to), on_delete=part.on_delete)))
            for part in order.parts
        ]
        sources = [part.sources for part in order.parts]
        recorders = Recorders(list(zip(sources, sinks, strict=True)), limits=order.limits)
        async with _telling(order, recorders, sinks):
            progress = await recorders.run()
    refused = any(server.state == "refused" for server in progress.servers)
    return FAILED if refused else OK


@asynccontextmanager
async def _telling(
    order: Order, recorders: Recorders, sinks: Sequence[Sink]
) -> AsyncIterator[None]:
    """Tell of the recording while the block runs: in a picture, or in lines."""
    hear: Callable[[logging.LogRecord], None]
    draws = sys.stdout.isatty() and not order.log_json and "-" not in order.places
    title = _title(order)
    if draws:
        display = Display(title, Disk(*(sink.place for sink in sinks)))
        hear, telling = display.hear, _draw(display, recorders)
    else:
        hear = to_standard_error(json_words if order.log_json else plain_words)
        telling = _report(recorders)
    with logging_to(hear):
        log.info("trunkline.recording", extra={"trunkline_what": title})
        task = asyncio.create_task(telling)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            log.info("trunkline.recorded", extra=_figures(recorders))


def _title(order: Order) -> str:
    streams = sum(len(source.streams) for source in order.sources)
    servers = len(order.sources)
    return (
        f"{streams} stream{'s' * (streams != 1)} of {servers} server{'s' * (servers != 1)}"
        f" into {', '.join(order.places)}"
    )


async def _draw(display: Display, recorders: Recorders) -> None:
    console = Console(file=sys.stdout, highlight=False)
    with Live(console=console, auto_refresh=False) as canvas:
        try:
            while True:
                canvas.update(display.picture(recorders.progress()), refresh=True)
                await asyncio.sleep(_FRAME_SECONDS)
        finally:
            canvas.update(display.picture(recorders.progress()), refresh=True)


async def _report(recorders: Recorders) -> None:
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        log.info("trunkline.progress", extra=_figures(recorders))


def _figures(recorders: Recorders) -> dict[str, object]:
    """Return what a line says of the whole recording."""
    progress = recorders.progress()
    stats = [server.stats for server in progress.servers]
    return {
        "trunkline_stored": progress.stored,
        "trunkline_waiting": progress.waiting,
        "trunkline_live": sum(server.state == "live" for server in progress.servers),
        "trunkline_servers": len(progress.servers),
        "trunkline_caught_up": sum(one.caught_up + one.reconciled for one in stats),
        "trunkline_gaps_incomplete": sum(one.gaps_incomplete for one in stats),
    }
