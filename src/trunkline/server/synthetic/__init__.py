"""A synthetic day on a Mastodon server, from a seed: for demos, tests and benchmarks.

Promises what `source` and `happenings` promise. Knows nothing of sockets, streams or subscribers.
"""

from __future__ import annotations

from trunkline.server.synthetic.happenings import DEFAULT_MIX, Activity
from trunkline.server.synthetic.notifications import NOTIFICATION_TYPES
from trunkline.server.synthetic.source import SyntheticSource

__all__ = ["DEFAULT_MIX", "NOTIFICATION_TYPES", "Activity", "SyntheticSource"]
