"""Archive a hashtag, one file for each post, and take away what its author takes away.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment; the tag and the folder are its
arguments. What was edited or deleted while it was away is found when it is back. Ctrl-C ends it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from trunkline import Mastodon, Stream
from trunkline.events import Delete, Edit, Update


def main(server: str, token: str, tag: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Mastodon(server, access_token=token, cursors=folder / "cursors.db") as mastodon:
        for event in mastodon.stream(Stream.hashtag(tag)):
            match event:
                case Update() | Edit():
                    write(folder / f"{event.status_id}.json", event.raw)
                    print("kept", event.status_id, flush=True)
                case Delete(status_id=status_id):
                    (folder / f"{status_id}.json").unlink(missing_ok=True)
                    print("removed", status_id, flush=True)


def write(path: Path, content: bytes) -> None:
    half = path.with_suffix(".part")
    half.write_bytes(content)
    half.replace(path)  # in one step: a crash leaves the old file or the new one


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    with suppress(KeyboardInterrupt):
        main(server, token, sys.argv[1], Path(sys.argv[2]))
