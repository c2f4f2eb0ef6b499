"""A small Mastodon-compatible server: for demos, tests, replay and relaying.

It speaks what a real streaming server was measured to send, byte for byte, and the part of the REST
API that discovery, catching up and login read. It uses the values and the wire, never the clients.
"""

from __future__ import annotations

from trunkline.server.faults import Fault, FaultPlan
from trunkline.server.hub import Hub, Publication
from trunkline.server.running import Server
from trunkline.server.tokens import Token
from trunkline.server.world import LogEntry, World

__all__ = ["Fault", "FaultPlan", "Hub", "LogEntry", "Publication", "Server", "Token", "World"]
