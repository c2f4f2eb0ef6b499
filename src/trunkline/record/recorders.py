"""Several sinks at once: a recorder for each, which end together and otherwise stand alone.

Promises that a sink that cannot be written to stops only what is recorded into it, and that a count
is one of all events, whichever sink they go to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from trunkline.errors import BadInput, SinkError, TrunklineError
from trunkline.record.quota import Quota
from trunkline.record.recorder import Recorder
from trunkline.record.recording import Progress
from trunkline.record.source import Limits, Source
from trunkline.sinks.base import Sink

__all__ = ["Recorders"]

log = logging.getLogger("trunkline")


class Recorders:
    """Records into several sinks; `run` it once.

    Args:
        parts: What to record, and into which sink. The sinks stay open.
        limits: When to end, counted over all sinks; and how much to store in one step of each.

    Raises:
        BadInput: Nothing to record, a sink twice, or something that `Recorder` refuses.
    """

    def __init__(
        self, parts: Sequence[tuple[Sequence[Source], Sink]], *, limits: Limits | None = None
    ) -> None:
        if not parts:
            raise BadInput("Expected at least one server to record; got none.")
        if len({id(sink) for _, sink in parts}) < len(parts):
            raise BadInput("Expected each sink once, with all that is recorded into it.")
        chosen = limits or Limits()
        quota = Quota(chosen.count)
        self._recorders = [
            Recorder(sources, sink, limits=chosen, quota=quota) for sources, sink in parts
        ]
        self._errors: list[TrunklineError] = []

    def progress(self) -> Progress:
        """Return how all of it is doing now."""
        each = [one.progress() for one in self._recorders]
        failed = [str(error) for error in self._errors if isinstance(error, SinkError)]
        return Progress(
            servers=tuple(server for one in each for server in one.servers),
            stored=sum(one.stored for one in each),
            waiting=sum(one.waiting for one in each),
            trouble=" ".join(filter(None, [*failed, *(one.trouble for one in each)])),
        )

    async def run(self) -> Progress:
        """Record, until a limit is reached, nothing is left to record, or it is cancelled.

        Raises:
            TrunklineError: Every server has refused; with the words of the first.
            SinkError: A sink cannot be used. It is raised when what goes into others has ended.
        """
        tasks = [asyncio.create_task(self._run(one)) for one in self._recorders]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self._raise_what_went_wrong(results)
        return self.progress()

    async def _run(self, recorder: Recorder) -> None:
        """Run one of them; its errors are noted and stay its own."""
        try:
            await recorder.run()
        except TrunklineError as error:
            self._errors.append(error)
            if isinstance(error, SinkError) and len(self._errors) < len(self._recorders):
                log.error("trunkline.sink_failed", extra={"trunkline_why": str(error)})

    def _raise_what_went_wrong(self, results: Sequence[BaseException | None]) -> None:
        for result in results:
            if isinstance(result, Exception):
                raise result
        for error in self._errors:
            if isinstance(error, SinkError):
                raise error
        if len(self._errors) == len(self._recorders):
            raise self._errors[0]
