"""The drawn pictures: well-formed, the same every time, and deaf to hostile names."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.server.media import avatar_svg, emoji_svg, picture_svg

SVG = "{http://www.w3.org/2000/svg}"
DRAWERS = [avatar_svg, picture_svg, emoji_svg]
any_drawer = pytest.mark.parametrize("draw", DRAWERS)
# Lone surrogates and control characters included.
any_text = st.text(st.characters(), max_size=40)


def letters(svg: str) -> str | None:
    return ElementTree.fromstring(svg).findtext(f"{SVG}text")


@any_drawer
@given(text=any_text)
def test_any_text_gives_a_small_well_formed_picture(draw: Callable[[str], str], text: str) -> None:
    svg = draw(text)

    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert {element.tag for element in root} <= {
        f"{SVG}{tag}" for tag in ("title", "defs", "rect", "circle", "text", "path", "polygon")
    }
    assert len(svg.encode("utf-8")) < 4_000


@any_drawer
def test_markup_in_a_name_stays_text(draw: Callable[[str], str]) -> None:
    hostile = '"><script>alert(1)</script>&lol;'

    svg = draw(hostile)

    assert "<script" not in svg
    assert hostile in str(ElementTree.fromstring(svg).findtext(f"{SVG}title"))


@any_drawer
def test_another_name_gives_another_picture(draw: Callable[[str], str]) -> None:
    bodies = {draw(f"name{number}").partition("</title>")[2] for number in range(12)}

    assert len(bodies) > 6


@any_drawer
def test_another_process_draws_the_same_picture(draw: Callable[[str], str]) -> None:
    program = (
        "import sys; from trunkline.server import media; "
        f"sys.stdout.buffer.write(media.{draw.__name__}('Étienne').encode())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert other.stdout.decode() == draw("Étienne")


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("mara_lindt", "ML"),
        ("Joris van Dam", "JD"),
        ("alice", "A"),
        ("森 花子", "森花"),
        ("7", "7"),
        ("<&>", "?"),
        ("", "?"),
        ("\x00\ud83d", "?"),
    ],
)
def test_an_avatar_shows_the_first_and_the_last_initial(name: str, initials: str) -> None:
    assert letters(avatar_svg(name)) == initials


def test_every_scene_is_drawn_sooner_or_later() -> None:
    shapes = {
        tuple(element.tag for element in ElementTree.fromstring(picture_svg(str(seed))))
        for seed in range(40)
    }

    assert len(shapes) == 4
