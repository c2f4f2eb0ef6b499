"""Logging in ends with a token in a file that only its owner can read, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from urllib.request import urlopen

import pytest
from tests.cli.programs import COMMAND, SECONDS, environment

from trunkline import Mastodon
from trunkline.cli.main import main
from trunkline.testing import RunningServer


@contextmanager
def _login(server: RunningServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, "login", "--server", server.url, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(None),
    ) as process:
        yield process


def _consent(process: subprocess.Popen[str]) -> str:
    """Do what a person does: open the page that is printed and read the code on it."""
    assert process.stdout is not None
    for line in process.stdout:
        if "/oauth/authorize" in line:
            with urlopen(line.strip()) as page:
                found = re.search("<code>(.*)</code>", page.read().decode())
            assert found is not None
            return found.group(1)
    raise AssertionError("no page was named")


def _post_when_heard(server: RunningServer) -> None:
    server.wait_for_subscribers(1)
    server.post("<p>hello</p>")


def test_a_login_keeps_a_good_token_in_a_private_file(
    server: RunningServer, tmp_path: Path
) -> None:
    token_file = tmp_path / "token.txt"
    with _login(server, "--token-file", str(token_file)) as process:
        out, err = process.communicate(_consent(process) + "\n", timeout=20)
    assert (process.returncode, err) == (0, "")
    token = token_file.read_text().strip()
    assert token not in out
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    with (
        Mastodon(server.url, access_token=token_file) as mastodon,
        mastodon.stream("public") as feed,
    ):
        post = Timer(0.0, _post_when_heard, [server])
        post.start()
        assert "hello" in next(feed).json()["content"]
        post.join()


def test_a_wrong_code_is_one_clear_line(server: RunningServer, tmp_path: Path) -> None:
    with _login(server, "--token-file", str(tmp_path / "token.txt")) as process:
        _consent(process)
        _, err = process.communicate("wrong\n", timeout=20)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert "invalid_grant" in err
    assert not (tmp_path / "token.txt").exists()


def test_a_file_that_is_there_is_not_overwritten(server: RunningServer, tmp_path: Path) -> None:
    token_file = tmp_path / "token.txt"
    token_file.write_text("precious")
    with _login(server, "--token-file", str(token_file)) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "precious" not in err
    assert token_file.read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["ctrl-c", "sigterm"]
)
def test_one_signal_ends_it_while_it_asks_for_the_code(
    number: signal.Signals, code: int, server: RunningServer, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    login = ("login", "--server", server.url, "--token-file", str(tmp_path / "token.txt"))
    with subprocess.Popen(
        [*COMMAND, *login],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(None),
        start_new_session=True,
    ) as process:
        shown = b""
        while b"Code" not in shown:
            shown += os.read(ours, 1000)
        process.send_signal(number)
        try:
            assert process.wait(SECONDS) == code
        finally:
            process.kill()
    os.close(theirs)
    os.close(ours)
    assert not (tmp_path / "token.txt").exists()


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(
    server: RunningServer, tmp_path: Path
) -> None:
    token_file = tmp_path / "nowhere" / "token.txt"
    with _login(server, "--token-file", str(token_file)) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert err == (
        f"trunkline: Expected to make {token_file} for the token: No such file or directory.\n"
    )


@pytest.mark.parametrize(
    ("address", "told", "advice"),
    [
        ("http://127.0.0.1:1", "does not answer", "Check the address and the network."),
        ("{url}/nothing-here", "lets nobody log in", "Mastodon-compatible"),
    ],
)
def test_a_server_that_gives_no_page_is_told_with_what_to_do(
    address: str,
    told: str,
    advice: str,
    server: RunningServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    token_file = tmp_path / "token.txt"
    url = address.format(url=server.url)
    assert main(["login", "--server", url, "--token-file", str(token_file)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert advice in err
    assert "Copy the code" not in err
    assert not token_file.exists()
