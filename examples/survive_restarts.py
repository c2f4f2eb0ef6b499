"""A bot that goes on where it ended: stop it, start it again, and it tells what it missed.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment; the file of cursors is its
argument. Ctrl-C ends it.
"""

import asyncio
import os
import sys
from contextlib import suppress

from trunkline import AsyncMastodon, Stream
from trunkline.events import Update


async def main(server: str, token: str, cursors: str) -> None:
    async with (
        AsyncMastodon(server, access_token=token, cursors=cursors) as mastodon,
        mastodon.stream(Stream.public(local=True)) as events,
    ):
        async for event in events:
            match event:
                case Update(status=status):
                    print(f"[{event.origin}] {status.account.acct}: {status.text}", flush=True)


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    with suppress(KeyboardInterrupt):
        asyncio.run(main(server, token, sys.argv[1] if sys.argv[1:] else "bot.cursors"))
