"""Where recorded events go: sinks, which store an event and its cursor in one step.

`open_sink` opens one by its name, such as ``sqlite:toots.db``. `trunkline.record` fills it.
"""

from trunkline.sinks.base import Batch, OnDelete, Position, Sink, SinkError, SinkUnavailable
from trunkline.sinks.datasette import datasette_metadata
from trunkline.sinks.jsonl import JsonlSink
from trunkline.sinks.opening import SINKS, Target, open_sink
from trunkline.sinks.sqlite import SqliteSink

__all__ = [
    "SINKS",
    "Batch",
    "JsonlSink",
    "OnDelete",
    "Position",
    "Sink",
    "SinkError",
    "SinkUnavailable",
    "SqliteSink",
    "Target",
    "datasette_metadata",
    "open_sink",
]
