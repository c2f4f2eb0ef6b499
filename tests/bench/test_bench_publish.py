"""The page of benchmarks shows the figures that are published beside it, whole and unchanged."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from bench.publish import PAGE, PUBLISHED, with_results, write
from bench.report import Results


@pytest.fixture(scope="module")
def published() -> Results:
    return msgspec.json.decode(PUBLISHED.read_bytes(), type=Results)


def test_the_page_shows_the_published_figures(published: Results) -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert with_results(page, published) == page


def test_a_page_without_marks_is_refused(published: Results) -> None:
    with pytest.raises(ValueError, match="Expected"):
        with_results("# A page", published)


def test_results_can_be_read_again(published: Results, tmp_path: Path) -> None:
    write(published, tmp_path / "results")

    again = (tmp_path / "results" / "latest.json").read_bytes()
    assert msgspec.json.decode(again, type=Results) == published
    assert (tmp_path / "results" / "latest.md").exists()
    assert (tmp_path / "results" / "busy-public.svg").exists()
