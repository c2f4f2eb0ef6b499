"""Pictures drawn from a name: avatars, photographs of nowhere, custom emoji; small SVG documents.

Promises the same well-formed picture for the same text, in any process, whatever characters the
text has: it is escaped, and what XML cannot hold is left out. Knows nothing of HTTP, files or
accounts, and refers to nothing outside the picture.

Source: Scalable Vector Graphics 1.1; Extensible Markup Language 1.0, "Characters".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from html import escape
from typing import Final

__all__ = ["avatar_svg", "emoji_svg", "picture_svg"]

AVATAR_PIXELS: Final = 96
PICTURE_WIDTH: Final = 640
PICTURE_HEIGHT: Final = 480
FIRST_SKY_HUE: Final = 185  # from the blue of noon through violet to the orange of dusk
SKY_HUES: Final = 180
FORBIDDEN_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
WORD_BREAKS: Final = re.compile(r"[\W_]+")
MOUTHS: Final = ("M20 38q12 12 24 0", "M22 42h20", "M20 38q12 20 24 0z", "M27 38a5 6 0 1 0 10 0z")

Dice = Iterator[int]


def avatar_svg(name: str) -> str:
    """Return a square avatar: two colours, two circles, and up to two initials of the name."""
    dice = _dice("avatar", name)
    hue = next(dice) * 360 // 256
    size = AVATAR_PIXELS
    circles = "".join(
        _circle(next(dice) * size // 256, next(dice) * size // 256, 14 + next(dice) % 34, opacity)
        for opacity in ("0.18", "0.12")
    )
    letters = (
        f'<text x="{size // 2}" y="{size // 2}" dy="0.36em" text-anchor="middle" fill="#fff" '
        f'font-family="system-ui,sans-serif" font-weight="600" font-size="40">'
        f"{escape(_initials(name))}</text>"
    )
    body = _backdrop(size, size, _hsl(hue, 62, 52), _hsl(hue + 48, 66, 38)) + circles + letters
    return _document(size, size, title=name, body=body)


def picture_svg(seed: str) -> str:
    """Return a picture, 640 by 480: a sky, and before it hills, a sea, a town or lights."""
    dice = _dice("picture", seed)
    hue = FIRST_SKY_HUE + next(dice) * SKY_HUES // 256
    width, height = PICTURE_WIDTH, PICTURE_HEIGHT
    sky = _backdrop(width, height, _hsl(hue, 60, 32), _hsl(hue + 40, 74, 74))
    sun = _circle(80 + next(dice) * 480 // 256, 90 + next(dice) % 120, 28 + next(dice) % 34, "0.85")
    scene = SCENES[next(dice) % len(SCENES)](dice, hue)
    return _document(width, height, title=f"Picture {seed}", body=sky + sun + scene)


def emoji_svg(shortcode: str) -> str:
    """Return a custom emoji: a round face."""
    dice = _dice("emoji", shortcode)
    face = _hsl(next(dice) * 360 // 256, 82, 66)
    mouth = MOUTHS[next(dice) % len(MOUTHS)]
    body = (
        f'<circle cx="32" cy="32" r="29" fill="{face}"/>'
        '<circle cx="23" cy="26" r="4" fill="#222"/><circle cx="41" cy="26" r="4" fill="#222"/>'
        f'<path d="{mouth}" fill="none" stroke="#222" stroke-width="3.5" stroke-linecap="round"/>'
    )
    return _document(64, 64, title=f":{shortcode}:", body=body)


def _dice(purpose: str, text: str) -> Dice:
    """Numbers from 0 to 255 that depend on the text alone (`hash` differs between processes)."""
    digest = sha256(f"{purpose} {text}".encode("utf-8", "surrogatepass")).digest()
    while True:
        yield from digest
        digest = sha256(digest).digest()


def _initials(name: str) -> str:
    # What XML forbids is no part of a word either, so it breaks words and is gone.
    words = [word for word in WORD_BREAKS.split(name) if word]
    picked = words[:1] + words[1:][-1:]
    return "".join(word[0].upper() for word in picked) or "?"


def _document(width: int, height: int, *, title: str, body: str) -> str:
    title = escape(FORBIDDEN_IN_XML.sub("", title))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{title}</title>{body}</svg>'
    )


def _backdrop(width: int, height: int, top: str, bottom: str) -> str:
    return (
        '<defs><linearGradient id="g" x1="0" y1="0" x2="0.4" y2="1">'
        f'<stop offset="0" stop-color="{top}"/><stop offset="1" stop-color="{bottom}"/>'
        f'</linearGradient></defs><rect width="{width}" height="{height}" fill="url(#g)"/>'
    )


def _circle(x: int, y: int, radius: int, opacity: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="#fff" fill-opacity="{opacity}"/>'


def _hsl(hue: int, saturation: int, lightness: int) -> str:
    return f"hsl({hue % 360},{saturation}%,{lightness}%)"


def _hills(dice: Dice, hue: int) -> str:
    """Three ridges, the nearest the darkest."""
    ridges = []
    for ridge in range(3):
        base = 260 + ridge * 70
        tops = " ".join(f"{x},{base + next(dice) % 90 - 45}" for x in range(0, 641, 80))
        colour = _hsl(hue + 20 * ridge, 38, 40 - 11 * ridge)
        ridges.append(f'<polygon points="0,480 {tops} 640,480" fill="{colour}"/>')
    return "".join(ridges)


def _sea(dice: Dice, hue: int) -> str:
    """Four bands of waves."""
    bands = []
    for band in range(4):
        y = 270 + band * 52
        swell = 12 + next(dice) % 18
        start = -(next(dice) % 160)
        waves = f"q40 {-swell} 80 0t80 0" * 6
        colour = _hsl(hue + 12 * band, 52, 46 - 8 * band)
        bands.append(f'<path d="M{start} {y}{waves}V480H{start}z" fill="{colour}"/>')
    return "".join(bands)


def _town(dice: Dice, hue: int) -> str:
    """A skyline with a lit window in each house."""
    houses = []
    for x in range(0, 640, 64):
        top = 210 + next(dice) % 150
        colour = _hsl(hue + next(dice) % 24, 30, 16 + next(dice) % 14)
        window_x, window_y = x + 12 + next(dice) % 30, top + 22 + next(dice) % 60
        houses.append(
            f'<rect x="{x}" y="{top}" width="65" height="{480 - top}" fill="{colour}"/>'
            f'<rect x="{window_x}" y="{window_y}" width="12" height="16" fill="#ffe9a8"/>'
        )
    return "".join(houses)


def _lights(dice: Dice, hue: int) -> str:
    """Lanterns out of focus."""
    return "".join(
        f'<circle cx="{next(dice) * 640 // 256}" cy="{next(dice) * 480 // 256}" '
        f'r="{18 + next(dice) % 52}" fill="{_hsl(hue + 30 * n, 80, 70)}" fill-opacity="0.35"/>'
        for n in range(14)
    )


SCENES: Final[tuple[Callable[[Dice, int], str], ...]] = (_hills, _sea, _town, _lights)
