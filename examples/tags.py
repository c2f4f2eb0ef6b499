"""Follow several hashtags on one connection.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment; the tags are its arguments.
Ctrl-C ends it.
"""

import asyncio
import os
import sys
from contextlib import suppress

from trunkline import AsyncMastodon, Stream
from trunkline.events import Update


async def main(server: str, token: str, tags: list[str]) -> None:
    streams = [Stream.hashtag(tag) for tag in tags]
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        mastodon.stream(*streams) as events,
    ):
        async for event in events:
            match event:
                case Update(status=status):
                    # A post with two of the tags comes once for each of them.
                    print(f"#{event.stream.tag}  {status.account.acct}: {status.text}", flush=True)


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    with suppress(KeyboardInterrupt):
        asyncio.run(main(server, token, sys.argv[1:] or ["python"]))
