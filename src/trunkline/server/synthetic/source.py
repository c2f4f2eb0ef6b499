"""A pretend server's day, event after event, from a seed.

Promises the same bytes for the same seed, arguments and times, in any process; ids that never
repeat; and a memory of at most `REMEMBERED_POSTS`. Has no clock and never waits: time is an
argument. Payloads share the dicts inside them: read them, never change them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final

from trunkline.server.synthetic.announcements import Announcer
from trunkline.server.synthetic.drafts import Town
from trunkline.server.synthetic.happenings import DEFAULT_MIX, HAPPENINGS, Activity, Day
from trunkline.server.synthetic.memory import LAST_MILLISECOND, Json, Memory, Odds, StatusIds
from trunkline.server.synthetic.notifications import Notifier
from trunkline.server.synthetic.people import Crowd, Site
from trunkline.server.synthetic.posts import Writer
from trunkline.server.synthetic.wishes import Wish, draft_for

__all__ = ["REMEMBERED_POSTS", "SyntheticSource"]

REMEMBERED_POSTS: Final = 2_000


class SyntheticSource:
    """Makes the events of one pretend server.

    Args:
        seed: The same seed makes the same server and the same day.
        host: Where it pretends to be; with a port if need be. All addresses of local accounts,
            avatars (`/avatars/NAME.svg`), headers (`/headers/NAME.svg`), pictures
            (`/media/ID.svg`) and custom emoji (`/emoji/NAME.svg`) are on it.
        scheme: `https`, or `http` for a server on this machine.
        accounts: How many people post, two or more; two of five are local.
        mix: How often each event comes, by name; the weights need not add up to one.

    Raises:
        ValueError: Fewer than two accounts, an unknown event name, or weights that are negative,
            not finite or all zero.

    Example:
        >>> source = SyntheticSource(7)
        >>> source.status(1_700_000_000_000, tags=["python"], local=True)["visibility"]
        'public'
    """

    def __init__(
        self,
        seed: int,
        *,
        host: str = "trunkline.example",
        scheme: str = "https",
        accounts: int = 60,
        mix: Mapping[str, float] = DEFAULT_MIX,
    ) -> None:
        if accounts < 2:
            raise ValueError(
                f"expected at least 2 accounts, got {accounts}; somebody must answer somebody"
            )
        self._seed = seed
        self._mix = Odds(_checked_mix(mix))
        random = Random(f"day {seed}")
        site = Site(host, scheme=scheme)
        town = Town(
            random=random,
            site=site,
            crowd=Crowd(random, site=site, size=accounts),
            ids=StatusIds(first_tail=random.randrange(1 << 15)),
            memory=Memory(limit=REMEMBERED_POSTS),
        )
        writer = Writer(town)
        self._day = Day(
            town=town,
            writer=writer,
            notifier=Notifier(town, writer),
            announcer=Announcer(town),
        )

    @property
    def accounts(self) -> tuple[Json, ...]:
        """Everybody's account in JSON; the first is local: whose notifications these are."""
        return tuple(person.account for person in self._day.town.crowd.people)

    def next(self, now_milliseconds: int) -> Activity:
        """Return what happens at this moment.

        Raises:
            ValueError: The time is no whole number of milliseconds since 1970, or beyond year 6429.
        """
        _check_time(now_milliseconds)
        return HAPPENINGS[self._mix.draw(self._day.town.random)](self._day, now_milliseconds)

    def activities(
        self, start_milliseconds: int, rate_per_second: float
    ) -> Iterator[tuple[int, Activity]]:
        """Yield (time in milliseconds, activity) for ever, spaced by chance as people are.

        The times are a Poisson process of the seed: the same every time it is asked for. The
        activities are those that `next` gives at these times.

        Raises:
            ValueError: The rate is not a positive, finite number, or the time is out of range.
        """
        _check_time(start_milliseconds)
        if not 0 < rate_per_second < math.inf:
            raise ValueError(
                f"expected a positive rate of events per second, got {rate_per_second!r}; "
                "for silence ask for nothing"
            )
        return self._paced(start_milliseconds, rate_per_second / 1000)

    def status(
        self,
        now_milliseconds: int,
        *,
        content: str | None = None,
        tags: Sequence[str] | None = None,
        language: str | None = None,
        local: bool | None = None,
        media: bool | None = None,
        account: str | Json | None = None,
        visibility: str = "public",
        spoiler_text: str | None = None,
    ) -> Json:
        """Return one post, which is the caller's: `next` never edits, answers or deletes it.

        Args:
            now_milliseconds: When it is posted.
            content: Its HTML, used as it is; then nothing else is added that was not asked for.
            tags: Hashtags, with or without `#`; they are also linked in invented content.
            language: A code such as `ja`; "" for a post that names none.
            local: Whether it is posted here (True) or elsewhere (False).
            media: Whether it has pictures.
            account: An address, `alice` or `bob@far.example`, or a whole account in JSON.
            visibility: `public`, `unlisted`, `private` or `direct`.
            spoiler_text: A content warning.

        Raises:
            ValueError: A value that cannot be, or `account` and `local` contradict each other.
        """
        _check_time(now_milliseconds)
        wish = Wish(
            content=content,
            tags=tags,
            language=language,
            local=local,
            media=media,
            account=account,
            visibility=visibility,
            spoiler_text=spoiler_text,
        )
        return self._day.writer.publish(draft_for(self._day.town, wish), now_milliseconds).status

    def _paced(self, start_milliseconds: int, rate: float) -> Iterator[tuple[int, Activity]]:
        # Dice of its own, so that the pace leaves the activities as they are.
        random = Random(f"pace {self._seed}")
        elapsed = 0.0
        while True:
            elapsed += random.expovariate(rate)
            now_milliseconds = start_milliseconds + int(elapsed)
            yield now_milliseconds, self.next(now_milliseconds)


def _check_time(milliseconds: int) -> None:
    if not isinstance(milliseconds, int) or not 0 <= milliseconds <= LAST_MILLISECOND:
        raise ValueError(
            f"expected a time in whole milliseconds since 1970, from 0 to {LAST_MILLISECOND}, got "
            f"{milliseconds!r}; time.time_ns() // 1_000_000 is one"
        )


def _checked_mix(mix: Mapping[str, float]) -> dict[str, float]:
    unknown = [name for name in mix if name not in HAPPENINGS]
    if unknown:
        raise ValueError(
            f"expected weights for the events {', '.join(HAPPENINGS)}, got {', '.join(unknown)}; "
            "leave those out"
        )
    if not all(0 <= weight < math.inf for weight in mix.values()) or not any(mix.values()):
        raise ValueError(
            f"expected weights of zero or more, one of them above zero, got {dict(mix)}"
        )
    return dict(mix)
