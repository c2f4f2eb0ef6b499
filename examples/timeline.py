"""Print the posts of a server's own users as they appear; with asyncio.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import asyncio
import os
from contextlib import suppress

from trunkline import AsyncMastodon, Stream
from trunkline.events import Delete, Edit, Update


async def main(server: str, token: str) -> None:
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        mastodon.stream(Stream.public(local=True)) as events,
    ):
        async for event in events:
            match event:
                case Update(status=status):
                    print(f"{status.account.acct}: {status.text}", flush=True)
                case Edit(status=status):
                    print(f"{status.account.acct} (edited): {status.text}", flush=True)
                case Delete(status_id=status_id):
                    print(f"deleted: {status_id}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]))
