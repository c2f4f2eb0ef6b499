"""How a stream is followed: one frozen value, and the keywords that make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypedDict, cast

from trunkline.errors import BadInput
from trunkline.streams import Stream

__all__ = [
    "ListenKeywords",
    "StreamKeywords",
    "StreamOptions",
    "Transport",
    "TransportChoice",
    "listen_options",
]

Transport = Literal["sse", "websocket", "polling"]
TransportChoice = Literal["auto", "sse", "websocket", "polling"]

_TRANSPORTS: Final = ("auto", "sse", "websocket", "polling")
_SWITCHES: Final = ("signals", "decode", "catch_up", "reconcile")
_COUNTS: Final = (
    "catch_up_limit",
    "reconcile_limit",
    "max_retries",
    "buffer_events",
    "buffer_bytes",
)
_SECONDS: Final = (
    "reconcile_window_seconds",
    "settle_seconds",
    "give_up_after_seconds",
    "stall_seconds",
    "silence_probe_seconds",
    "poll_seconds",
)
_MAY_LACK: Final = frozenset({"max_retries", "give_up_after_seconds"})
_ABOVE_ZERO: Final = frozenset(
    {"buffer_events", "buffer_bytes", "poll_seconds", "silence_probe_seconds", "stall_seconds"}
)
_USER_OVERLAP_SECONDS: Final = 120.0
_OVERLAP_SECONDS: Final = 600.0
_THOROUGH_SECONDS: Final = 6 * 3600.0


class StreamKeywords(TypedDict, total=False):
    """The keywords of `stream`; each is explained at the attribute of `StreamOptions`."""

    transport: TransportChoice
    decode: bool
    catch_up: bool
    catch_up_limit: int
    overlap: float | Literal["thorough"] | None
    reconcile: bool
    reconcile_window_seconds: float
    reconcile_limit: int
    settle_seconds: float
    max_retries: int | None
    give_up_after_seconds: float | None
    stall_seconds: float
    buffer_events: int
    buffer_bytes: int
    silence_probe_seconds: float
    poll_seconds: float


class ListenKeywords(StreamKeywords, total=False):
    """The keywords of the listening methods: those of a stream, and the words of Mastodon.py.

    `run_async` listens in a thread and returns its handle. `timeout` is `stall_seconds` by another
    name. `reconnect_async` and `reconnect_async_wait_sec` are taken for the sake of moving over and
    change nothing: a stream always reconnects, and the verdict table says when (``max_retries=0``
    does not).
    """

    run_async: bool
    timeout: float
    reconnect_async: bool
    reconnect_async_wait_sec: float


def listen_options(keywords: ListenKeywords) -> tuple[bool, StreamKeywords]:
    """Return whether to listen in a thread, and the options of the stream."""
    options: dict[str, object] = {**keywords}
    run_async = bool(options.pop("run_async", False))
    if "timeout" in options:
        options["stall_seconds"] = options.pop("timeout")
    options.pop("reconnect_async", None)
    options.pop("reconnect_async_wait_sec", None)
    return run_async, cast("StreamKeywords", options)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """How a stream is followed.

    Attributes:
        transport: ``auto`` takes an event stream for one stream and a WebSocket for several, and
            falls back to the other and then to polling; or the one transport to use.
        signals: Whether signals come among the events.
        decode: Whether entities are decoded before an event is handed over, so that what does not
            decode arrives as `Malformed`. Without it reading a field decodes, and may raise
            `MalformedEventError`; a consumer who only forwards bytes pays nothing.
        catch_up: Whether to fetch what a disconnect hid. Polling is nothing else.
        catch_up_limit: How many events to fetch for one gap at the most. As many are remembered, or
            20,000.
        overlap: How many seconds below the highest id to look for posts that came late;
            ``"thorough"`` is six hours, the most that can have been streamed late. ``None`` takes 2
            minutes for `user` streams and 10 for others.
        reconcile: Whether to ask for edits and deletions that a disconnect hid.
        reconcile_window_seconds: How long before the gap posts were delivered that are asked for.
        reconcile_limit: How many posts to ask for after one gap at the most. As many events are
            remembered, or 20,000.
        settle_seconds: How long to wait before reading again what REST may have lagged behind.
        max_retries: Give up after so many retries in a row; ``None`` never does.
        give_up_after_seconds: Give up after so long without a connection; ``None`` never does.
        stall_seconds: Silence after which a connection counts as dead; three heartbeats.
        buffer_events: How many events may wait for the consumer before reading stops.
        buffer_bytes: How many bytes of them may wait.
        silence_probe_seconds: After so long without an event REST is asked for something newer.
        poll_seconds: How often a server without streaming is asked.

    Raises:
        BadInput: A number below zero, or an unknown transport.
    """

    transport: TransportChoice = "auto"
    signals: bool = False
    decode: bool = True
    catch_up: bool = True
    catch_up_limit: int = 2000
    overlap: float | Literal["thorough"] | None = None
    reconcile: bool = True
    reconcile_window_seconds: float = 3600.0
    reconcile_limit: int = 1000
    settle_seconds: float = 5.0
    max_retries: int | None = None
    give_up_after_seconds: float | None = None
    stall_seconds: float = 45.0
    buffer_events: int = 5_000
    buffer_bytes: int = 8 * 1024 * 1024
    silence_probe_seconds: float = 600.0
    poll_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.transport not in _TRANSPORTS:
            raise BadInput(f"Expected a transport of {_TRANSPORTS}; got {self.transport!r}.")
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"Expected {name} to be true or false; got {getattr(self, name)!r}.")
        if self.overlap not in (None, "thorough") and not isinstance(self.overlap, (int, float)):
            raise BadInput(f"Expected seconds or 'thorough' as overlap; got {self.overlap!r}.")
        if isinstance(self.overlap, (int, float)):
            _check_number("overlap", self.overlap)
        for name in (*_COUNTS, *_SECONDS):
            value = getattr(self, name)
            if value is not None or name not in _MAY_LACK:
                _check_number(name, value)

    def overlap_seconds(self, stream: Stream) -> float:
        """Return how far below the highest id of `stream` to look for posts that came late."""
        if self.overlap == "thorough":
            return _THOROUGH_SECONDS
        if self.overlap is not None:
            return self.overlap
        return _USER_OVERLAP_SECONDS if stream.name.startswith("user") else _OVERLAP_SECONDS


def _check_number(name: str, value: object) -> None:
    kind, what = (int, "a whole number") if name in _COUNTS else ((int, float), "a number")
    if isinstance(value, bool) or not isinstance(value, kind):
        raise BadInput(f"Expected {name} to be {what}; got {value!r}.")
    if not value >= 0:
        raise BadInput(f"Expected {name} to be 0 or more; got {value!r}.")
    if not value and name in _ABOVE_ZERO:
        raise BadInput(f"Expected {name} to be more than 0; got 0.")
