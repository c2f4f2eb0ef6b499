"""A bot in the style of 2017: one method for each event, payloads as plain JSON.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. It ends when somebody mentions
the bot with the word "stop".
"""

import os
from typing import Any

from trunkline import Mastodon, StopStream, StreamListener


class Bot(StreamListener):
    """Says what happens, until it is told to stop."""

    def on_update(self, status: dict[str, Any], /) -> None:
        """Take a new post."""
        print("post by", status["account"]["acct"], flush=True)

    def on_notification(self, notification: dict[str, Any], /) -> None:
        """Take a notification."""
        print(notification["type"], "by", notification["account"]["acct"], flush=True)
        if notification["type"] == "mention" and "stop" in notification["status"]["content"]:
            raise StopStream

    def on_delete(self, status_id: int | str, /) -> None:
        """Take the id of a deleted post."""
        print("deleted:", status_id, flush=True)


def main(server: str, token: str) -> None:
    with Mastodon(server, access_token=token) as mastodon:
        mastodon.user_stream(Bot())


if __name__ == "__main__":
    main(os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"])
