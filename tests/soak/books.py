"""The books of a soak: what each server published beside what the recording holds.

Of a healthy server everything must be there once, whatever kind of event it is, within the second,
and no gap. Of one that misbehaves what is missing must lie in a gap that names it; this is asked of
posts, their edits and deletions, and notifications, since REST has nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.books import Book, Score
from tests.chaos.diary import Diary, Key
from tests.continuity.oracle import key_of
from tests.soak.scenario import Soak
from tests.soak.world import Account

from trunkline.events import AnyEvent
from trunkline.server.channels import of_stream
from trunkline.server.log import LogEntry
from trunkline.server.people import DEMO_ACCOUNT_ID
from trunkline.signals import Gap
from trunkline.sinks.reading import read_recording
from trunkline.streams import Stream

__all__ = ["Balance", "balances", "percentile", "published"]

_WITH_IDS = frozenset({"update", "status.update", "delete", "notification"})


@dataclass(slots=True, kw_only=True)
class Balance:
    """What came of one server, over all its subscriptions.

    Attributes:
        missing: What was published and is not recorded, and no gap names it.
        named: What is not recorded as a gap says.
        vanished: Posts that were deleted before anybody could fetch them, and what notified of
            such.
        extra: What is recorded once more than it was published.
        lags: Of live events, from their publication to their arrival, in seconds and in order.
        breaches: What is wrong, a sentence each.
    """

    url: str
    misbehaves: bool
    struck: Counter[str]
    published: int = 0
    recorded: int = 0
    missing: int = 0
    named: int = 0
    vanished: int = 0
    extra: int = 0
    gaps: int = 0
    incomplete: int = 0
    lags: list[float] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """What a recording holds of one server."""

    diary: Diary = field(default_factory=Diary)
    counted: dict[Stream, Counter[Key]] = field(default_factory=dict)

    def take(self, item: AnyEvent | Gap) -> None:
        self.diary.take(item)
        if not isinstance(item, Gap):
            key = key_of(item) or (item.name, "", "")
            self.counted.setdefault(item.stream, Counter())[key] += 1


def balances(soak: Soak, accounts: Sequence[Account], recording: str) -> list[Balance]:
    """Compare a recording with what the servers say, in their order."""
    found = {account.url: _Found() for account in accounts}
    for item in read_recording(recording):
        found[item.server].take(item)
    return [
        _balance(soak, account, found[account.url], misbehaves=soak.misbehaves(number))
        for number, account in enumerate(accounts)
    ]


def published(soak: Soak, account: Account) -> int:
    """Return how many events a server owes to all its subscriptions together."""
    return sum(len(list(_carried(stream, account.log))) for stream in soak.streams)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return what so large a share of some numbers does not exceed; 0 of none."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def _balance(soak: Soak, account: Account, found: _Found, *, misbehaves: bool) -> Balance:
    gaps = found.diary.gaps
    balance = Balance(
        url=account.url,
        misbehaves=misbehaves,
        struck=account.struck,
        recorded=sum(one.total() for one in found.counted.values()),
        gaps=len(gaps),
        incomplete=sum(not gap.complete for gap in gaps),
        lags=_lags(account.log, found.diary),
    )
    if misbehaves:
        _forgive(soak, account, found, balance)
    else:
        for stream in soak.streams:
            _compare(stream, account, found, balance)
        balance.breaches += _faults_of_health(soak, balance, gaps)
    return balance


def _forgive(soak: Soak, account: Account, found: _Found, balance: Balance) -> None:
    """Close the books of a server that misbehaves, as chaos closes its own."""
    score = Score()
    for stream in soak.streams:
        Book(stream, account.log, found.diary, score, withdrawn=account.withdrawn).close()
    balance.published, balance.breaches = score.published, score.breaches
    balance.vanished = score.vanished
    balance.missing, balance.named, balance.extra = score.missing, score.named, score.duplicated
    if not account.struck:
        balance.breaches.append("no fault struck: the run has tested nothing")


def _compare(stream: Stream, account: Account, found: _Found, balance: Balance) -> None:
    """Count a stream of a healthy server: each event that it carried, exactly once."""
    carried = Counter(_key(entry) for entry in _carried(stream, account.log))
    recorded = found.counted.get(stream, Counter())
    missing, extra = carried - recorded, recorded - carried
    balance.published += carried.total()
    balance.missing += missing.total()
    balance.extra += extra.total()
    balance.breaches += [f"{stream}: {key} is missing" for key in missing]
    balance.breaches += [f"{stream}: {key} came once too often" for key in extra]


def _faults_of_health(soak: Soak, balance: Balance, gaps: Sequence[Gap]) -> Iterator[str]:
    yield from (f"{gap.stream}: a gap from {gap.since} to {gap.until}" for gap in gaps)
    if not balance.lags:
        yield "no lag could be measured"
    if percentile(balance.lags, 0.99) >= soak.most_lag_seconds:
        yield f"the 99th percentile of the lag is {soak.most_lag_seconds} s or more"


def _carried(stream: Stream, log: Sequence[LogEntry]) -> Iterator[LogEntry]:
    channels = of_stream(stream.name, parameter=stream.parameter, account_id=DEMO_ACCOUNT_ID)
    return (entry for entry in log if not set(channels).isdisjoint(entry.channels))


def _key(entry: LogEntry) -> Key:
    version = (entry.edited_at or "") if entry.event == "status.update" else ""
    return entry.event, entry.identifier if entry.event in _WITH_IDS else "", version


def _lags(log: Sequence[LogEntry], diary: Diary) -> list[float]:
    """Return how long after its publication each live event was received.

    Both ends are read from the clock of this machine: the server's log says when it published, the
    recording says `received_at`, cut to the millisecond, which may make a lag of 0.
    """
    published_at = {_key(entry): entry.published_at for entry in log}
    return sorted(
        max(note.received_at - published_at[note.key], 0.0)
        for note in diary.notes
        if note.live and note.key in published_at
    )
