"""A plot of one situation as SVG, by hand: a bar for each row, on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import ceil, floor, log10
from typing import Final

from bench.measure import Measured
from bench.report import Results
from bench.row import ROWS

__all__ = ["as_svg"]

_WIDTH: Final = 860
_LABELS: Final = 310
_ROOM_FOR_FIGURES: Final = 90
_BAR: Final = 18
_STEP: Final = 28
_TOP: Final = 64
_BELOW: Final = 46
_COLOURS: Final = {"floor": "#8a8f98", "ours": "#5b4be0", "part": "#b3aaf5", "rival": "#d98b3a"}


def as_svg(results: Results, situation: str = "busy-public") -> str:
    """Return the plot of a situation, the fastest first."""
    measured = sorted(
        (one for one in results.measured if one.situation == situation),
        key=lambda one: one.best.cpu_microseconds,
    )
    times = [one.best.cpu_microseconds for one in measured]
    scale = _Scale(min(times), max(times))
    height = _TOP + _STEP * len(measured) + _BELOW
    machine = results.machine
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="system-ui, sans-serif" font-size="13">',
        f"<title>Processor time of one event, {situation}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 26, f"{situation}: processor time of one event (us, logarithmic)", size=16),
        _text(16, 46, f"{machine.processor}, {machine.python}, {machine.measured_at}", grey=True),
        *scale.grid(height),
        *(line for place, one in enumerate(measured) for line in _bar(one, place, scale)),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


class _Scale:
    """Where a time lies: decades from the one below the least to the one above the most."""

    def __init__(self, least: float, most: float) -> None:
        self._first, self._last = floor(log10(least)), ceil(log10(most))

    def x(self, microseconds: float) -> float:
        part = (log10(microseconds) - self._first) / max(1, self._last - self._first)
        return _LABELS + part * (_WIDTH - _LABELS - _ROOM_FOR_FIGURES)

    def grid(self, height: int) -> Iterator[str]:
        for decade in range(self._first, self._last + 1):
            x = self.x(10.0**decade)
            yield (
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{height - _BELOW + 6}"'
                ' stroke="#d7d9de"/>'
            )
            yield _text(x, height - _BELOW + 24, f"{10.0**decade:g}", grey=True, anchor="middle")


def _bar(one: Measured, place: int, scale: _Scale) -> Iterator[str]:
    row, cpu, y = ROWS[one.row], one.best.cpu_microseconds, _TOP + _STEP * place
    yield _text(_LABELS - 10, y + 14, row.label, anchor="end")
    yield (
        f'<rect x="{_LABELS}" y="{y}" width="{max(1.0, scale.x(cpu) - _LABELS):.1f}"'
        f' height="{_BAR}" rx="3" fill="{_COLOURS[row.kind]}"/>'
    )
    yield _text(scale.x(cpu) + 6, y + 14, f"{cpu:,.1f}" if cpu < 1000 else f"{cpu:,.0f}")


def _text(
    x: float, y: float, words: str, *, size: int = 13, grey: bool = False, anchor: str = "start"
) -> str:
    fill = "#666a73" if grey else "#16181d"
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}"'
        f' text-anchor="{anchor}">{escape(words)}</text>'
    )
