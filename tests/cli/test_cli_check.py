"""`trunkline check`: one line for each finding, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from trunkline.cli.main import main
from trunkline.testing import Fault, RunningServer, running_server

SECRET = "s3cr3t-t0ken-of-a-test"


@dataclass(frozen=True)
class Report:
    """What `check` printed: for each thing how it stands and the words about it."""

    code: int
    levels: dict[str, str]
    words: dict[str, str]
    text: str


class Checker:
    """Runs `trunkline check`."""

    def __init__(self, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        self._capfd = capfd
        self._file = tmp_path / "token"

    def __call__(self, server: str, *streams: str, token: str | None = None) -> Report:
        arguments = ["check", *streams, "--server", server]
        if token is not None:
            self._file.write_text(f"{token}\n")
            arguments += ["--token-file", str(self._file)]
        code = main(arguments)
        captured = self._capfd.readouterr()
        assert captured.err == ""
        lines = [line.split(maxsplit=2) for line in captured.out.splitlines()]
        assert all(len(line) == 3 for line in lines)
        return Report(
            code=code,
            levels={about: level for level, about, _ in lines},
            words={about: words for _, about, words in lines},
            text=captured.out,
        )


@pytest.fixture
def check(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Checker:
    monkeypatch.delenv("MASTODON_ACCESS_TOKEN", raising=False)
    return Checker(capfd, tmp_path)


def test_a_good_server_and_a_good_token_are_all_ok(
    trunkline_server: RunningServer, check: Checker
) -> None:
    server = trunkline_server
    report = check(server.url, token=server.token)
    assert report.code == 0
    assert set(report.levels.values()) == {"ok"}
    assert "runs 4.4.0" in report.words["server"]
    assert report.words["token"] == "belongs to demo"
    assert report.words["user:notification"] == "opens by event stream"
    assert server.token not in report.text


def test_it_leaves_no_connection_behind(trunkline_server: RunningServer, check: Checker) -> None:
    check(trunkline_server.url, token=trunkline_server.token)
    trunkline_server.until(lambda: trunkline_server.server.hub.subscribers == 0)


def test_without_a_token_it_says_where_to_put_one_and_that_streams_fail(
    trunkline_server: RunningServer, check: Checker
) -> None:
    report = check(trunkline_server.url, "public")
    assert report.code == 1
    assert report.levels["token"] == "warn"
    assert "--token-file or MASTODON_ACCESS_TOKEN" in report.words["token"]
    assert report.levels["public"] == "fail"


def test_a_bad_token_fails_and_is_not_shown(
    trunkline_server: RunningServer, check: Checker
) -> None:
    report = check(trunkline_server.url, "public", token=SECRET)
    assert report.code == 1
    assert report.levels["token"] == "fail"
    assert SECRET not in report.text


def test_a_narrow_scope_is_told_stream_by_stream(
    trunkline_server: RunningServer, check: Checker
) -> None:
    server = trunkline_server
    server.call(lambda: server.world.people.add_token(SECRET, scopes=("read:statuses",)))
    report = check(server.url, "user", "user:notification", token=SECRET)
    assert report.code == 1
    assert report.levels == {
        "server": "ok",
        "streaming": "ok",
        "health": "ok",
        "token": "ok",
        "user": "ok",
        "user:notification": "fail",
    }
    assert report.words["user:notification"].startswith("needs read:notifications")


def test_the_token_of_an_app_is_told_from_that_of_a_user(
    trunkline_server: RunningServer, check: Checker
) -> None:
    server = trunkline_server
    server.call(lambda: server.world.people.add_token(SECRET, app=True))
    report = check(server.url, "public", token=SECRET)
    assert report.levels["token"] == "fail"
    assert "app" in report.words["token"]


def test_a_stream_that_the_server_does_not_know_fails(
    trunkline_server: RunningServer, check: Checker
) -> None:
    report = check(trunkline_server.url, "nonsense", token=trunkline_server.token)
    assert report.code == 1
    assert report.levels["nonsense"] == "fail"
    assert "WebSocket" in report.words["nonsense"] or "event stream" in report.words["nonsense"]


def test_a_server_that_does_not_answer_is_the_only_line(check: Checker) -> None:
    report = check("http://127.0.0.1:1")
    assert report.code == 1
    assert report.levels == {"server": "fail"}
    assert "unreachable" in report.words["server"]


def test_a_proxy_that_holds_event_streams_back_leaves_the_websocket(check: Checker) -> None:
    with running_server(faults=[Fault("html", transport="sse")]) as server:
        report = check(server.url, "public", token=server.token)
    assert report.code == 0
    assert report.levels["public"] == "warn"
    assert report.words["public"].endswith("opens by WebSocket")


@pytest.mark.parametrize(
    ("flavour", "level", "ending"),
    [
        ("gotosocial", "ok", "opens by WebSocket"),
        ("akkoma", "ok", "opens by WebSocket"),
        ("friendica", "warn", "polling its timeline"),
    ],
)
def test_other_kinds_of_server_are_followed_as_they_can_be(
    flavour: str, level: str, ending: str, check: Checker
) -> None:
    with running_server(flavour=flavour) as server:
        report = check(server.url, "public", token=server.token)
    assert report.code == 0
    assert report.levels["public"] == level
    assert report.words["public"].endswith(ending)


class Website(BaseHTTPRequestHandler):
    """Answers every question with a page, as hosts do that are no Mastodon server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Welcome</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


def test_a_website_is_told_from_a_server_and_not_followed_by_polling(check: Checker) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Website) as website:
        serving = Thread(target=website.serve_forever)
        serving.start()
        report = check(f"http://127.0.0.1:{website.server_port}", "public", token=SECRET)
        website.shutdown()
        serving.join()
    assert report.code == 1
    assert report.levels["server"] == "fail"
    assert report.levels["public"] == "fail"
    assert "text/html" in report.words["public"]


def test_bad_input_is_one_line_and_the_exit_code_2(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "hashtag", "--server", "mastodon.example"]) == 2
    assert main(["check", "--server", "ftp://mastodon.example"]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert [line[:11] for line in captured.err.splitlines()] == ["trunkline: "] * 2
