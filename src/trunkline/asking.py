"""Asking: the questions that catching up and reconciling put to REST, answered in bytes."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.events import leading_id
from trunkline.policy.catchup import Page, page_query, parse_page
from trunkline.policy.flavour import Flavour
from trunkline.streams import Timeline
from trunkline.transport.rest import Rest, RestRefused

__all__ = ["Asking"]


class Asking:
    """Asks one server for pages of timelines and for posts by their ids.

    Every method raises `RestRefused` where there is no answer, and `ValueError` where the answer is
    about something else.
    """

    def __init__(self, rest: Rest, flavour: Flavour) -> None:
        self._rest = rest
        self.flavour = flavour

    async def page(
        self, timeline: Timeline, *, after: str = "", below: str = "", patient: bool = True
    ) -> Page:
        """Return the page right after an id, the one below an id, or the newest."""
        query = page_query(timeline, after=after, below=below)
        answer = await self._rest.get(timeline.path, query, patient=patient)
        return parse_page(answer.body, timeline.track)

    async def statuses(self, asked: Sequence[str]) -> Sequence[bytes]:
        """Return those of some posts that still stand; in one request where the server can.

        A server that cannot is asked for one post at a time.
        """
        if self.flavour.statuses_by_id:
            query = tuple(("id[]", status_id) for status_id in asked)
            answer = await self._rest.get("/api/v1/statuses", query)
            return parse_page(answer.body, "statuses").entries
        (status_id,) = asked
        found = await self.status(status_id)
        return [] if found is None else [found]

    async def status(self, status_id: str) -> bytes | None:
        """Return a post, or ``None`` if it is gone.

        Where timelines are read from a replica that lags, a single post is not (Mastodon).
        """
        try:
            answer = await self._rest.get(f"/api/v1/statuses/{status_id}")
        except RestRefused as refused:
            if refused.outcome.status in (404, 410):
                return None
            raise
        if leading_id(answer.body) != status_id:
            raise ValueError("expected the post that was asked for, got something else")
        return answer.body
