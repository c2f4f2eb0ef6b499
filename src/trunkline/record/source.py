"""What is to be recorded, and when a recording ends: two frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from trunkline.errors import BadInput
from trunkline.options import StreamKeywords
from trunkline.streams import Stream
from trunkline.transport.http import Network

__all__ = ["Limits", "Source", "stream_twice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Streams of one server, with one token; `Source.of` makes it from words.

    Attributes:
        server: The server's address.
        streams: What to record.
        access_token: As `AsyncMastodon` takes it: a token, or the path of a file with one.
        streaming_url: The streaming address, where the server names a wrong one.
        network: How to reach the server.
        options: How to follow; each is explained at `StreamOptions`.

    Raises:
        BadInput: There is no stream.
    """

    server: str
    streams: tuple[Stream, ...]
    access_token: str | Path | None = field(default=None, repr=False)
    streaming_url: str | None = None
    network: Network | None = None
    options: StreamKeywords = field(default_factory=lambda: StreamKeywords())

    def __post_init__(self) -> None:
        if not self.streams:
            raise BadInput(f"Expected a stream of {self.server}, such as 'public:local'; got none.")

    @classmethod
    def of(
        cls,
        server: str,
        *streams: Stream | str,
        access_token: str | Path | None = None,
        **options: Unpack[StreamKeywords],
    ) -> Source:
        """Return what to record, with streams as values or as text such as ``"public:local"``.

        Raises:
            BadInput: There is no stream, or a text that names none.
        """
        parsed = tuple(Stream.parse(one) if isinstance(one, str) else one for one in streams)
        return cls(server=server, streams=parsed, access_token=access_token, options=options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a recording ends by itself, and how much is stored in one step.

    Attributes:
        seconds: End after so long; ``None`` never does.
        count: End after exactly so many events.
        batch_events: Store at the latest when so many events wait.
        batch_bytes: Store at the latest when so many bytes of payload wait.
        batch_seconds: Store at the latest after so long.

    Raises:
        BadInput: One of them is not above zero.
    """

    seconds: float | None = None
    count: int | None = None
    batch_events: int = 1_000
    batch_bytes: int = 8 * 1024 * 1024
    batch_seconds: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise BadInput(f"Expected {name} to be more than 0; got {value!r}.")


def stream_twice(stream: Stream, server: str) -> BadInput:
    """Return what says that a stream of a server is recorded twice into one sink."""
    return BadInput(
        f"Expected each stream of a server once; got {stream} of {server} twice. Record a second"
        " account into a sink of its own."
    )
