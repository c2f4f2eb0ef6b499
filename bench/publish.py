"""Where results go: into files beside the benchmark, and into the documentation when asked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from bench.plot import as_svg
from bench.report import Results, as_markdown

__all__ = ["BEGIN", "END", "PAGE", "PUBLISHED", "publish", "with_results", "write"]

_DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = _DOCS / "benchmarks.md"
PUBLISHED: Final = _DOCS / "assets" / "benchmarks.json"
_PLOT: Final = _DOCS / "assets" / "benchmarks.svg"
BEGIN: Final = "<!-- results: written by `python -m bench --publish` -->"
END: Final = "<!-- /results -->"


def write(results: Results, folder: Path) -> None:
    """Write results as JSON, as a table and, where busy-public was measured, as a plot."""
    folder.mkdir(exist_ok=True)
    (folder / "latest.json").write_bytes(_json(results))
    (folder / "latest.md").write_text(as_markdown(results), encoding="utf-8")
    if results.cpu("typed-sse") is not None:
        (folder / "busy-public.svg").write_text(as_svg(results), encoding="utf-8")


def publish(results: Results) -> None:
    """Put results into the documentation: the page, the plot and the figures behind them."""
    PUBLISHED.write_bytes(_json(results))
    _PLOT.write_text(as_svg(results), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_results(page, results), encoding="utf-8")


def with_results(page: str, results: Results) -> str:
    """Return the page with the results between its two marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"Expected {BEGIN!r} and then {END!r} in the page of results.")
    return f"{before}{begin}\n\n{as_markdown(results)}\n{end}{after}"


def _json(results: Results) -> bytes:
    return msgspec.json.format(msgspec.json.encode(results)) + b"\n"
