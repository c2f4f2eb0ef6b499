"""Payloads for listeners that are built on Mastodon.py's own class: in Mastodon.py's own types.

Their handlers were written for ``status.account.acct`` and `datetime`, so that is what they get.
The types are read from the annotations of Mastodon.py's handlers. The module never imports
Mastodon.py: who has such a listener has imported it already. Everybody else gets plain JSON and
pays nothing; so does a Mastodon.py too old to have these types.
"""

from __future__ import annotations

import sys
from typing import get_type_hints

from trunkline.events import EVENTS
from trunkline.listener.calls import Convert
from trunkline.wire.lines import CARRIES_NOTHING

__all__ = ["converter"]


def converter(listener: object) -> Convert | None:
    """Return what converts payloads for `listener`; ``None`` if it takes them plain."""
    streaming = sys.modules.get("mastodon.streaming")
    types = sys.modules.get("mastodon.return_types")
    base = getattr(streaming, "StreamListener", None)
    if base is None or not isinstance(listener, base):
        return None
    cast = getattr(types, "try_cast_recurse", None)
    mapping = getattr(types, "AttribAccessDict", None)
    if cast is None or mapping is None:
        return None
    wanted = {_underscored(name): _annotated(base, name, mapping) for name in EVENTS}

    def convert(name: str, payload: object) -> object:
        if name in CARRIES_NOTHING:
            return payload
        converted: object = cast(wanted.get(_underscored(name), mapping), payload)
        return converted

    return convert


def _annotated(base: type, name: str, otherwise: object) -> object:
    """Return the type that the handler of the event `name` says it takes."""
    handler = getattr(base, f"on_{_underscored(name)}", None)
    hints = get_type_hints(handler) if handler is not None else {}
    return next((hint for parameter, hint in hints.items() if parameter != "return"), otherwise)


def _underscored(name: str) -> str:
    return name.replace(".", "_")
