"""Print the posts of a server's own users as they appear; without asyncio.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import os
from contextlib import suppress

from trunkline import Mastodon, Stream
from trunkline.events import Delete, Edit, Update


def main(server: str, token: str) -> None:
    with Mastodon(server, access_token=token) as mastodon:
        for event in mastodon.stream(Stream.public(local=True)):
            match event:
                case Update(status=status):
                    print(f"{status.account.acct}: {status.text}", flush=True)
                case Edit(status=status):
                    print(f"{status.account.acct} (edited): {status.text}", flush=True)
                case Delete(status_id=status_id):
                    print(f"deleted: {status_id}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"])
