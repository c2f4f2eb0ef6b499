"""The oracle: compares what a consumer was given with what the world published.

It knows nothing of how the client works. A difference is a breach of the promise unless a `Gap`
names it (it was published between `since` and `until`, and its kind is among `missing`) or it was
not retrievable: a post created and deleted while away, an edit or a deletion of a post that was
delivered longer ago than the reconcile window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.continuity.stage import Evidence, Setting

from trunkline.events import AnyEvent, Delete, Edit, Notify, Update
from trunkline.policy.dedupe import edited_at
from trunkline.server.log import LogEntry
from trunkline.signals import SIGNALS, Connected, Gap
from trunkline.streams import Stream

__all__ = ["breaches", "gaps_of", "key_of"]

_EPSILON_SECONDS = 0.001
_CHANNELS = {
    "user": frozenset({"user:1", "user:1:notification"}),
    "user:notification": frozenset({"user:1:notification"}),
}
"""Which channels of the world a stream listens to, where they have another name."""


def breaches(evidence: Evidence, setting: Setting, *, ordered: bool = True) -> list[str]:
    """Return every breach of the promise, a sentence each; an empty list when it was kept."""
    found: list[str] = []
    for stream in setting.streams:
        comparison = _Comparison(evidence, setting, stream, ordered)
        found += [f"{stream}: {breach}" for breach in comparison.breaches()]
    return found


def gaps_of(evidence: Evidence, stream: Stream | None = None) -> list[Gap]:
    """Return the gaps that the consumer was told of."""
    return [
        one.item
        for one in evidence.records
        if isinstance(one.item, Gap) and stream in (None, one.item.stream)
    ]


def key_of(event: AnyEvent) -> tuple[str, str, str] | None:
    """Return what tells an event from others: its name, its id and its version."""
    match event:
        case Update():
            return "update", event.status_id, ""
        case Edit():
            return "status.update", event.status_id, edited_at(event.raw)
        case Delete():
            return "delete", event.status_id, ""
        case Notify():
            return "notification", event.notification_id, ""
    return None


def _key_of_entry(entry: LogEntry) -> tuple[str, str, str]:
    version = (entry.edited_at or "") if entry.event == "status.update" else ""
    return entry.event, entry.identifier, version


@dataclass
class _Post:
    """One post as the world has it in the end, and as the consumer does."""

    published_at: float
    version: str = ""
    version_at: float = 0.0
    deleted_at: float | None = None
    delivered_at: float | None = None
    seen_version: str = ""
    seen_deleted: bool = False


@dataclass
class _Comparison:
    evidence: Evidence
    setting: Setting
    stream: Stream
    ordered: bool
    log: list[LogEntry] = field(init=False)
    events: list[AnyEvent] = field(init=False)
    gaps: list[Gap] = field(init=False)
    polled: bool = field(init=False)  # between two polls is a gap that nobody names

    def __post_init__(self) -> None:
        channels = _CHANNELS.get(str(self.stream), frozenset({str(self.stream)}))
        self.log = [one for one in self.evidence.log if not channels.isdisjoint(one.channels)]
        self.events = [
            one.item
            for one in self.evidence.records
            if not isinstance(one.item, SIGNALS) and one.item.stream == self.stream and one.finished
        ]
        self.gaps = gaps_of(self.evidence, self.stream)
        self.polled = any(
            isinstance(one.item, Connected)
            and one.item.transport == "polling"
            and self.stream in one.item.streams
            for one in self.evidence.records
        )

    def breaches(self) -> Iterator[str]:
        yield from self._duplicates()
        if self.ordered:
            yield from self._disorder()
        for identifier, post in self._posts().items():
            yield from self._wrong_with(identifier, post)
        yield from self._missing_notifications()
        yield from self._inventions()

    def _duplicates(self) -> Iterator[str]:
        counted = Counter(key for event in self.events if (key := key_of(event)) is not None)
        yield from (f"{key} came {times} times" for key, times in counted.items() if times > 1)

    def _disorder(self) -> Iterator[str]:
        place = {_key_of_entry(entry): number for number, entry in enumerate(self.log)}
        last = -1
        for event in self.events:
            number = place.get(key_of(event) or ("", "", ""), -1)
            if event.origin == "live" and number >= 0:
                if number < last:
                    yield f"live {key_of(event)} came after {_key_of_entry(self.log[last])}"
                last = number

    def _posts(self) -> dict[str, _Post]:
        posts: dict[str, _Post] = {}
        for entry in self.log:
            if entry.event == "update":
                posts[entry.identifier] = _Post(entry.published_at)
            post = posts.get(entry.identifier)
            if post is not None and entry.event == "status.update":
                post.version, post.version_at = entry.edited_at or "", entry.published_at
            elif post is not None and entry.event == "delete":
                post.deleted_at = entry.published_at
        for event in self.events:
            _apply(event, posts)
        return posts

    def _wrong_with(self, identifier: str, post: _Post) -> Iterator[str]:
        """Say what the consumer should know of one post and does not."""
        if post.delivered_at is None:
            at = post.published_at
            if post.deleted_at is not None:
                # Where a deletion overtakes its post, or a server is silent, nobody can tell.
                if self.ordered and not (self.polled or self._hidden(at)):
                    yield f"post {identifier} of {at} is missing, though no gap hid it"
            elif not self._named(at, "update"):
                yield f"post {identifier} of {at} is missing and no gap names it"
        elif post.deleted_at is not None:
            if not post.seen_deleted and not self._forgiven(post, post.deleted_at, "delete"):
                yield f"the deletion of {identifier} at {post.deleted_at} is missing"
        elif post.seen_version != post.version and not self._forgiven(
            post, post.version_at, "status.update"
        ):
            yield (
                f"{identifier} stands in version {post.seen_version!r},"
                f" not {post.version!r} of {post.version_at}"
            )

    def _missing_notifications(self) -> Iterator[str]:
        got = {event.notification_id for event in self.events if isinstance(event, Notify)}
        for entry in self.log:
            missing = entry.event == "notification" and entry.identifier not in got
            if missing and not self._named(entry.published_at, "notification"):
                yield f"notification {entry.identifier} is missing and no gap names it"

    def _inventions(self) -> Iterator[str]:
        """Yield what never happened: deletions of posts that stand, posts from before the start."""
        # Where a frame does not say which stream it is of, all streams get it.
        deleted = {one.identifier for one in self.evidence.log if one.event == "delete"}
        posted = {entry.identifier for entry in self.log if entry.event == "update"}
        gone: set[str] = set()
        for event in self.events:
            if isinstance(event, Delete):
                gone.add(event.status_id)
                if event.status_id not in deleted:
                    yield f"{event.status_id} was never deleted"
            elif isinstance(event, Update) and event.status_id not in posted:
                yield f"{event.status_id} was there before following began"
            elif isinstance(event, (Update, Edit)) and event.status_id in gone:
                yield f"{event.status_id} came back after its deletion"

    def _hidden(self, at: float) -> bool:
        return any(_within(gap, at) for gap in self.gaps)

    def _named(self, at: float, kind: str) -> bool:
        return any(
            _within(gap, at) and not gap.complete and not gap.missing.isdisjoint({kind, "*"})
            for gap in self.gaps
        )

    def _forgiven(self, post: _Post, at: float, kind: str) -> bool:
        """Tell whether a change was named as missing, or the post was delivered too long ago."""
        window_seconds = self.setting.options.reconcile_window_seconds
        delivered_at = post.delivered_at or 0.0
        too_old = any(
            _within(gap, at)
            and gap.since is not None
            and delivered_at < gap.since.timestamp() - window_seconds
            for gap in self.gaps
        )
        return too_old or self._named(at, kind)


def _apply(event: AnyEvent, posts: dict[str, _Post]) -> None:
    if not isinstance(event, (Update, Edit, Delete)) or event.status_id not in posts:
        return
    post = posts[event.status_id]
    if isinstance(event, Delete):
        post.seen_deleted = True
        return
    version = edited_at(event.raw)
    if isinstance(event, Edit):
        post.seen_version = version
        return
    # The server may tell of an edit before it tells of its post.
    post.seen_version = max(post.seen_version, version)
    post.delivered_at = event.received_at.timestamp()


def _within(gap: Gap, at: float) -> bool:
    since = gap.since.timestamp() if gap.since is not None else float("-inf")
    return since - _EPSILON_SECONDS <= at <= gap.until.timestamp() + _EPSILON_SECONDS


def unnamed(gaps: Iterable[Gap]) -> Sequence[Gap]:
    """Return the gaps that are not complete."""
    return [gap for gap in gaps if not gap.complete]
