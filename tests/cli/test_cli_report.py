"""`trunkline report`: a page, tables, or JSON; and one line when there is no recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.programs import program
from tests.report.days import GAPS, came, record_at, small_day, written_at

from trunkline.cli.main import main


@pytest.fixture(name="recording")
def recorded(tmp_path: Path) -> Path:
    return record_at(tmp_path / "toots.db", small_day(), gaps=GAPS)


@pytest.mark.parametrize("prefix", ["", "sqlite:"])
def test_it_writes_a_page(
    prefix: str, recording: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    page.write_text("an older one")
    assert main(["report", f"{prefix}{recording}", "-o", str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert capfd.readouterr() == ("", f"Wrote {page}.\n")
    assert [one.name for one in tmp_path.iterdir() if "report" in one.name] == ["report.html"]


def test_it_prints_tables(recording: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(recording)]) == 0
    out = capfd.readouterr().out
    for told in (
        "malformed",
        "hashtag:python",
        "German",
        "harbour.example",
        "#birds",
        "30 s to 1 min",
    ):
        assert told in out
    assert "no timeline" in out
    assert "2, 1 incomplete" in out


def test_it_prints_the_numbers_as_json(
    recording: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["report", str(recording), "--json"]) == 0
    numbers = json.loads(capfdbinary.readouterr().out)
    assert numbers["recording"] == "toots.db"
    assert numbers["totals"]["events"] == 12
    assert numbers["totals"]["first_at"] == "2026-11-24T12:00:01Z"
    assert numbers["tags"]["top"][0] == {"name": "python", "posts": 2, "authors": None}
    assert sum(numbers["edit_delays"]["counts"]) == 1
    assert len(numbers["edit_delays"]["counts"]) == len(numbers["delay_bounds_seconds"]) + 1


def test_an_empty_recording_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(record_at(tmp_path / "toots.db", []))]) == 0
    assert "none yet" in capfd.readouterr().out


def test_texts_of_servers_are_no_markup(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    events = [came(written_at(0, tags=["[red]\x1b[2Jx[/]"], language="[/]"), 1)]
    assert main(["report", str(record_at(tmp_path / "toots.db", events))]) == 0
    out = capfd.readouterr().out
    assert "#[red] [2jx[/]" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.db", "there is no such file"),
        ("toots.txt", "file is not a database"),
        ("jsonl:toots", "trunkline convert"),
        ("", "there is no such file"),
    ],
)
def test_what_is_no_recording_is_one_line(
    name: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toots.txt").write_text("no database at all")
    assert main(["report", name, "-o", "report.html"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert expected in err
    assert not (tmp_path / "report.html").exists()


def test_a_recording_is_never_written_over(
    recording: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = recording.read_bytes()
    assert main(["report", str(recording), "-o", str(recording)]) == 2
    assert "would be lost" in capfd.readouterr().err
    assert recording.read_bytes() == before


def test_a_page_that_cannot_be_written_is_one_line(
    recording: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(recording), "-o", str(tmp_path / "nowhere" / "report.html")]) == 2
    assert capfd.readouterr().err.count("\n") == 1


def test_a_reader_who_leaves_is_no_failure(recording: Path) -> None:
    with program("report", str(recording), "--json") as printing:
        assert printing.stdout is not None
        printing.stdout.close()
        assert printing.wait(timeout=20) == 0


def test_the_page_goes_to_standard_output_when_that_is_named(
    recording: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(recording.parent)
    assert main(["report", str(recording), "-o", "-"]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("<!doctype html>")
    assert err == ""
    assert not Path("-").exists()


def test_two_things_on_standard_output_are_one_line(
    recording: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(recording), "-o", "-", "--json"]) == 2
    assert "got both" in capfd.readouterr().err
