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

_SQLITE_HEAD: Final = b"SQLite format 3\0"


def report(
    recording: Annotated[
        str, typer.Argument(metavar="DB", help="The recording in SQLite, such as toots.db.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a page of HTML with plots here."
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
    if output is not None:
        _refuse_recording(output)
    try:
        found = measure(place)
        if output is not None:
            _write(output, render_page(found))
            typer.echo(f"Wrote {output}.", err=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    if as_json:
        return _say(msgspec.json.encode(found) + b"\n")
    return OK if output is not None else _say(_drawn(found))


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


def _write(output: Path, page: str) -> None:
    """Write the whole page or nothing: who has the old one open sees no half of the new one."""
    target = output.resolve()  # what a link leads to is renewed, and the link stays
    beside = target.with_name(f".{target.name}.part")
    whole = output.is_file() or not output.exists()  # not a pipe or /dev/stdout
    try:
        (beside if whole else output).write_bytes(page.encode(errors="replace"))
        if whole:
            beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise SinkError(
            f"Cannot write {output}: {error.strerror or error}. Check the path and its directory."
        ) from None
