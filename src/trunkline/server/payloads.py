"""Payloads as callers give them: objects, JSON, text, bytes; read into what the ledger needs."""

from __future__ import annotations

import msgspec

from trunkline.errors import BadInput
from trunkline.server.builders import Json

__all__ = ["as_id", "as_object", "identifier_of", "objects_in"]


def objects_in(value: object) -> list[Json]:
    """Return the objects of a JSON array; none for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def as_object(payload: object) -> Json:
    """Return an entity that came as an object or as its JSON.

    Raises:
        BadInput: It is neither.
    """
    if isinstance(payload, (bytes, str)):
        payload = msgspec.json.decode(payload)
    if not isinstance(payload, dict):
        raise BadInput(f"Expected an entity as an object or as JSON; got {type(payload).__name__}.")
    return payload


def as_id(payload: object) -> str:
    """Return an id that came as text, bytes or a number."""
    return payload.decode() if isinstance(payload, bytes) else str(payload)


def identifier_of(payload: object) -> str:
    """Return the id that a payload is about, for the log; ``""`` where it tells none."""
    if isinstance(payload, dict):
        return str(payload.get("id", ""))
    return payload if isinstance(payload, str) and payload.isalnum() else ""
