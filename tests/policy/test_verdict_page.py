"""The page "Reconnecting" tells the story of the code."""

from pathlib import Path

from trunkline.policy.outcome import OutcomeKind
from trunkline.policy.verdict_page import verdict_table_markdown
from trunkline.policy.verdict_table import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reconnecting.md"
BEGIN = "<!-- table: verdict -->"
END = "<!-- /table -->"
HOW_TO_MEND = (
    "the table in docs/reference/reconnecting.md is not that of the code; replace it by what"
    ' `python -c "from trunkline.policy.verdict_page import verdict_table_markdown as table;'
    ' print(table())"` prints'
)


def table_of(page: str) -> str:
    _, _, after = page.partition(BEGIN)
    table, _, _ = after.partition(END)
    return table.strip()


def test_the_page_shows_the_table_that_decides() -> None:
    shown = table_of(PAGE.read_text(encoding="utf-8"))
    assert shown == verdict_table_markdown(), HOW_TO_MEND


def test_the_table_has_a_line_for_each_row_and_no_broken_cell() -> None:
    lines = verdict_table_markdown().splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert {line.count("|") for line in lines} == {5}
    assert len(set(lines)) == len(lines)


def test_no_line_of_the_table_is_without_words() -> None:
    for line in verdict_table_markdown().splitlines():
        assert "None" not in line
        assert "Curve" not in line
        assert "  " not in line


def test_every_kind_of_ending_is_named_on_the_page() -> None:
    table = verdict_table_markdown()
    for words in ("clean end", "certificate not trusted", "HTTP or error frame", "anything else"):
        assert words in table
    named = {kind for row in ROWS[:-1] for kind in row.when.kinds}
    assert named == set(OutcomeKind)


def test_a_row_about_a_stated_wait_says_so_either_way() -> None:
    assert "`Retry-After`" in verdict_table_markdown()
