"""The REST calls that streaming needs: paced by one budget for a server, tried again with patience.

The token goes in a header, and only to the address that discovery found; redirects are not
followed.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from time import time
from typing import Final

import aiohttp

from trunkline.policy.backoff import Backoff, Curve
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.ratelimit import Budget, RequestKind
from trunkline.transport.http import Secret, outcome_of, read_body, refusal

__all__ = ["Answer", "Rest", "RestRefused"]

_TRIES: Final = 5
_LONGEST_WAIT_SECONDS: Final = 960.0
"""A question that has to wait for longer has no answer now: live events may be waiting for it."""
_LONGEST_BYTES: Final = 32 * 1024 * 1024
"""No page of a timeline is that long; a server that has lost its way may be."""
_REGENERATING: Final = 206
_REGENERATING_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its status (2xx) and its body."""

    status: int
    body: bytes


class RestRefused(Exception):  # a refusal is an answer
    """REST did not answer a question: the outcome says how the last try ended."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome

    @property
    def is_passing(self) -> bool:
        """Whether the same question may be answered later."""
        return _worth_retrying(self.outcome)

    @property
    def reason(self) -> str:
        """Say in words why there was no answer."""
        status = f" {self.outcome.status}" if self.outcome.status else ""
        words = f" ({self.outcome.words})" if self.outcome.words else ""
        return f"{self.outcome.kind.value}{status}{words}"


class Rest:
    """Asks one server, with one token, within one budget that everything for this server shares.

    Args:
        http: An open HTTP session.
        base_url: Where the API is.
        token: The token to show, or ``None``.
        timeout_seconds: Longest wait for one answer.
        dice: Chance for the jitter of repeated tries.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        base_url: str,
        *,
        token: Secret | None,
        timeout_seconds: float = 30.0,
        dice: Callable[[], float] = random.random,
        clock: Callable[[], float] = time,
    ) -> None:
        self._http = http
        self.base_url = base_url
        self._budget = Budget()
        self._timeout_seconds = timeout_seconds
        self._dice = dice
        self._clock = clock
        self._began_at_seconds: float | None = None
        self._headers = {"Accept": "application/json"}
        self._token = token
        if token is not None:
            self._headers["Authorization"] = token.bearer()

    async def get(
        self, path: str, query: tuple[tuple[str, str], ...] = (), *, patient: bool = True
    ) -> Answer:
        """Return the answer to ``GET path``; waits for the budget, and tries again where it helps.

        Raises:
            RestRefused: The server says no, or did not answer in several tries.
        """
        backoff = Backoff().on(Curve.SERVER_TROUBLE)
        tries_left = _TRIES if patient else 1
        while True:
            outcome = await self._try(path, query)
            if isinstance(outcome, Answer):
                return outcome
            tries_left -= 1
            told_seconds = outcome.retry_after_seconds or 0.0
            too_long = told_seconds > _LONGEST_WAIT_SECONDS
            if not tries_left or too_long or not _worth_retrying(outcome):
                raise RestRefused(outcome)
            wait_seconds, backoff = backoff.delay(self._dice())
            await asyncio.sleep(wait_seconds + told_seconds)

    async def _try(self, path: str, query: tuple[tuple[str, str], ...]) -> Answer | Outcome:
        paged = any(name in _PAGING for name, _ in query)
        kind = RequestKind.PAGED if paged else RequestKind.PLAIN
        wait_seconds, budget = self._budget.reserve(kind, now_seconds=self._steady_seconds())
        if wait_seconds > _LONGEST_WAIT_SECONDS:
            words = f"the server wants to be left alone for {wait_seconds:.0f} s"
            return Outcome(
                OutcomeKind.REFUSED_STATUS,
                status=429,
                words=words,
                retry_after_seconds=wait_seconds,
            )
        self._budget = budget
        await asyncio.sleep(wait_seconds)
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._http.get(
                    self.base_url + path,
                    params=query,
                    headers=self._headers,
                    allow_redirects=False,
                ) as response,
            ):
                body = await read_body(response, max_bytes=_LONGEST_BYTES + 1)
        except (aiohttp.ClientError, OSError) as error:
            return outcome_of(error)
        now_seconds = self._clock()
        self._budget = self._budget.observe(
            response.headers,
            status=response.status,
            now_seconds=self._steady_seconds(),
            kind=kind,
        )
        if response.status == _REGENERATING:
            return Outcome(
                OutcomeKind.REFUSED_STATUS,
                status=_REGENERATING,
                words="the feed is being made anew",
                retry_after_seconds=_REGENERATING_SECONDS,
            )
        if len(body) > _LONGEST_BYTES:
            words = f"more than {_LONGEST_BYTES} bytes for one page"
            return Outcome(OutcomeKind.BAD_FRAMING, status=response.status, words=words)
        if 200 <= response.status < 300:
            return Answer(response.status, body)
        return refusal(
            response.status, response.headers, body, now_seconds=now_seconds, token=self._token
        )

    def _steady_seconds(self) -> float:
        """Return the time by a clock that nobody sets: bookings are not to move with the other."""
        steady_seconds = asyncio.get_running_loop().time()
        if self._began_at_seconds is None:
            self._began_at_seconds = self._clock() - steady_seconds
        return self._began_at_seconds + steady_seconds


_PAGING: Final = frozenset({"min_id", "max_id", "since_id"})


def _worth_retrying(outcome: Outcome) -> bool:
    status = outcome.status
    return status is None or status in (_REGENERATING, 408, 425, 429) or status >= 500
