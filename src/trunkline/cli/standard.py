"""The standard streams of the process: that they are there.

Promises that no file or socket of a command ever gets the number of a stream that was closed.
"""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = ["open_what_is_closed"]

_MODES: Final = {"stdin": "r", "stdout": "", "stderr": "w"}
"""How each is opened; standard output is not, since who closes it has to be told."""


def open_what_is_closed() -> None:
    """Let standard input and standard error lead nowhere where they are closed.

    The numbers of all three are taken: else the next file or socket would get one, which the
    faster event loop does not forgive, and complaints would go there.
    """
    for name, mode in _MODES.items():
        if getattr(sys, name) is not None:
            continue
        descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if mode:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False, errors="replace"))
