"""The programs in the README and in the documentation run and print what the page says.

A fenced block of Python below ``<!-- runnable -->`` is run as it stands, to its end. Below
``<!-- runnable: NAME -->`` it is run against the embedded server, in the scene of that name. What
it prints must be the next fenced block, which is of text. All other Python must at least compile.
"""

from __future__ import annotations

import ast
import re
import signal
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.examples.program import Program

from trunkline.testing import RunningServer, running_server

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(
    r"(?ms)^(?:<!-- (?P<runnable>runnable)(?:: (?P<scene>[^>]*))? -->\n)?"
    r"```(?:python|py)\n(?P<code>.*?)^```\n(?:(?:(?!^```).)*?^```text\n(?P<printed>.*?)^```\n)?"
)


@dataclass(frozen=True)
class Snippet:
    """One block of Python of a page."""

    page: str
    line: int
    code: str
    is_runnable: bool
    scene: str | None
    printed: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def snippets_of(text: str, *, page: str) -> Iterator[Snippet]:
    for found in _BLOCK.finditer(text):
        yield Snippet(
            page=page,
            line=text.count("\n", 0, found.start("code")) + 1,
            code=found["code"],
            is_runnable=found["runnable"] is not None,
            scene=found["scene"],
            printed=tuple((found["printed"] or "").splitlines()),
        )


ALL = [
    snippet
    for page in PAGES
    for snippet in snippets_of(
        page.read_text(encoding="utf-8"), page=page.relative_to(ROOT).as_posix()
    )
]
RUNNABLE = [snippet for snippet in ALL if snippet.is_runnable]

Start = Callable[[], Program]
Scene = Callable[[RunningServer, Start, int], list[str]]


def nothing(server: RunningServer, start: Start, count: int) -> list[str]:
    """It ends by itself."""
    with start() as program:
        lines = program.lines(count)
        assert program.end() == (0, "")
    return lines


def one_post(server: RunningServer, start: Start, count: int) -> list[str]:
    """Alice posts."""
    with start() as program:
        server.wait_for_subscribers(1)
        server.post("<p>Hello</p>", tags=["python"])
        lines = program.lines(count)
        assert_interrupted(program)
    return lines


def one_day(server: RunningServer, start: Start, count: int) -> list[str]:
    """Alice posts, edits and deletes; Bob mentions her reader."""
    with start() as program:
        server.wait_for_subscribers(1)
        first = str(server.post("<p>Good morning</p>", tags=["python"])["id"])
        server.edit(first, content="<p>Good morning, all</p>")
        server.delete(first)
        server.notify("mention")
        lines = program.lines(count)
        assert_interrupted(program)
    return [line.replace(first, "ID") for line in lines]


def restart(server: RunningServer, start: Start, count: int) -> list[str]:
    """Alice posts, the program is stopped, Alice posts again, the program is started again."""
    with start() as program:
        server.wait_for_subscribers(1)
        server.post("<p>Hello</p>", tags=["python"])
        lines = program.lines(1)
        assert_interrupted(program)
    server.post("<p>Are you there?</p>", tags=["python"])
    with start() as program:
        while len(lines) < count:
            (line,) = program.lines(1)
            # Ctrl-C may have come while the first post was still in hand; then it comes again.
            lines += [line] if line != lines[0].replace("live", "catch-up") else []
        assert_interrupted(program)
    return lines


def broken_line(server: RunningServer, start: Start, count: int) -> list[str]:
    """The connection breaks, and Alice posts meanwhile."""
    with start() as program:
        server.wait_for_subscribers(1)
        server.cut_connections()
        server.post("<p>Hello</p>", tags=["python"])
        lines = program.lines(count)
        assert_interrupted(program)
    return lines


def terminated(server: RunningServer, start: Start, count: int) -> list[str]:
    """Alice posts, and a service manager ends the program."""
    with start() as program:
        server.wait_for_subscribers(1)
        server.post("<p>Hello</p>", tags=["python"])
        lines = program.lines(count)
        assert program.interrupt(signal.SIGTERM) == (0, "")
    return lines


def archive(server: RunningServer, start: Start, count: int) -> list[str]:
    """Alice posts, edits and deletes."""
    with start() as program:
        server.wait_for_subscribers(1)
        lines: list[str] = []
        status_id = str(server.post(tags=["python"])["id"])
        lines += program.lines(1)
        server.edit(status_id, content="<p>Hello, all</p>")
        lines += program.lines(1)
        server.delete(status_id)
        lines += program.lines(count - 2)
        assert_interrupted(program)
    return lines


SCENES: Mapping[str, Scene] = {
    "nothing": nothing,
    "one post": one_post,
    "one day": one_day,
    "restart": restart,
    "broken line": broken_line,
    "terminated": terminated,
    "archive": archive,
}


def assert_interrupted(program: Program) -> None:
    code, complaints = program.interrupt()
    assert code == 0 or complaints.rstrip().endswith("KeyboardInterrupt"), complaints


@pytest.mark.parametrize("snippet", RUNNABLE, ids=str)
def test_a_program_of_the_documentation_prints_what_the_page_says(
    snippet: Snippet, tmp_path: Path
) -> None:
    with running_server() as server:
        code = snippet.code.replace("https://mastodon.example", server.url)
        file = tmp_path / "program.py"
        file.write_text(code.replace('access_token="..."', f'access_token="{server.token}"'))

        def start() -> Program:
            return Program(file, server=server, folder=tmp_path)

        scene = SCENES[snippet.scene or "nothing"]
        assert snippet.printed or not snippet.scene, "Say in a block of text what it prints."
        assert scene(server, start, len(snippet.printed)) == list(snippet.printed)


@pytest.mark.parametrize("snippet", ALL, ids=str)
def test_a_block_of_python_compiles(snippet: Snippet) -> None:
    compile(snippet.code, str(snippet), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_a_line_that_includes_a_program_is_left_as_it_is() -> None:
    """It is no Python, and a formatter that takes it for some breaks it without a word."""
    lines = [
        line
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.match(r"-+ ?8|.*examples/\w+\.py\"$", line)
    ]
    assert len(lines) > 5
    assert [line for line in lines if not re.fullmatch(r'--8<-- "[\w/]+\.\w+"', line)] == []


def test_what_runs_is_found() -> None:
    page = """\
        Text.

        <!-- runnable: one post -->
        ```python
        print(1)
        ```

        It prints:

        ```text
        1
        ```

        ```python
        print(2)
        ```
        """
    first, second = snippets_of(textwrap.dedent(page), page="a.md")
    assert (first.code, first.scene, first.printed) == ("print(1)\n", "one post", ("1",))
    assert (first.line, first.is_runnable, second.is_runnable) == (5, True, False)


def test_the_readme_and_the_tutorial_have_programs_that_run() -> None:
    assert {"README.md", "docs/tutorial.md"} <= {snippet.page for snippet in RUNNABLE}
