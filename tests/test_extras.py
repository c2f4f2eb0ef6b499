"""Extras: every one that is named exists, and who develops Trunkline has those that tests need."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
NAMED = re.compile(r"trunkline\[([\w,]+)\]")


def texts() -> Iterator[tuple[Path, str]]:
    for pattern in ("src/**/*.py", "docs/**/*.md", "*.md", "pyproject.toml"):
        for path in ROOT.glob(pattern):
            yield path, path.read_text(encoding="utf-8")


def named_in(text: str) -> set[str]:
    return {extra for names in NAMED.findall(text) for extra in names.split(",")}


def test_every_extra_that_is_named_exists() -> None:
    wrong = {(path.name, extra) for path, text in texts() for extra in named_in(text) - set(EXTRAS)}
    assert wrong == set()
    assert named_in("install trunkline[parquet,zstd]") == {"parquet", "zstd"}


@pytest.mark.parametrize(
    ("extra", "module"),
    [
        ("metrics", "prometheus_client"),
        ("page", "nh3"),
        ("parquet", "pyarrow"),
        ("zstd", "zstandard"),
    ],
)
def test_what_tests_need_is_installed_where_trunkline_is_developed(extra: str, module: str) -> None:
    assert extra in named_in(" ".join(EXTRAS["dev"]))
    assert find_spec(module) is not None
