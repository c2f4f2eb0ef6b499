"""Where the command begins: before everything that takes long to import.

Promises that Ctrl-C and SIGTERM end a command as quietly in its first moments as later.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

__all__ = ["main"]

_INTERRUPTED: Final = 130  # what `running` says is known only when it is imported
_CODES: Final = {signal.SIGINT: _INTERRUPTED, signal.SIGTERM: 0}
_UNTOUCHED: Final = (signal.default_int_handler, signal.SIG_DFL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line, by default that of the process, and return its exit code."""
    try:
        with _ending_at_once():
            from trunkline.cli.main import main as run
        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Let signals end the process while the block runs; nothing is open yet.

    An exception would not do: imports may swallow it, or leave modules half made.
    """
    before = {number: signal.getsignal(number) for number in _CODES}
    touched = {number: one for number, one in before.items() if one in _UNTOUCHED}
    with suppress(ValueError):  # threads of tests may not set any
        for number in touched:
            signal.signal(number, _end)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number, handler in touched.items():
                signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    os._exit(_CODES[signal.Signals(number)])
