"""Watch the connection itself: when it breaks, when it is back, and what a break cost.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import asyncio
import os
from contextlib import suppress

from trunkline import AsyncMastodon, Stream
from trunkline.signals import Connected, Disconnected, Gap


async def main(server: str, token: str) -> None:
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        mastodon.stream(Stream.user(), signals=True) as items,
    ):
        async for item in items:
            match item:
                case Connected():
                    print("connected by", item.transport, flush=True)
                case Disconnected():
                    wait = f"next try in {item.retry_in_seconds:.1f} s"
                    print(f"disconnected ({item.reason}), {wait}", flush=True)
                case Gap(complete=True):
                    print(f"gap closed, {item.recovered} events fetched", flush=True)
                case Gap():
                    print("may be missing:", ", ".join(sorted(item.missing)), flush=True)
                    print("because", item.reason, flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]))
