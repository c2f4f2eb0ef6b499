"""Which method an event calls, and with which arguments.

The rule: `on_any_event` first, then ``on_`` and the event's name with dots as underscores, or
`on_unknown_event` where there is no such method. It refuses to know where an event comes from.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

from trunkline.errors import BadInput
from trunkline.wire.lines import CARRIES_NOTHING

__all__ = [
    "Convert",
    "ForStream",
    "Hooks",
    "Json",
    "Plain",
    "deliver",
    "log",
    "require_plain_function",
]

log = logging.getLogger("trunkline.listener")

Json: TypeAlias = dict[str, Any]
"""A JSON object, as `json.loads` gives it."""
Plain: TypeAlias = Any
"""Whatever `json.loads` gives; a type checker cannot know it."""
ForStream: TypeAlias = list[str] | None
"""The words of a stream, for example ``["hashtag", "python"]``."""
Convert: TypeAlias = Callable[[str, object], object]
"""Takes an event's name and its plain payload; returns the payload that its handler wants."""
Handler: TypeAlias = Callable[..., object]

_NO_EVENTS: Final = frozenset(
    {
        "on_abort",
        "on_any_event",
        "on_connected",
        "on_disconnected",
        "on_gap",
        "on_malformed",
        "on_unknown_event",
        "on_websocket_error",
    }
)
"""Methods that a server cannot call by naming an event after them."""


class Hooks(Protocol):
    """The two methods that every listener has, whatever other handlers it has."""

    def on_any_event(self, name: str, data: Plain, /) -> None:
        """Take any event."""

    def on_unknown_event(self, name: str, payload: Plain, /) -> None:
        """Take an event that has no handler of its own."""


def deliver(listener: Hooks, name: str, payload: object, *, for_stream: ForStream = None) -> None:
    """Call the handlers of `listener` for one event; what they raise is the caller's."""
    _call(listener.on_any_event, name, payload, for_stream=for_stream)
    handler = _handler(listener, name)
    if handler is None:
        log.warning("Unhandled event %.200r", name)
        _call(listener.on_unknown_event, name, payload, for_stream=for_stream)
    elif name in CARRIES_NOTHING:
        _call(handler, for_stream=for_stream)
    else:
        _call(handler, payload, for_stream=for_stream)


def require_plain_function(name: str, handler: object) -> None:
    """Refuse a handler that nobody could call, or whose coroutine nobody would await.

    Raises:
        BadInput: It cannot be called, or it is a coroutine function.
    """
    if not callable(handler):
        raise BadInput(f"Expected a function as {name}; got {type(handler).__name__}.")
    if inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(
        getattr(handler, "__call__", None)  # noqa: B004  # the method itself is what is asked for
    ):
        raise BadInput(
            f"Expected a plain function as {name}; got a coroutine function, which nothing would "
            "await. Write it with `def`, or follow the stream with `async for` on AsyncMastodon."
        )


def _handler(listener: object, name: str) -> Handler | None:
    method = "on_" + name.replace(".", "_")
    if method in _NO_EVENTS:
        return None
    handler = getattr(listener, method, None)
    return handler if callable(handler) else None


def _call(handler: Handler, *arguments: object, for_stream: ForStream) -> None:
    # The code object answers in a tenth of the time that inspect.signature takes, at every event.
    code = getattr(inspect.unwrap(handler), "__code__", None)
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
    if "for_stream" in named:
        handler(*arguments, for_stream=for_stream)
    else:
        handler(*arguments)
