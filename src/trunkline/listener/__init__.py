"""Handlers for events: the interface of 2017, and that of Mastodon.py, to the letter.

Handlers get plain JSON, as `json.loads` gives it: dictionaries, and for a deletion the id. The
event ``status.update`` calls `on_status_update`; handlers are looked up on the instance, so a
subclass can add some for events that this version does not know. What a handler raises reaches the
caller of the stream, except `StopStream`, which ends it cleanly.

A listener keeps nothing between two calls. Two streams may share one, also from two threads: its
handlers are then called from both, possibly at the same time, and guard their own state.

The package refuses to know where lines and events come from.
"""

from __future__ import annotations

from trunkline.listener.accept import as_listener
from trunkline.listener.callbacks import CallbackStreamListener
from trunkline.listener.dispatch import dispatch, dispatch_heartbeat, dispatch_signal
from trunkline.listener.handlers import StreamListener

__all__ = [
    "CallbackStreamListener",
    "StreamListener",
    "as_listener",
    "dispatch",
    "dispatch_heartbeat",
    "dispatch_signal",
]
