"""Typed events and signals of a supervised stream, to the handlers of a listener.

A frame that cannot be an event never ends a supervised stream: it is logged and offered to
`on_malformed`. What a handler raises, `StopStream` too, is the caller's.
"""

from __future__ import annotations

from typing import assert_never

from trunkline.errors import MalformedEventError
from trunkline.events import AnyEvent, KnownEvent, Malformed, Unknown
from trunkline.listener.accept import AdaptedListener, FunctionListener
from trunkline.listener.calls import deliver, log
from trunkline.listener.handlers import StreamListener
from trunkline.signals import AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream
from trunkline.wire.lines import CARRIES_NOTHING, plain_id, plain_nothing

__all__ = ["dispatch", "dispatch_heartbeat", "dispatch_signal"]


def dispatch(listener: StreamListener, event: AnyEvent) -> None:
    """Call the handlers of `listener` for `event`.

    Args:
        listener: What `as_listener` returned. One that was made of a function gets the typed event.
        event: Any event of a stream; an odd one is logged and offered to `on_malformed`.

    Raises:
        Exception: Only what a handler raises.
    """
    if isinstance(listener, FunctionListener):
        listener.function(event)
        return
    if not isinstance(event, Malformed):
        try:
            payload = _plain(event)
        except MalformedEventError as error:
            event = _as_malformed(event, str(error))
    if isinstance(event, Malformed):
        log.warning("Malformed event %.200r on %s: %s", event.name, event.stream, event.reason)
        listener.on_malformed(event)
        return
    if isinstance(listener, AdaptedListener) and listener.convert is not None:
        payload = listener.convert(event.name, payload)
    deliver(listener, event.name, payload, for_stream=_words(event.stream))


def dispatch_heartbeat(listener: StreamListener) -> None:
    """Tell `listener` that the server is alive."""
    listener.handle_heartbeat()


def dispatch_signal(listener: StreamListener, signal: AnySignal) -> None:
    """Call the handler of `listener` for `signal`: `on_gap`, `handle_heartbeat` and the like."""
    match signal:
        case Heartbeat():
            listener.handle_heartbeat()
        case Gap():
            listener.on_gap(signal)
        case Connected():
            listener.on_connected(signal)
        case Disconnected():
            listener.on_disconnected(signal)
        case _:
            assert_never(signal)


def _plain(event: KnownEvent | Unknown) -> object:
    """Return the payload as its handler wants it: plain JSON, an id, or ``None``."""
    if event.name in CARRIES_NOTHING:
        return plain_nothing(event.raw)
    if event.shape == "id":
        return plain_id(event.raw)
    payload: object = event.json()
    return payload


def _as_malformed(event: KnownEvent | Unknown, reason: str) -> Malformed:
    return Malformed(
        name=event.name,
        reason=reason,
        stream=event.stream,
        server=event.server,
        received_at=event.received_at,
        origin=event.origin,
        raw=event.raw,
    )


def _words(stream: Stream) -> list[str]:
    return [stream.name] if stream.parameter is None else [stream.name, stream.parameter]
