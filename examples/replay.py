"""Show a recording to a client once more, ten times as fast: `python replay.py sqlite:toots.db`.

The server runs in this process; any Mastodon client could follow it. Ctrl-C ends it.
"""

import asyncio
import sys
from contextlib import suppress

from trunkline import AsyncMastodon
from trunkline.events import Update
from trunkline.replay import Pace, make_replay_server, replay, replay_on, streams_of


async def print_posts(url: str, token: str) -> None:
    async with AsyncMastodon(url, access_token=token) as mastodon:
        async for event in mastodon.stream("public"):
            if isinstance(event, Update):
                print(f"{event.status.account.acct}: {event.status.text}", flush=True)


async def main(recording: str) -> None:
    async with make_replay_server(streams_of(recording)) as server, asyncio.TaskGroup() as tasks:
        tasks.create_task(print_posts(server.url, server.token))
        await server.wait_for_subscribers(1)
        told = await replay_on(server, replay(recording, pace=Pace(speed=10)))
        print(f"{told} events were told", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
