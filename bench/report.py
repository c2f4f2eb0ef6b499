"""Figures to words: the table in the terminal, the table in the documentation, and the targets.

Promises the machine and the caveats before the first figure. Measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bench.fixtures import SITUATIONS
from bench.idle import Idle
from bench.machine import Machine
from bench.measure import Measured
from bench.row import ROWS

__all__ = ["CAVEATS", "TARGETS", "Results", "Target", "as_markdown"]

CAVEATS: Final = (
    "Loopback, one server, one client, one core for each; no TLS, no proxy, no network.",
    "The server sends faster than anybody reads, so every read of a client brings many events. A"
    " real server sends a few events a second: then the system and the event loop cost more than"
    " anything in this table.",
    "Processor time of the client's process (user and system), between the first post and the last;"
    " starting, connecting and discovery are not in it. The best of all rounds.",
    "The others do less: some reconnect, none catches up, drops duplicates or makes types. They"
    " parse with `json`, as their documentation shows; Mastodon.py makes its own dictionaries.",
    "Posts are invented, in twenty languages; nearly all have some letters beyond ASCII, for which"
    " every parser pays.",
)


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run found."""

    machine: Machine
    measured: list[Measured]
    idle: Idle | None = None

    def cpu(self, row: str, situation: str = "busy-public") -> float | None:
        """Return the processor time of one event in microseconds, if that was measured."""
        found = (m for m in self.measured if (m.row, m.situation) == (row, situation))
        return next((one.best.cpu_microseconds for one in found), None)

    def best_rival(self, situation: str = "busy-public") -> float | None:
        """Return the processor time of one event of the best of the others."""
        times = [self.cpu(row.name, situation) for row in ROWS.values() if row.kind == "rival"]
        return min((each for each in times if each is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure of busy-public should be, and how it is found (``None``: not measured)."""

    about: str
    wanted: str
    figure: Callable[[Results], float | None]
    met: Callable[[float], bool]


def _ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above and below else None


def _supervision(results: Results) -> float | None:
    whole, bare = results.cpu("typed-sse"), results.cpu("bare-sse")
    return whole - bare if whole and bare else None


TARGETS: Final = (
    Target(
        about="typed SSE, in speeds of the floor",
        wanted=">= 0.70",
        figure=lambda r: _ratio(r.cpu("floor"), r.cpu("typed-sse")),
        met=lambda figure: figure >= 0.70,
    ),
    Target(
        about="typed WebSocket, in speeds of the floor",
        wanted=">= 0.60",
        figure=lambda r: _ratio(r.cpu("floor"), r.cpu("typed-ws")),
        met=lambda figure: figure >= 0.60,
    ),
    Target(
        about="the same, in speeds of the floor of the WebSocket's text",
        wanted=">= 0.60",
        figure=lambda r: _ratio(r.cpu("floor-ws"), r.cpu("typed-ws")),
        met=lambda figure: figure >= 0.60,
    ),
    Target(
        about="bytes only, in speeds of typed SSE",
        wanted=">= 2",
        figure=lambda r: _ratio(r.cpu("typed-sse"), r.cpu("raw-sse")),
        met=lambda figure: figure >= 2,
    ),
    Target(
        about="typed SSE, in speeds of the best of the others",
        wanted=">= 3",
        figure=lambda r: _ratio(r.best_rival(), r.cpu("typed-sse")),
        met=lambda figure: figure >= 3,
    ),
    Target(
        about="sync, in speeds of async",
        wanted=">= 0.90",
        figure=lambda r: _ratio(r.cpu("typed-sse"), r.cpu("typed-sse-sync")),
        met=lambda figure: figure >= 0.90,
    ),
    Target(
        about="supervision (whole client less bare transport) in us an event",
        wanted="<= 1.5",
        figure=_supervision,
        met=lambda figure: figure <= 1.5,
    ),
    Target(
        about="KiB of memory for an idle stream",
        wanted="<= 40",
        figure=lambda r: r.idle.kib_per_stream if r.idle else None,
        met=lambda figure: figure <= 40,
    ),
)


def as_markdown(results: Results) -> str:
    """Return the whole report: machine, caveats, a table for each situation, targets."""
    return "\n".join(
        [
            *_machine(results.machine),
            "",
            *(f"- {caveat}" for caveat in CAVEATS),
            *(line for name in SITUATIONS for line in _situation(results, name)),
            *_idle(results.idle),
            *_targets(results),
            "",
        ]
    )


def _machine(machine: Machine) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    yield f"Measured {machine.measured_at} on {machine.processor} ({machine.cores} cores),"
    yield f"{machine.system}, {machine.python}; load {machine.load} before it began."
    yield f"`json.loads` of one post takes {machine.json_loads_microseconds} us here."
    yield f"Versions: {versions}. Trunkline's hot path was in {machine.hot_path}."


def _situation(results: Results, name: str) -> Iterator[str]:
    measured = [one for one in results.measured if one.situation == name]
    if not measured:
        return
    floor, rival = results.cpu("floor", name), results.best_rival(name)
    about = SITUATIONS[name].about
    yield from ("", f"### `{name}`", "", f"{about[0].upper()}{about[1:]}.", "")
    yield "| | us an event | of it system | real time | speed of the floor | of the best other |"
    yield "|---|---:|---:|---:|---:|---:|"
    for one in measured:
        best, cpu = one.best, one.best.cpu_microseconds
        cells = (
            ROWS[one.row].label,
            f"{cpu:.2f}",
            f"{best.system_seconds / best.events * 1e6:.2f}",
            f"{best.wall_seconds / best.events * 1e6:.2f}",
            _times(floor, cpu),
            _times(rival, cpu),
        )
        yield f"| {' | '.join(cells)} |"


def _times(other: float | None, cpu: float) -> str:
    return f"{other / cpu:.2f}" if other and cpu else ""


def _idle(idle: Idle | None) -> Sequence[str]:
    if idle is None:
        return ()
    return (
        "",
        "### `idle-streams`",
        "",
        f"{idle.streams:,} idle event streams of one client, each in a feed of its own with a task"
        f" that waits for it: {idle.kib_per_stream:.1f} KiB of memory for each.",
    )


def _targets(results: Results) -> Iterator[str]:
    found = [(target, target.figure(results)) for target in TARGETS]
    if all(figure is None for _, figure in found):
        return
    yield from ("", "### Targets", "", "| | wanted | found | |", "|---|---:|---:|---|")
    for target, figure in found:
        if figure is not None:
            verdict = "met" if target.met(figure) else "missed"
            yield f"| {target.about} | {target.wanted} | {figure:.2f} | {verdict} |"
