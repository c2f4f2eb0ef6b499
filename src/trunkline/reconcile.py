"""Reconcile: asking whether recently delivered posts were edited or deleted while we were away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from trunkline.asking import Asking
from trunkline.events import AnyEvent
from trunkline.options import StreamOptions
from trunkline.policy.catchup import CHANGES, Shortfall, deletions, reconciled
from trunkline.subscription import Subscription
from trunkline.transport.rest import RestRefused

__all__ = ["find_changes"]

_BATCH: Final = 20

Deliver = Callable[[Sequence[AnyEvent]], Awaitable[int]]


async def find_changes(
    subscription: Subscription,
    asking: Asking,
    *,
    options: StreamOptions,
    until: datetime,
    looked_at: Collection[str],
    deliver: Deliver,
    now: Callable[[], datetime],
    shortfall: Shortfall,
) -> bool:
    """Deliver the edits and deletions that were missed; return whether asking again may help.

    Args:
        subscription: Whose posts to ask for.
        asking: Asks the server.
        options: How far back and how many.
        until: When it was live again: changes of posts that were told later are told as well.
        looked_at: Posts whose present version was just seen.
        deliver: Takes the edits and deletions, and returns how many were news.
        now: The clock on the wall.
        shortfall: Where to name what could not be asked.
    """
    if not any(timeline.track == "statuses" for timeline in subscription.stream.timelines):
        return False
    if not (options.catch_up and options.reconcile):
        shortfall.add(CHANGES, "reconciling is turned off")
        return False
    limit = options.reconcile_limit
    since_seconds = _since_seconds(subscription, options, until)
    delivered = _recent(subscription, since_seconds, until, looked_at)
    recent = list(dict.fromkeys((*subscription.suspects, *delivered)))
    if len(recent) > limit:
        shortfall.add(CHANGES, f"only {limit} posts were asked for (reconcile_limit)")
    elif subscription.window.remembers_since_seconds > since_seconds:
        shortfall.add(CHANGES, f"only the last {len(subscription.window)} events are remembered")
    step = _BATCH if asking.flavour.statuses_by_id else 1
    try:
        for start in range(0, min(len(recent), limit), step):
            asked = recent[start : min(start + step, limit)]
            changes = await _changes(subscription, asking, asked, now=now)
            subscription.counters.reconciled += await deliver(changes)
    except RestRefused as refused:
        shortfall.add(CHANGES, f"posts could not be asked for: {refused.reason}")
        return refused.is_passing
    except ValueError as error:
        shortfall.add(CHANGES, f"posts could not be asked for: {error}")
        return True
    subscription.suspects.clear()
    return False


def _since_seconds(subscription: Subscription, options: StreamOptions, until: datetime) -> float:
    """Return when the first of the posts was delivered whose changes are asked for."""
    gap = subscription.gap
    since = gap.since if gap is not None and gap.since is not None else until
    return min(since, until).timestamp() - options.reconcile_window_seconds


def _recent(
    subscription: Subscription,
    since_seconds: float,
    until: datetime,
    looked_at: Collection[str],
) -> list[str]:
    """Return the posts that were delivered lately and that nobody has just looked at."""
    delivered = subscription.window.posts_since(since_seconds, until_seconds=until.timestamp())
    return [status_id for status_id in delivered if status_id not in looked_at]


async def _changes(
    subscription: Subscription,
    asking: Asking,
    asked: Sequence[str],
    *,
    now: Callable[[], datetime],
) -> list[AnyEvent]:
    """Return the edits and deletions that REST tells when it is asked for some posts.

    What a batch lacks may be lagging behind: only a post that is not there by itself is gone.
    """
    answered, at = await asking.statuses(asked), now()
    stream, server = subscription.stream, subscription.server
    edits, lacking = reconciled(
        asked, answered, subscription.window, stream=stream, server=server, now=at
    )
    gone = lacking
    if asking.flavour.statuses_by_id:
        gone = [one for one in lacking if await asking.status(one) is None]
    return edits + deletions(gone, stream=stream, server=server, now=at)
