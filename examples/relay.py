"""Share one connection to a server between several parts of a program.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import asyncio
import os
from contextlib import suppress

from trunkline import AsyncMastodon
from trunkline.events import Delete, Update
from trunkline.relay import Relay


async def print_posts(url: str, token: str) -> None:
    async with AsyncMastodon(url, access_token=token) as mastodon:
        async for event in mastodon.stream("public"):
            if isinstance(event, Update):
                print(f"{event.status.account.acct}: {event.status.text}", flush=True)


async def print_deletions(url: str, token: str) -> None:
    async with AsyncMastodon(url, access_token=token) as mastodon:
        async for event in mastodon.stream("public"):
            if isinstance(event, Delete):
                print(f"deleted: {event.status_id}", flush=True)


async def main(server: str, token: str) -> None:
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        Relay(mastodon, "public") as relay,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(print_posts(relay.url, relay.tokens[0]))
        tasks.create_task(print_deletions(relay.url, relay.tokens[0]))
        tasks.create_task(relay.run())
        await relay.server.wait_for_subscribers(2)
        print(f"{relay.url} has two clients", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]))
