"""Record streams into SQLite until Ctrl-C, then say what was talked about.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment; the file and the streams are its
arguments. Started again it goes on where it was, also after it was killed.
"""

import asyncio
import os
import sqlite3
import sys
from contextlib import closing, suppress

from trunkline.record import Source, record

TAGS = "SELECT tag, posts, accounts FROM tag_counts ORDER BY posts DESC, tag LIMIT 10"


async def main(server: str, token: str, file: str, streams: list[str]) -> None:
    source = Source.of(server, *streams, access_token=token)
    print("recording", *map(str, source.streams), flush=True)
    await record(source, to=f"sqlite:{file}")


def summarise(file: str) -> None:
    with closing(sqlite3.connect(file)) as recording:
        for tag, posts, accounts in recording.execute(TAGS):
            print(f"#{tag}: {posts} posts by {accounts} accounts")


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    file, *streams = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        asyncio.run(main(server, token, file, streams))
    summarise(file)
