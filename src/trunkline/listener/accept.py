"""What may be passed as a listener, and how each kind becomes a `StreamListener`.

- A `StreamListener` is taken as it is.
- Any other object with ``on_...`` handlers, for example one built on Mastodon.py's own class, is
  asked for its handlers at each event; those that it lacks do nothing.
- A function of one argument gets every event as the typed value, `Unknown` and `Malformed` too.

Everything else is refused with a sentence that says what to pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from trunkline.errors import BadInput, Misuse
from trunkline.events import AnyEvent
from trunkline.listener.calls import require_plain_function
from trunkline.listener.handlers import StreamListener, follow_lines
from trunkline.listener.mastodon_py import converter

__all__ = ["AdaptedListener", "FunctionListener", "as_listener"]


class FunctionListener(StreamListener):
    """A function that takes every event as a typed value."""

    def __init__(self, function: Callable[[AnyEvent], object]) -> None:
        self.function = function

    def handle_stream(self, lines: Iterable[bytes]) -> None:
        """Refuse: lines do not say which stream they are of, and a typed event has to.

        Raises:
            Misuse: Always.
        """
        raise Misuse(
            "A function takes the typed events of a connected stream, and lines are none. "
            "Call handle_stream on an instance of a StreamListener subclass."
        )


class AdaptedListener(StreamListener):
    """The handlers of an object of another class; those that it lacks do nothing.

    Attributes:
        target: The object.
        convert: What turns a plain payload into the one that its handlers want, if they do.
    """

    def __init__(self, target: object) -> None:
        self.target = target
        self.convert = converter(target)

    def __getattribute__(self, name: str) -> object:
        if name == "handle_heartbeat" or name.startswith("on_"):
            try:
                found: object = getattr(self.target, name)
            except AttributeError:
                pass
            else:
                return found
        return super().__getattribute__(name)

    def handle_stream(self, lines: Iterable[bytes]) -> None:
        """Call the handlers of the object, as `StreamListener.handle_stream` does."""
        follow_lines(lines, self, convert=self.convert)


def as_listener(value: object) -> StreamListener:
    """Return `value` as a listener.

    Args:
        value: A `StreamListener`, an object with ``on_...`` handlers, or a function of one
            argument, which gets every event as a typed value (`AnyEvent`).

    Raises:
        BadInput: Anything else, a class instead of its instance, or handlers that are coroutine
            functions.
    """
    if isinstance(value, type):
        raise BadInput(
            f"Expected a listener; got the class {value.__name__}. Pass an instance of it: "
            f"{value.__name__}()."
        )
    handlers = [name for name in dir(value) if name.startswith("on_")]
    if handlers:
        for name in [*handlers, "handle_heartbeat"]:
            _refuse_coroutine(value, name)
        return value if isinstance(value, StreamListener) else AdaptedListener(value)
    if callable(value):
        return FunctionListener(_of_one_argument(value))
    raise BadInput(
        "Expected an instance of a StreamListener subclass, an object with handlers such as "
        f"on_update, or a function of one argument; got {type(value).__name__}."
    )


def _refuse_coroutine(value: object, name: str) -> None:
    handler = getattr(value, name, None)
    if callable(handler):
        require_plain_function(f"{type(value).__name__}.{name}", handler)


def _of_one_argument(function: Callable[..., object]) -> Callable[[AnyEvent], object]:
    name = getattr(function, "__name__", type(function).__name__)
    require_plain_function(name, function)
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise BadInput(
            f"Expected a function of one argument, the event; got {name}, which does not take one: "
            f"{error}. For a function for each kind of event, pass a CallbackStreamListener."
        ) from error
    except ValueError:  # some functions written in C do not tell what they take
        pass
    return function
