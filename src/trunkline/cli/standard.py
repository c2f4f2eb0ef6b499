"""The standard streams of the process: that they are there, and what it means when they fail.

Promises that no file or socket of a command ever gets the number of a stream that was closed, and
that whatever writes to standard output learns by one of two exceptions that it cannot be written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final, TextIO, TypeVar, cast

from trunkline.errors import TrunklineError

__all__ = ["OutputError", "ReaderLeft", "forget", "open_what_is_closed", "telling_of_output"]

T = TypeVar("T")

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


class OutputError(TrunklineError):
    """Standard output cannot be written, for example because the disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Standard output cannot be written: {error.strerror or error}.")


class ReaderLeft(Exception):  # that is no error: it had what it wanted
    """The reader of standard output is gone."""


@contextmanager
def telling_of_output() -> Iterator[None]:
    """Let everything that is printed while the block runs fail with `ReaderLeft` or `OutputError`.

    What was printed has left the process at the end of the block.
    """
    before = sys.stdout
    sys.stdout = cast("TextIO", _Told(before))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = before


class _Told:
    """A stream whose failures are not those of the system.

    For these the packages that print have answers of their own: they end the process with the exit
    code 1, or leave it in a traceback.
    """

    def __init__(self, stream: IO[Any], failures: list[Exception] | None = None) -> None:
        self._stream = stream
        self._failures: list[Exception] = [] if failures is None else failures

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the stream has
        return getattr(self._stream, name)

    @property
    def buffer(self) -> _Told:
        return _Told(cast("TextIO", self._stream).buffer, self._failures)

    def write(self, text: Any) -> int:  # noqa: ANN401  # text or bytes
        return self._told(lambda: self._stream.write(text))

    def flush(self) -> None:
        self._told(self._stream.flush)

    def _told(self, work: Callable[[], T]) -> T:
        """Do the work; what failed once fails for ever, since some try first whether it would."""
        if not self._failures:
            try:
                return work()
            except BrokenPipeError:
                self._failures.append(ReaderLeft())
            except OSError as error:
                self._failures.append(OutputError(error))
            forget(self._stream)
        raise self._failures[0] from None


def forget(stream: IO[Any]) -> None:
    """Let a stream lead nowhere: Python would try again at the exit to write what it kept."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
