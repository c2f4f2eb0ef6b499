"""Lagging: waiting until REST shows what the stream told, for as long as that can be expected.

Otherwise a post that was told a moment ago would seem to be gone, and what was published just
before it would seem never to have been. A post that is gone is not waited for: REST will never show
it. Knows nothing of pages and gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from trunkline.asking import Asking
from trunkline.policy.dedupe import Window
from trunkline.transport.rest import RestRefused

__all__ = ["wait_for_lagging_rest"]

_LAG_SECONDS: Final = 60.0
"""A post that REST does not show is only gone when it was told longer ago than this."""
_PAUSES_SECONDS: Final = (0.0, 5.0, 10.0, 15.0, 30.0)
_LOOKS: Final = 20
"""So many posts that may be gone are looked at one by one before there is a pause."""


async def wait_for_lagging_rest(
    window: Window, asking: Asking, *, until_seconds: float, fetched: Collection[str]
) -> bool:
    """Wait until REST shows the newest post that was told, unless that is old enough or gone.

    Return whether it lags behind still, after as long as that can be expected.

    Args:
        window: What was told, and which of it is known to be deleted.
        asking: Asks the server.
        until_seconds: What was told later, in seconds since 1970, is not waited for.
        fetched: Posts that REST has shown.
    """
    told, gone = _Told(window, until_seconds, fetched), set[str]()
    for pause_seconds in _PAUSES_SECONDS:
        if told.newest_without(gone) is None:
            return False
        await asyncio.sleep(pause_seconds)
        try:
            if not await _lags(told, asking, gone):
                return False
        except (RestRefused, ValueError):
            return False
    return told.newest_without(gone) is not None


class _Told:
    """The posts that were told a short time before a moment, and that REST has not shown."""

    def __init__(self, window: Window, until_seconds: float, fetched: Collection[str]) -> None:
        self._window = window
        self._until_seconds = until_seconds
        self._fetched = fetched

    def newest_without(self, gone: Collection[str]) -> str | None:
        """Return the one that was told last; what is known to be deleted by now is none."""
        since_seconds = self._until_seconds - _LAG_SECONDS
        told = self._window.posts_since(since_seconds, until_seconds=self._until_seconds)
        return next((one for one in told if one not in self._fetched and one not in gone), None)


async def _lags(told: _Told, asking: Asking, gone: set[str]) -> bool:
    """Tell whether REST does not show the newest post that stands; note those that are gone."""
    for _ in range(_LOOKS):
        newest = told.newest_without(gone)
        if newest is None or await asking.statuses((newest,)):
            return False
        if await asking.status(newest) is not None:
            return True
        gone.add(newest)
    return True
