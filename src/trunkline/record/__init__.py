"""Recording: streams of one server or of many into a sink, resumable at any moment.

Promises that an event and the cursor that says so are stored in one step, so that a recording that
is killed goes on where it was, with nothing missing and nothing twice; that the troubles of one
server stay its own; and that a sink that cannot be written to stops the reading, not the recording.

    await record(Source.of("https://mastodon.example", "public", "hashtag:python"), to="toots.db")
"""

from trunkline.record.config import Config, load_config
from trunkline.record.recorder import Recorder, record
from trunkline.record.recorders import Recorders
from trunkline.record.recording import Progress, ServerProgress, State
from trunkline.record.source import Limits, Source

__all__ = [
    "Config",
    "Limits",
    "Progress",
    "Recorder",
    "Recorders",
    "ServerProgress",
    "Source",
    "State",
    "load_config",
    "record",
]
