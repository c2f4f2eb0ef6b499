"""Draws `docs/assets/demo.svg`: what `trunkline demo` shows after some seconds, as a picture.

From the top of the checkout: ``make picture``. The picture asks for nothing from elsewhere: rich's
own has the addresses of fonts in it, which are taken out.
"""

from __future__ import annotations

import asyncio
import io
import re
from pathlib import Path
from typing import Final

from rich.console import Console

from trunkline.cli.dashboard import picture
from trunkline.cli.demo import Order, Scene
from trunkline.cli.output import Output
from trunkline.cli.programme import fault_plan
from trunkline.cli.stage import make_server
from trunkline.client import AsyncMastodon

PICTURE: Final = Path(__file__).parent / "assets" / "demo.svg"
COLUMNS: Final = 112
ROWS: Final = 34
SECONDS: Final = 4.8
FONTS: Final = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"
ORDER: Final = Order(seconds=SECONDS, seed=38, rate=4.0, faults=True)


async def play() -> Scene:
    """Return the demo as it stands when it has played."""
    async with (
        make_server(faults=fault_plan(rate_per_second=ORDER.rate)) as server,
        AsyncMastodon(server.url, access_token=server.token) as mastodon,
    ):
        scene = Scene(ORDER, server=server, mastodon=mastodon, output=Output(io.BytesIO()))
        await scene.play()
        return scene


def drawn(scene: Scene) -> str:
    """Return the picture of a demo as SVG."""
    console = Console(
        record=True, file=io.StringIO(), width=COLUMNS, height=ROWS, force_terminal=True
    )
    show = scene.show
    console.print(
        picture(
            show,
            title="trunkline demo",
            events_per_second=show.events / SECONDS,
            bytes_per_second=show.totals.received_bytes / SECONDS,
            height=ROWS,
        )
    )
    svg = console.export_svg(title="make demo", unique_id="demo")
    without_fonts = re.sub(r"(?s)\s*@font-face \{.*?\}", "", svg)
    return without_fonts.replace("Fira Code, monospace", FONTS)


def main() -> None:
    """Play, draw and write."""
    svg = drawn(asyncio.run(play()))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg, encoding="utf-8")
    print(f"{PICTURE.name}: {len(svg) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
