"""A sink of one's own: it counts hashtags and keeps no post. `python own_sink.py tags.json public`.

Needs MASTODON_SERVER and MASTODON_ACCESS_TOKEN in the environment. The counts and how far they go
are one file, replaced in one step: each post counts once, also after a crash. Ctrl-C ends it, and
`jq .tags tags.json` shows them.
"""

import asyncio
import os
import sys
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trunkline.cursors import SavedCursor
from trunkline.errors import MalformedEventError, SinkUnavailable
from trunkline.events import Update
from trunkline.record import Source, record
from trunkline.sinks import Batch, Target


@dataclass(frozen=True)
class Counts:
    """What is in the file: how many posts have each tag, and how far each subscription has come."""

    tags: dict[str, int] = field(default_factory=dict)
    saved: dict[str, SavedCursor] = field(default_factory=dict)


class TagSink:
    """Counts the hashtags of posts in a file of JSON; for one process."""

    def __init__(self, file: str) -> None:
        self.place: Path | None = Path(file)
        self._file = Path(file)
        content = self._file.read_bytes() if self._file.exists() else b"{}"
        self._counts = msgspec.json.decode(content, type=Counts)

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of a subscription."""
        return self._counts.saved.get(name)

    def write(self, batch: Batch) -> None:
        """Count the posts of a batch and note how far that is, in one step or not at all."""
        tags, saved = Counter(self._counts.tags), dict(self._counts.saved)
        for event in batch.events:
            if isinstance(event, Update):
                with suppress(MalformedEventError):  # nobody has decoded it: it may be broken
                    tags.update(tag.name for tag in event.status.tags)
        for one in batch.positions:
            known = saved[one.name].keys if one.name in saved else []
            keys = [*known, *one.keys][-one.cursor.capacity :]
            saved[one.name] = SavedCursor(one.cursor, keys)
        counts = Counts(dict(tags), saved)
        half = self._file.with_suffix(".part")
        try:
            half.write_bytes(msgspec.json.encode(counts))
            half.replace(self._file)
        except OSError as error:  # the same batch comes again
            raise SinkUnavailable(f"Cannot write to {self._file}: {error}.") from error
        self._counts = counts

    def close(self) -> None:
        """Do nothing: the file is open only while it is written."""


def open_it(target: Target) -> TagSink:
    """Open the sink by its name; an entry point of the group `trunkline.sinks` leads here."""
    target.allow()  # no options after a question mark
    return TagSink(target.place)


def main(server: str, token: str, file: str, streams: list[str]) -> None:
    source = Source.of(server, *streams, access_token=token)
    with closing(TagSink(file)) as sink, suppress(KeyboardInterrupt):
        asyncio.run(record(source, to=sink))


if __name__ == "__main__":
    server, token = os.environ["MASTODON_SERVER"], os.environ["MASTODON_ACCESS_TOKEN"]
    main(server, token, sys.argv[1], sys.argv[2:])
