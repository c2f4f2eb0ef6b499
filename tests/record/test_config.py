"""`trunkline.toml`: what it means, and every mistake in it with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline.errors import BadInput
from trunkline.record import Limits
from trunkline.record.config import Config, Mistake, load_config, read_config
from trunkline.streams import Stream
from trunkline.transport.secret import Secret

WHOLE = """\
to = "sqlite:toots.db?durable=yes"
on_delete = "purge"

[limits]
count = 7
batch_seconds = 2

[options]
settle_seconds = 1
overlap = "thorough"

[[server]]
url = "mastodon.example"
token_file = "one.token"
streams = [
    "public:local",
    "hashtag:python",
]

[[server]]
url = "https://other.example"
streams = ["public"]
proxy = "http://proxy.example:3128"
[server.options]
transport = "sse"
settle_seconds = 3
"""


def write(directory: Path, text: str) -> Path:
    path = directory / "trunkline.toml"
    path.write_text(text)
    return path


def test_a_file_says_what_to_record_where_and_how(tmp_path: Path) -> None:
    (tmp_path / "one.token").write_text("secret\n")
    config = load_config(write(tmp_path, WHOLE))
    (part,) = config.parts
    assert part.to == f"sqlite:{tmp_path}/toots.db?durable=yes"
    assert part.on_delete == "purge"
    assert part.sources == config.sources
    assert config.limits == Limits(count=7, batch_seconds=2.0)
    first, second = config.sources
    assert first.server == "https://mastodon.example"
    assert first.streams == (Stream.public(local=True), Stream.hashtag("python"))
    assert first.access_token == tmp_path / "one.token"
    assert first.options == {"settle_seconds": 1.0, "overlap": "thorough"}
    assert second.network is not None
    assert second.network.proxy == "http://proxy.example:3128"
    assert second.options["transport"] == "sse"
    assert second.options["settle_seconds"] == 3.0


def test_a_short_file_leaves_the_rest_as_usual(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, '[[server]]\nurl = "a.example"\nstreams = ["public"]\n'))
    (part,) = config.parts
    assert (part.to, part.on_delete, config.limits) == (None, "mark", Limits())


SEVERAL = """\
to = "toots.db"
on_delete = "purge"

[[sink]]
name = "columns"
to = "parquet:columns/"

[[sink]]
name = "lines"
to = "jsonl:lines/?compress=gzip"
on_delete = "ignore"

[[server]]
url = "a.example"
streams = ["public"]
sink = "lines"

[[server]]
url = "b.example"
streams = ["public"]

[[server]]
url = "c.example"
streams = ["public"]
sink = "columns"

