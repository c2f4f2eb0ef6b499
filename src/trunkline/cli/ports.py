"""What commands that serve say about a port that they cannot have."""

from __future__ import annotations

from trunkline.errors import BadInput

__all__ = ["port_in_use"]


def port_in_use(error: OSError, port: int) -> BadInput:
    """Return what says that `port` cannot be listened on, and what to do."""
    return BadInput(
        f"Expected a free port; {port} cannot be used: {error.strerror or error}."
        " Choose another --port, or 0 for any."
    )
