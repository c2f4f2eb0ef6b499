"""The benchmark of the sinks measures every sink, beside the floor."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.sinks import main


def test_every_row_is_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["--events", "30", "--rounds", "1", "--folder", str(tmp_path)])
    head, _, *rows = capsys.readouterr().out.splitlines()[2:]
    assert head.startswith("| sink | events/s |")
    assert rows[0].startswith("| write and fsync of the same bytes | ")
    assert {"SQLite", "JSON lines"} <= {
        row.split(",")[0].strip("| ").split(" |")[0] for row in rows
    }
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_row_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mysql"])
    assert "expected rows of floor, sqlite" in capsys.readouterr().err
