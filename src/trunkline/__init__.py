"""Mastodon's streaming API for Python, without lost events."""

import logging

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

logging.getLogger("trunkline").addHandler(logging.NullHandler())
