"""From a text to a sink, and from a wrong text to one clear line."""

from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest
from tests.sinks.builders import rows

from trunkline.errors import BadInput
from trunkline.sinks import SINKS, SqliteSink, Target, datasette_metadata, open_sink
from trunkline.sinks.datasette import COLUMNS, TABLES, tables_markdown
from trunkline.sinks.opening import check_target, parse_target


@pytest.mark.parametrize(
    ("text", "kind", "place", "options"),
    [
        ("sqlite:toots.db", "sqlite", "toots.db", {}),
        ("toots.db", "sqlite", "toots.db", {}),
        ("/var/lib/toots.SQLITE3", "sqlite", "/var/lib/toots.SQLITE3", {}),
        (r"C:\toots.db", "sqlite", r"C:\toots.db", {}),
        ("sqlite:toots.db?durable=yes", "sqlite", "toots.db", {"durable": "yes"}),
        ("jsonl:toots/?a=1&b=2", "jsonl", "toots/", {"a": "1", "b": "2"}),
        ("-", "-", "", {}),
    ],
)
def test_a_text_has_a_kind_a_place_and_options(
    text: str, kind: str, place: str, options: dict[str, str]
) -> None:
    assert parse_target(text) == Target(kind=kind, place=place, options=options)


BAD = {
    "": "Expected where to record, such as 'sqlite:toots.db'",
    "toots": "Expected where to record, such as 'sqlite:toots.db'",
    "sqlite:": "Expected a file, as in 'sqlite:toots.db'; got none.",
    "mysql:toots": "Expected a kind of sink of sqlite.*; got 'mysql'",
    "sqlite:toots.db?x=1": "Expected as options of sqlite:toots.db: one of durable; got x.",
    "sqlite:toots.db?durable=2": "Expected durable of sqlite:toots.db to be yes or no; got '2'.",
}


@pytest.mark.parametrize(("text", "message"), BAD.items())
def test_a_wrong_text_is_refused_in_one_line(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=message) as caught:
        open_sink(text)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "message"), BAD.items())
def test_a_wrong_text_is_refused_by_a_check_as_well(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        check_target(text)


@pytest.mark.parametrize("text", ["toots.db", "jsonl:toots/?compress=gzip", "parquet:toots/", "-"])
def test_a_check_opens_nothing(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    check_target(text)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_for_deletions_is_refused() -> None:
    with pytest.raises(BadInput, match="one of mark, purge, ignore"):
        open_sink("toots.db", on_delete="forget")  # type: ignore[arg-type]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package is installed that registers two kinds of sink."""
    (tmp_path / "sunken.py").write_text(
        "from trunkline.sinks import SqliteSink\n"
        "def open_it(target):\n"
        "    target.allow('deep')\n"
        "    return SqliteSink(target.place + target.options['deep'])\n"
    )
    metadata = tmp_path / "sunken-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sunken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[trunkline.sinks]\nsunken = sunken:open_it\nbroken = sunken:nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_other_packages_add_kinds(tmp_path: Path) -> None:
    with closing(open_sink(f"sunken:{tmp_path}/a?deep=.db")) as sink:
        assert isinstance(sink, SqliteSink)
        assert sink.place == tmp_path / "a.db"
    with pytest.raises(BadInput, match="got 'mysql'"):
        open_sink("mysql:x")
    with pytest.raises(BadInput, match="'broken' of sunken:nothing cannot be used"):
        open_sink("broken:x")


def test_every_table_view_and_column_is_described(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    open_sink(str(path)).close()
    found = rows(
        path,
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'statuses_fts%'",
    )
    assert {str(name) for (name,) in found} == set(TABLES)
    for table, columns in COLUMNS.items():
        told = rows(path, f"SELECT name FROM pragma_table_info('{table}')")
        assert {str(name) for (name,) in told} == set(columns), table


def test_the_metadata_for_datasette_are_json_for_the_name_of_the_file() -> None:
    metadata = json.loads(json.dumps(datasette_metadata("toots")))
    tables = metadata["databases"]["toots"]["tables"]
    assert tables["statuses"]["columns"]["deleted_at"].startswith("When its deletion arrived")
    assert tables["acknowledged"]["hidden"]


def test_the_page_about_sinks_shows_every_table_and_column() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/sinks.md").read_text(encoding="utf-8")
    shown = page.partition("<!-- tables -->\n")[2].partition("\n<!-- /tables -->")[0]
    assert shown == tables_markdown(), "put what trunkline.sinks.datasette.tables_markdown returns"


def test_the_page_about_sinks_names_every_kind_and_option(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/reference/sinks.md").read_text(encoding="utf-8")
    for kind in SINKS:
        assert f"| `{kind}" in page
        with pytest.raises(BadInput) as caught:
            open_sink(f"{kind}:{tmp_path}/x?no=1", on_delete="purge")
        for option in re.findall(r"one of (.*?);", str(caught.value)):
            assert all(f"`{name}`" in page for name in option.split(", "))
