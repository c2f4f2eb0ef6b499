"""A store of cursors of one's own: a file of JSON. `python own_cursors.py bot.json`.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. Ctrl-C ends it, and started
again it goes on where it was. Anything with these methods will do: a row in your own database, too.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from trunkline import Mastodon
from trunkline.cursors import Cursor, Key, SavedCursor
from trunkline.events import Update


class JsonCursors:
    """Keeps cursors in a file, which is replaced in one step; for one process."""

    save_interval_seconds = 1.0

    def __init__(self, file: Path) -> None:
        self._file = file
        content = file.read_bytes() if file.exists() else b"{}"
        self._saved = msgspec.json.decode(content, type=dict[str, SavedCursor])

    def load(self, name: str) -> SavedCursor | None:
        """Return what was saved under a name."""
        return self._saved.get(name)

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        """Keep the cursor, and the newest of the keys, in order."""
        known = self._saved[name].keys if name in self._saved else []
        self._saved[name] = SavedCursor(cursor, [*known, *keys][-cursor.capacity :])
        half = self._file.with_suffix(".part")
        half.write_bytes(msgspec.json.encode(self._saved))
        half.replace(self._file)

    def close(self) -> None:
        """Do nothing: the file is open only while it is written."""


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    cursors = JsonCursors(Path(sys.argv[1]))
    with suppress(KeyboardInterrupt), Mastodon(server, access_token=token, cursors=cursors) as it:
        for event in it.stream("public"):
            match event:
                case Update(status=status):
                    print(f"[{event.origin}] {status.account.acct}: {status.text}", flush=True)
