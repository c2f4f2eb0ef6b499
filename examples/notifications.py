"""Follow your notifications like a log file, and count who writes to you most.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it.
"""

import os
from collections import Counter
from contextlib import suppress

from trunkline import Mastodon, Stream
from trunkline.events import Notify


def main(server: str, token: str) -> None:
    mentions: Counter[str] = Counter()
    with (
        Mastodon(server, access_token=token) as mastodon,
        mastodon.stream(Stream.notifications()) as events,
    ):
        for event in events:
            match event:
                case Notify(notification=notification):
                    who = notification.account.acct
                    text = notification.status.text if notification.status else ""
                    mentions[who] += notification.type == "mention"
                    print(f"{notification.type} by {who} ({mentions[who]}): {text}", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"])
