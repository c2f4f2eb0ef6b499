"""The page for those who come from Mastodon.py names all that that has, and tells the truth."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from trunkline import Mastodon, StreamListener
from trunkline.errors import BadInput

mastodon_py = pytest.importorskip("mastodon", reason="it comes with the extra `dev`")

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "move-from-mastodon-py.md").read_text(
    "utf-8"
)
METHODS = [name for name in dir(mastodon_py.Mastodon) if name.startswith("stream_")]
POSITIONAL = {"self", "listener", "tag", "id"}


def told(head: str) -> dict[str, bool]:
    """Return the keywords of the table with that head, and whether each is accepted."""
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:3] == "| `"]
    assert all(about.startswith(("Accepted", "Refused")) for _, about in rows)
    return {
        name: about.startswith("Accepted")
        for names, about in rows
        for name in re.findall(r"`(\w+)`", names)
    }


OF_THE_CLIENT = told("keyword of `Mastodon`")
OF_METHODS = told("keyword of the methods")


def parameters(function: object) -> set[str]:
    assert callable(function)
    return set(inspect.signature(function).parameters) - POSITIONAL


def test_every_keyword_of_mastodon_py_is_on_the_page() -> None:
    assert parameters(mastodon_py.Mastodon.__init__) == set(OF_THE_CLIENT)
    of_methods = [parameters(getattr(mastodon_py.Mastodon, name)) for name in METHODS]
    assert set().union(*of_methods) == set(OF_METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_streaming_method_of_mastodon_py_is_on_the_page_and_exists_or_has_another(
    name: str,
) -> None:
    assert re.search(rf"`{name}\b", PAGE)
    instead = PAGE.partition("| method of Mastodon.py |")[2].partition("\n\n")[0]
    assert hasattr(Mastodon, name) != (f"`{name}(" in instead)


@pytest.mark.parametrize(("name", "accepted"), OF_THE_CLIENT.items())
def test_the_client_takes_what_the_page_says(name: str, accepted: bool) -> None:
    given: dict[str, Any] = {"api_base_url": "https://mastodon.example", name: "mastodon.example"}
    if accepted:
        Mastodon(**given).close()
        return
    with pytest.raises(BadInput, match=rf"got {name}\.$"):
        Mastodon(**given)


@pytest.mark.parametrize(("name", "accepted"), OF_METHODS.items())
def test_the_methods_take_what_the_page_says(name: str, accepted: bool) -> None:
    methods = [one for one in METHODS if hasattr(Mastodon, one) and one != "stream_healthy"]
    theirs = [one for one in methods if name in parameters(getattr(mastodon_py.Mastodon, one))]
    assert theirs
    with Mastodon("https://127.0.0.1:9", access_token="token") as mastodon:
        for method in theirs:
            first = {"stream_hashtag": ["python"], "stream_list": ["1"]}.get(method, [])
            given: dict[str, Any] = {"run_async": True, name: 300 if name == "timeout" else True}
            call = getattr(mastodon, method)
            if accepted:
                call(*first, StreamListener(), **given)
                continue
            with pytest.raises(BadInput, match=rf"got {name}\.$"):
                call(*first, StreamListener(), **given)


def test_only_the_listener_is_given_by_position() -> None:
    with Mastodon("https://mastodon.example", access_token="token") as mastodon:
        call: Any = mastodon.stream_user
        with pytest.raises(TypeError, match="positional"):
            call(StreamListener(), True)
