"""Pass events on without looking into them: one line for each, its name and its JSON.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import asyncio
import os
import sys
from contextlib import suppress

from trunkline import AsyncMastodon, Stream


async def main(server: str, token: str) -> None:
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        mastodon.stream(Stream.public(), decode=False) as events,
    ):
        async for event in events:
            # `raw` is what the server sent; no entity is made of it, so none has to be paid for.
            payload = event.raw.replace(b"\n", b" ")
            sys.stdout.buffer.write(event.name.encode() + b"\t" + payload + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]))
