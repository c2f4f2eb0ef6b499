"""What the benchmark says of its figures: machine and caveats first, and which targets are met."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from bench.idle import Idle
from bench.machine import Machine
from bench.measure import Measured, known_rows
from bench.meter import Spent
from bench.plot import as_svg
from bench.report import CAVEATS, TARGETS, Results, as_markdown
from bench.row import ROWS

MACHINE = Machine(
    measured_at="2026-11-24T12:00+00:00",
    processor="A processor",
    cores=2,
    system="Linux 6",
    python="CPython 3.11",
    versions={"aiohttp": "3.14.5"},
    hot_path="C",
    json_loads_microseconds=12.0,
    load=0.0,
)
CPU_MICROSECONDS = {
    "floor": 5.0,
    "floor-ws": 6.0,
    "typed-sse": 7.0,
    "typed-sse-sync": 7.0,
    "raw-sse": 3.0,
    "typed-ws": 8.0,
    "bare-sse": 6.5,
    "ld-eventsource": 21.0,
    "httpx-sse": 30.0,
    "mastodon-py": 4_000.0,
}


def measured(row: str, cpu_microseconds: float) -> Measured:
    spent = Spent(
        events=1_000,
        cpu_seconds=cpu_microseconds / 1e3,
        system_seconds=0.0,
        page_faults=0,
        wall_seconds=cpu_microseconds / 1e3,
    )
    return Measured(
        row=row, situation="busy-public", best=spent, rounds_cpu_microseconds=(cpu_microseconds,)
    )


def results(**changed: float) -> Results:
    times = CPU_MICROSECONDS | {name.replace("_", "-"): time for name, time in changed.items()}
    return Results(
        machine=MACHINE,
        measured=[measured(row, time) for row, time in times.items()],
        idle=Idle(streams=2_000, kib_per_stream=31.0, cpu_seconds=1.0),
    )


def found(of: Results) -> dict[str, tuple[float | None, bool | None]]:
    figures = {target.about: target.figure(of) for target in TARGETS}
    return {
        target.about: (figures[target.about], None if figure is None else target.met(figure))
        for target, figure in zip(TARGETS, figures.values(), strict=True)
    }


def test_the_targets_compare_with_the_floor_the_others_and_ourselves() -> None:
    figures = [figure for figure, _ in found(results()).values()]

    assert figures == pytest.approx([5 / 7, 5 / 8, 6 / 8, 7 / 3, 3.0, 1.0, 0.5, 31.0])
    assert all(met for _, met in found(results()).values())


@pytest.mark.parametrize(
    "slower",
    [
        {"typed_sse": 7.2},
        {"typed_ws": 8.4},
        {"raw_sse": 3.6},
        {"ld_eventsource": 20.0},
        {"typed_sse_sync": 8.0},
        {"bare_sse": 5.4},
        {"floor_ws": 4.7},
    ],
    ids=str,
)
def test_a_figure_that_is_not_good_enough_is_a_missed_target(slower: dict[str, float]) -> None:
    assert False in {met for _, met in found(results(**slower)).values()}
    assert "missed" in as_markdown(results(**slower))


def test_a_target_without_its_rows_has_no_figure() -> None:
    nothing = Results(machine=MACHINE, measured=[])

    assert {figure for figure, _ in found(nothing).values()} == {None}


def test_the_machine_and_the_caveats_come_before_the_first_figure() -> None:
    text = as_markdown(results())
    first_figure = text.index("| floor")

    assert all(text.index(caveat) < first_figure for caveat in CAVEATS)
    assert text.index("A processor") < text.index("aiohttp 3.14.5") < first_figure


def test_the_plot_is_a_picture_with_every_row_in_it() -> None:
    picture = as_svg(results())
    words = {text.text for text in ElementTree.fromstring(picture).iter() if text.text}

    assert {ROWS[row].label for row in CPU_MICROSECONDS} <= words


def test_a_row_that_does_not_exist_is_refused_with_the_rows_that_do() -> None:
    with pytest.raises(SystemExit, match="typed-sse"):
        known_rows(["fastest"])
