"""`trunkline report`: the numbers of a recording, as a page, as tables, or as JSON."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console

from trunkline.cli.output import Output
from trunkline.cli.report_tables import tables
from trunkline.cli.running import INTERRUPTED, OK, run
from trunkline.errors import BadInput, SinkError
from trunkline.report import Report, measure, render_page

__all__ = ["report"]

_STANDARD_OUTPUT: Final = Path("-")
_SQLITE_HEAD: Final = b"SQLite format 3\0"


def report(
    recording: Annotated[
        str, typer.Argument(metavar="DB", help="The recording in SQLite, such as toots.db.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a page of HTML with plots here; - is standard output.",
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as one line of JSON.")
    ] = False,
) -> int:
    """Tell what a recording holds: how many events, how late, what was missed, who spoke of what.

    Without --output it prints tables. The page is one file that loads nothing from elsewhere.
    """
    place = _place(recording)
    if output == _STANDARD_OUTPUT and as_json:
        raise BadInput("Expected --json or --output -, which both print; got both.")
    if output is not None:
        _refuse_recording(output)
    try:
        found = measure(place)
        page = _encoded(render_page(found)) if output is not None else b""
        if output is not None and output != _STANDARD_OUTPUT:
            _write(output, page)
            typer.echo(f"Wrote {output}.", err=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    if as_json:
        return _say(msgspec.json.encode(found) + b"\n")
    if output == _STANDARD_OUTPUT:
        return _say(page)
    return OK if output is not None else _say(_drawn(found))


def _encoded(page: str) -> bytes:
    return page.encode(errors="replace")


def _drawn(found: Report) -> bytes:
    """Return the tables as standard output takes them."""
    console = Console(highlight=False)
    with console.capture() as captured:
        for table in tables(found):
            console.print(table)
    return captured.get().encode(console.encoding, errors="replace")


def _say(text: bytes) -> int:
    async def say() -> int:
        await Output().write(text)
        return OK

    return run(say)


def _place(recording: str) -> Path:
    """Return the path of what was named as a path or, as elsewhere, ``sqlite:toots.db``."""
    kind, colon, rest = recording.partition(":")
    if colon and kind in ("jsonl", "parquet"):
        raise BadInput(
            f"Expected a recording in SQLite, such as toots.db; got {recording!r}. Bring it there"
            " with 'trunkline convert'."
        )
    return Path(rest if colon and kind == "sqlite" else recording)


def _refuse_recording(output: Path) -> None:
    """Refuse to write over a recording, which is easily named in the wrong place."""
    with suppress(OSError), output.open("rb") as there:
        if there.read(len(_SQLITE_HEAD)) == _SQLITE_HEAD:
            raise BadInput(
                f"Expected --output to name a page, such as report.html; {output} is an SQLite"
                " database, and would be lost."
            )


def _write(output: Path, page: bytes) -> None:
    """Write the whole page or nothing: who has the old one open sees no half of the new one."""
    target = output.resolve()  # what a link leads to is renewed, and the link stays
    beside = target.with_name(f".{target.name}.part")
    whole = output.is_file() or not output.exists()  # not a pipe or /dev/stdout
    try:
        (beside if whole else output).write_bytes(page)
        if whole:
            beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise SinkError(
            f"Cannot write {output}: {error.strerror or error}. Check the path and its directory."
        ) from None
