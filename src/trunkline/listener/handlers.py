"""`StreamListener`: one method for each event, and the reading of byte lines.

The names are those of 2017, and those that Mastodon.py has added since. The class keeps no state,
so a subclass needs no call of ``super().__init__()``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.errors import BadInput, StopStream
from trunkline.events import Malformed
from trunkline.listener.calls import Convert, ForStream, Json, Plain, deliver, log
from trunkline.signals import Connected, Disconnected, Gap
from trunkline.wire.lines import NamedPayload, Partial, read_lines
from trunkline.wire.sse import Comment

__all__ = ["StreamListener", "follow_lines"]

_Told = NamedPayload | Comment | Partial


class StreamListener:
    """Handlers for what a stream tells; override those you want. All others do nothing.

    A handler that also has a parameter named `for_stream` gets the words of the stream that told
    the event, for example ``["hashtag", "python"]``; ``None`` where nothing names it. Raise
    `StopStream` in a handler to end the stream.
    """

    def on_update(self, status: Json, /) -> None:
        """Take a new post."""

    def on_status_update(self, status: Json, /) -> None:
        """Take the new version of a post that was edited."""

    def on_delete(self, status_id: int | str, /) -> None:
        """Take the id of a deleted post: an ``int``; a ``str`` on servers whose ids are text."""

    def on_notification(self, notification: Json, /) -> None:
        """Take a notification."""

    def on_conversation(self, conversation: Json, /) -> None:
        """Take a direct conversation that got a post or was read."""

    def on_filters_changed(self) -> None:
        """Learn that your filters changed; ask the server for them."""

    def on_announcement(self, announcement: Json, /) -> None:
        """Take an announcement that was published or edited."""

    def on_announcement_reaction(self, reaction: Json, /) -> None:
        """Take a reaction to an announcement, and its new count."""

    def on_announcement_delete(self, announcement_id: int | str, /) -> None:
        """Take the id of an announcement that was withdrawn."""

    def on_notifications_merged(self) -> None:
        """Learn that accepted notification requests were merged into your notifications."""

    def on_encrypted_message(self, message: Json, /) -> None:
        """Take an end-to-end encrypted message for your device."""

    def on_unknown_event(self, name: str, payload: Plain, /) -> None:
        """Take an event for which there is no handler; it was logged, too."""

    def on_any_event(self, name: str, data: Plain, /) -> None:
        """Take any event, before its own handler; `data` is ``None`` where it has none."""

    def handle_heartbeat(self) -> None:
        """Learn that the server is alive, every few seconds: a moment for housekeeping."""

    def on_abort(self, error: Exception, /) -> None:
        """Take the error that ends the stream; it is raised when this returns."""

    def on_websocket_error(self, error: Exception, for_stream: ForStream = None, /) -> None:
        """Take the server's refusal of one of the streams that share a WebSocket."""

    def on_gap(self, gap: Gap, /) -> None:
        """Take what became of a disconnect: what was fetched, and what may be missing.

        Trunkline's addition, as are `on_connected`, `on_disconnected` and `on_malformed`.
        """

    def on_connected(self, connected: Connected, /) -> None:
        """Learn that a connection is open and its streams are live."""

    def on_disconnected(self, disconnected: Disconnected, /) -> None:
        """Learn that a connection ended; the next attempt follows by itself."""

    def on_malformed(self, event: Malformed, /) -> None:
        """Take a frame that cannot be an event; it was logged, and the stream goes on."""

    def handle_stream(self, lines: Iterable[bytes]) -> None:
        """Call the handlers for every event in `lines`, until they end or a handler stops them.

        Every comment line calls `handle_heartbeat`. An event that is not over when the lines end is
        logged as a warning.

        Args:
            lines: Lines of bytes, as ``requests.Response.iter_lines()`` gives them; a line end that
                is still there is dropped.

        Raises:
            MalformedEventError: Malformed UTF-8, an event without a name or without data, or bad
                JSON. `on_abort` is told first, as it is of an error that reading `lines` raises.
            BadInput: `lines` is a response, or its items are not bytes.

        Source: WHATWG HTML standard, "Parsing an event stream".
        """
        follow_lines(lines, self)


def follow_lines(
    lines: Iterable[bytes], listener: StreamListener, *, convert: Convert | None = None
) -> None:
    """Do what `StreamListener.handle_stream` promises, with payloads converted by `convert`."""
    if hasattr(lines, "iter_lines") or hasattr(lines, "iter_content"):
        raise BadInput(
            f"Expected lines of bytes; got {type(lines).__name__}, a whole response. "
            "Call handle_stream(response.iter_lines())."
        )
    try:
        for told in _reported(read_lines(lines), listener):
            _take(told, listener, convert)
    except StopStream:
        return


def _reported(reading: Iterator[_Told], listener: StreamListener) -> Iterator[_Told]:
    """Yield what `reading` yields, and tell `listener` what it raises.

    A generator, because what the handlers raise while it waits is none of its business.
    """
    try:
        yield from reading
    except Exception as error:
        listener.on_abort(error)
        raise


def _take(told: _Told, listener: StreamListener, convert: Convert | None) -> None:
    if isinstance(told, NamedPayload):
        payload = told.payload if convert is None else convert(told.name, told.payload)
        deliver(listener, told.name, payload)
    elif isinstance(told, Comment):
        listener.handle_heartbeat()
    else:
        log.warning("The stream ended inside an event: %.200r", told.pending)
