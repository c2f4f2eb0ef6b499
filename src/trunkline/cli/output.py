"""Standard output for commands that follow streams: whole lines, at once, never in the way.

Promises that a line was handed to the system when `write` returns; that a reader who is slow stops
the writer and not the event loop, so heartbeats, Ctrl-C and SIGTERM work meanwhile; and that a
reader who leaves is noticed at once, not with the next event.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trunkline.cli.standard import OutputError

__all__ = ["Output", "OutputError"]

_NOT_HERE = (NotImplementedError, OSError, ValueError)
"""What loops raise that cannot watch a file, and files raise that are none."""


class Output:
    """Writes to a binary stream; by default to standard output."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._descriptor = _descriptor(self._stream)
        self._pipe = self._descriptor if _is_pipe(self._descriptor) else None
        self._poll = select.poll() if self._pipe is not None else None
        if self._poll is not None and self._pipe is not None:
            self._poll.register(self._pipe, select.POLLOUT)

    async def write(self, line: bytes) -> None:
        """Hand one line to the system.

        Raises:
            BrokenPipeError: The reader is gone.
            OutputError: It cannot be written for another reason.
        """
        try:
            if self._pipe is not None:
                await self._feed(self._pipe, memoryview(line))
            else:
                self._put(line)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error) from None

    async def _feed(self, pipe: int, rest: memoryview) -> None:
        while rest:
            if self._poll is not None and not self._poll.poll(0):
                await self._room(pipe)
            # A pipe with room has room for this much (POSIX), so the write cannot block.
            rest = rest[os.write(pipe, rest[: select.PIPE_BUF]) :]

    def _put(self, line: bytes) -> None:
        """Write past any buffer, which would keep what failed and try it again at the exit."""
        if self._descriptor is None:
            self._stream.write(line)
            self._stream.flush()
            return
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def begin_line(self) -> None:
        """End a line that an earlier run left torn in the file that is appended to.

        A process that is killed may have written half a line. What follows would be glued to it.
        """
        with suppress(OSError):
            status = os.fstat(-1 if self._descriptor is None else self._descriptor)
            if not stat.S_ISREG(status.st_mode) or not status.st_size:
                return
            with Path(f"/dev/fd/{self._descriptor}").open("rb") as written:
                written.seek(-1, os.SEEK_END)
                if written.read(1) != b"\n":
                    self._put(b"\n")

    @asynccontextmanager
    async def watching_reader(self) -> AsyncIterator[None]:
        """End the block with `BrokenPipeError` as soon as the reader of the pipe is gone."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        gone: list[bool] = []

        def leave() -> None:
            self._watch(loop, None)
            gone.append(True)
            if task is not None:
                task.cancel()

        self._watch(loop, leave)
        try:
            yield
        except asyncio.CancelledError:
            if not gone or task is None:
                raise
            task.uncancel()
            raise BrokenPipeError("the reader of standard output is gone") from None
        finally:
            self._watch(loop, None)

    def _watch(self, loop: asyncio.AbstractEventLoop, leave: Callable[[], None] | None) -> None:
        """Call `leave` when the pipe reports its end: nothing else makes a writing end readable."""
        if self._pipe is None:
            return
        with suppress(*_NOT_HERE):
            if leave is None:
                loop.remove_reader(self._pipe)
            else:
                loop.add_reader(self._pipe, leave)

    async def _room(self, pipe: int) -> None:
        """Wait until the pipe has room, or its reader is gone."""
        loop, room = asyncio.get_running_loop(), asyncio.Event()
        with suppress(*_NOT_HERE):
            loop.add_writer(pipe, room.set)
            try:
                await room.wait()
            finally:
                loop.remove_writer(pipe)


def _descriptor(stream: BinaryIO) -> int | None:
    with suppress(OSError, ValueError, AttributeError):
        return stream.fileno()
    return None


def _is_pipe(descriptor: int | None) -> bool:
    """Tell whether it is a pipe that can be polled."""
    if descriptor is None or not hasattr(select, "poll"):
        return False
    return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
