"""Mastodon's streaming API for Python, without lost events.

The names here are imported when they are first used: the package is also a plugin of pytest, and a
test run that does not use it should not wait for it.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trunkline.client import AsyncMastodon
    from trunkline.cursors import CursorStore, MemoryCursors, SqliteCursors
    from trunkline.errors import (
        BadInput,
        GaveUp,
        MalformedEventError,
        NoSuchStream,
        StopStream,
        TrunklineError,
        Unauthorized,
    )
    from trunkline.listener import CallbackStreamListener, StreamListener
    from trunkline.options import StreamOptions
    from trunkline.stats import Stats
    from trunkline.streams import Stream
    from trunkline.sync import Mastodon
    from trunkline.transport.http import Network

__all__ = [
    "AsyncMastodon",
    "BadInput",
    "CallbackStreamListener",
    "CursorStore",
    "GaveUp",
    "MalformedEventError",
    "Mastodon",
    "MemoryCursors",
    "Network",
    "NoSuchStream",
    "SqliteCursors",
    "Stats",
    "StopStream",
    "Stream",
    "StreamListener",
    "StreamOptions",
    "TrunklineError",
    "Unauthorized",
]

_HOMES: Final[dict[str, tuple[str, ...]]] = {
    "client": ("AsyncMastodon",),
    "cursors": ("CursorStore", "MemoryCursors", "SqliteCursors"),
    "errors": (
        "BadInput",
        "GaveUp",
        "MalformedEventError",
        "NoSuchStream",
        "StopStream",
        "TrunklineError",
        "Unauthorized",
    ),
    "listener": ("CallbackStreamListener", "StreamListener"),
    "options": ("StreamOptions",),
    "stats": ("Stats",),
    "streams": ("Stream",),
    "sync": ("Mastodon",),
    "transport.http": ("Network",),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'trunkline' has no attribute {name!r}")
    value: object = getattr(import_module(f"trunkline.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


logging.getLogger("trunkline").addHandler(logging.NullHandler())
