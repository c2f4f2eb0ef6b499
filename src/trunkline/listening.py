"""Listening: what a feed brings, given to a listener's handlers, and how that ends."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from trunkline.errors import StopStream, TrunklineError
from trunkline.inbox import Item
from trunkline.listener import StreamListener, dispatch, dispatch_signal
from trunkline.signals import Connected, Disconnected, Gap, Heartbeat

__all__ = ["ending", "give"]


def give(listener: StreamListener, item: Item) -> None:
    """Call the handler of `listener` for an event or a signal; raise what the handler does."""
    if isinstance(item, (Connected, Disconnected, Gap, Heartbeat)):
        dispatch_signal(listener, item)
    else:
        dispatch(listener, item)


@contextmanager
def ending(listener: StreamListener) -> Generator[None, None, None]:
    """End a listening as its handler wishes: cleanly for `StopStream`, else by telling `on_abort`.

    Raises:
        TrunklineError: What ended the stream, after the listener was told.
    """
    try:
        yield
    except StopStream:
        return
    except TrunklineError as error:
        listener.on_abort(error)
        raise
