"""Record many servers into many sinks, as a file says: `python record_many.py trunkline.toml`.

The file is that of `trunkline record --config`. Once a second it prints how each server is doing;
Ctrl-C ends it, and started again it goes on.
"""

import asyncio
import sys
from contextlib import ExitStack, closing, suppress

from trunkline.errors import BadInput
from trunkline.record import Config, Recorders, load_config
from trunkline.sinks import open_sink


async def main(config: Config) -> None:
    with ExitStack() as stack:
        parts = []
        for part in config.parts:
            sink = open_sink(part.to or "sqlite:toots.db", on_delete=part.on_delete)
            parts.append((part.sources, stack.enter_context(closing(sink))))
        recorders = Recorders(parts, limits=config.limits)
        telling = asyncio.create_task(tell(recorders))
        try:
            await recorders.run()
        finally:
            telling.cancel()


async def tell(recorders: Recorders) -> None:
    while True:
        await asyncio.sleep(1)
        for one in recorders.progress().servers:
            print(f"{one.server}: {one.state}, {one.taken} events", flush=True)


if __name__ == "__main__":
    try:
        found = load_config(sys.argv[1])
    except BadInput as error:  # it names the file, the line and what to do
        sys.exit(str(error))
    with suppress(KeyboardInterrupt):
        asyncio.run(main(found))
