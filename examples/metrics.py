"""Follow a stream and show its counts to Prometheus, at http://127.0.0.1:PORT/metrics.

Needs trunkline[metrics], and MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment; the port
is its argument, 9100 without one. Ctrl-C ends it.
"""

import asyncio
import os
import sys
from contextlib import suppress

from prometheus_client import start_http_server

from trunkline import AsyncMastodon, Stream
from trunkline.events import Update
from trunkline.metrics import FeedCollector


async def main(server: str, token: str, port: int) -> None:
    async with (
        AsyncMastodon(server, access_token=token) as mastodon,
        mastodon.stream(Stream.public()) as events,
    ):
        FeedCollector(events, stream="public").register()
        start_http_server(port, addr="127.0.0.1")
        async for event in events:
            match event:
                case Update(status=status):
                    print(f"{status.account.acct}: {status.text}", flush=True)


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    with suppress(KeyboardInterrupt):
        asyncio.run(main(server, token, int(sys.argv[1]) if sys.argv[1:] else 9100))