[[server]]
url = "d.example"
streams = ["public"]
sink = "lines"
"""


def test_each_server_says_into_which_sink_it_is_recorded(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, SEVERAL))
    told = [
        (part.to, part.on_delete, [one.server for one in part.sources]) for part in config.parts
    ]
    assert told == [
        (f"sqlite:{tmp_path}/toots.db", "purge", ["https://b.example"]),
        (f"parquet:{tmp_path}/columns", "purge", ["https://c.example"]),
        (
            f"jsonl:{tmp_path}/lines?compress=gzip",
            "ignore",
            ["https://a.example", "https://d.example"],
        ),
    ]


def test_without_a_server_that_needs_it_there_is_no_usual_sink(tmp_path: Path) -> None:
    text = f'{SERVER}sink = "x"\n[[sink]]\nname = "x"\nto = "-"\n'
    (part,) = load_config(write(tmp_path, text)).parts
    assert (part.to, part.on_delete) == ("-", "mark")


SERVER = '[[server]]\nurl = "a.example"\nstreams = ["public"]\n'
OTHER = SERVER.replace("a.example", "b.example")
MISTAKES = {
    "": [(1, "Expected at least one [[server]] with 'url' and 'streams'.")],
    "a b": [(1, "This is not TOML: ")],
    '\n\nto = "x\n': [(3, "This is not TOML: ")],
    "[[server]]\n[server": [(2, "This is not TOML: ")],
    f"on_delte = 1\n{SERVER}": [(1, "There is no key 'on_delte' here; did you mean 'on_delete'?")],
    f"\nxyzzy = 1\n{SERVER}": [(2, "There is no key 'xyzzy' here; known are to, on_delete, ")],
    f"to = 7\n{SERVER}": [(1, "Expected str, got int: 7.")],
    f'to = "toots"\n{SERVER}': [(1, "Expected where to record")],
    f'to = "carrier-pigeon:loft"\n{SERVER}': [(1, "Expected a kind of sink of sqlite, ")],
    f'to = "sqlite:"\n{SERVER}': [(1, "Expected a file, as in ")],
    f'to = "toots.db?durable=2"\n{SERVER}': [(1, "Expected durable of sqlite:")],
    f'on_delete = "purge"\nto = "-"\n{SERVER}': [(2, "Expected a file to purge deleted posts")],
    f'{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "jsonl:x?compress=rar"': [
        (7, "Expected compress=gzip or compress=zstd; got 'rar'.")
    ],
    f'{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "parquet:x?file_rows=none"': [
        (7, "Expected file_rows of parquet:")
    ],
    f'{SERVER}\n[[server]]\nurl = "https://a.example/"\nstreams = ["user", "public"]': [
        (7, "Expected each stream of a server once; got public of https://a.example twice.")
    ],
    '[[server]]\nurl = "a.example"\nstreams = [\n  "user",\n  "user",\n]': [
        (4, "Expected each stream of a server once; got user of https://a.example twice.")
    ],
    f'on_delete = "forget"\n{SERVER}': [(1, "Expected one of mark, purge, ignore")],
    f"{SERVER}\n[limits]\ncount = 0\nseconds = true": [
        (6, "Expected count to be more than 0; got 0."),
        (7, "Expected float, got bool: True."),
    ],
    f"{SERVER}[limits]\ncount = 1.5": [(5, "Expected int, got float: 1.5.")],
    f"limits = 3\n{SERVER}": [(1, "Expected a table, such as [limits]; got 3.")],
    f'{SERVER}[options]\ntransport = "pigeon"': [
        (5, "Expected one of auto, sse, websocket, polling; got 'pigeon'.")
    ],
    f'{SERVER}[options]\noverlap = "quick"': [(5, "Expected a number or thorough; got 'quick'.")],
    f"{SERVER}[options]\npoll_seconds = -1": [(5, "Expected poll_seconds to be 0 or more; got")],
    f"{SERVER}[options]\ndecode = true": [(5, "There is no key 'decode' here")],
    f'{SERVER}sink = "columns"': [
        (4, "There is no [[sink]] named 'columns'; add it, with 'name' and 'to'.")
    ],
    f'{SERVER}sink = "colums"\n[[sink]]\nname = "columns"\nto = "x.db"': [
        (4, "There is no [[sink]] named 'colums'; did you mean 'columns'?"),
        (5, "No [[server]] records into this sink: say sink = 'columns' in one."),
    ],
    f'{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "x"': [(7, "Expected where to record")],
    f'{SERVER}sink = "a"\n[[sink]]\nname = "a"\n[[sink]]\nto = "x.db"\nnmae = "b"': [
        (5, "Expected 'to' in this [[sink]]."),
        (7, "Expected 'name' in this [[sink]]."),
        (9, "There is no key 'nmae' here; did you mean 'name'?"),
    ],
    f'{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "x.db"\n[[sink]]\nname = "a"\nto = "y.db"': [
        (9, "Expected a name that no other [[sink]] has; got 'a' twice.")
    ],
    f'to = "x.db"\n{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "jsonl:./x.db?durable=yes"': [
        (8, "Expected a place that no other sink has; sqlite:")
    ],
    f'{SERVER}sink = ""\n[[sink]]\nname = ""\nto = "x.db"': [
        (5, "Expected 'name' in this [[sink]].")
    ],
    f'{SERVER}sink = "a"\n{SERVER}[[sink]]\nname = "a"\nto = "x.db"': [
        (5, "Expected 'sink' here, or 'to' at the top of the file.")
    ],
    f'sink = "x.db"\n{SERVER}': [(1, "Expected a list with something in it; got 'x.db'.")],
    "[[server]]\n": [
        (1, "Expected 'streams' in this [[server]]."),
        (1, "Expected 'url' in this [[server]]."),
    ],
    f'{SERVER}\n[[server]]\nurl = "b.example"\nstreams = [\n  "public",\n  "list",\n  3,\n]\n': [
        (9, "The stream 'list' needs a list, as in 'list:42'."),
        (7, "Expected str, got int: 3."),
    ],
    '[[server]]\nurl = "ftp://a.example"\nstreams = ["user"]': [(2, "")],
    '[[server]]\nstreams = []\nurl = "a.example"': [(2, "Expected a list with something in it")],
    '[server]\nurl = "a.example"': [(1, "Expected a list with something in it")],
    f'{SERVER}token_file = "none"': [(4, "Expected a file at ")],
    f'{SERVER}token_file = "two.words"': [(4, "An access token is one word")],
    f'{SERVER}proxy = "socks://x"': [(4, "")],
    f"{SERVER}[server.options]\nreconcille = false\n{OTHER}[server.options]\nbuffer_events = 0": [
        (5, "There is no key 'reconcille' here; did you mean 'reconcile'?"),
        (10, "Expected buffer_events to be more than 0; got 0."),
    ],
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items())
def test_every_mistake_is_named_with_its_line(
    text: str, expected: list[tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "two.words").write_text("two words")
    path = write(tmp_path, text)
    found = read_config(path)
    assert not isinstance(found, Config)
    assert len(found) == len(expected)
    for mistake in found:
        assert "\n" not in mistake.text
    for line, beginning in expected:
        assert any(one.line == line and one.text.startswith(beginning) for one in found), found
    first = found[0]
    with pytest.raises(BadInput) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}:{first.line}: {first.text}")


def test_a_stream_may_be_recorded_into_two_sinks(tmp_path: Path) -> None:
    text = f'to = "x.db"\n{SERVER}{SERVER}sink = "a"\n[[sink]]\nname = "a"\nto = "y.db"\n'
    assert len(load_config(write(tmp_path, text)).parts) == 2


def test_a_file_with_several_mistakes_says_how_many_more(tmp_path: Path) -> None:
    path = write(tmp_path, "x = 1\ny = 2\n")
    with pytest.raises(BadInput, match=r"toml:1: .* And 2 more: trunkline config check "):
        load_config(path)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Expected a file such as trunkline\.toml at "):
        load_config(tmp_path / name)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trunkline.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="it is no text"):
        read_config(tmp_path / "trunkline.toml")


def test_a_mark_at_the_beginning_of_a_file_is_no_mistake(tmp_path: Path) -> None:
    """Some editors put one there."""
    (tmp_path / "one.token").write_text("secret\n", encoding="utf-8-sig")
    path = tmp_path / "trunkline.toml"
    path.write_text(f'{SERVER}token_file = "one.token"\n', encoding="utf-8-sig")
    (source,) = load_config(path).sources
    assert isinstance(source.access_token, Path)
    assert Secret.read(source.access_token).reveal() == "secret"


def test_mistakes_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    found = read_config(write(tmp_path, "\nb = 1\na = 1\n"))
    assert isinstance(found, list)
    assert [mistake.line for mistake in found] == [1, 2, 3]
    assert isinstance(found[0], Mistake)
