"""The books: what the world published beside what the consumer was given.

Knows nothing of how the client works. In the usual runs everything retrievable must have arrived.
Where something may go missing, a gap must name it: the gap says that its kind is missing, and it
was published between the last event that came before the gap, and the gap's end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.diary import Diary, Key, Note
from tests.chaos.scenario import Scenario

from trunkline.server.channels import of_stream
from trunkline.server.log import LogEntry
from trunkline.server.people import DEMO_ACCOUNT_ID
from trunkline.signals import Gap
from trunkline.streams import Stream

__all__ = ["Book", "Score", "score", "shown"]

_KINDS = frozenset({"update", "status.update", "delete", "notification"})
_SHOWN = 10


@dataclass(slots=True)
class Score:
    """What became of what was published, over all streams of a run.

    Attributes:
        vanished: Posts that were deleted before anybody could fetch them, and what notified of
            such.
        named: What is missing as a gap says.
        breaches: What is wrong, a sentence each.
    """

    published: int = 0
    delivered: int = 0
    missing: int = 0
    named: int = 0
    duplicated: int = 0
    vanished: int = 0
    edits: int = 0
    deletions: int = 0
    breaches: list[str] = field(default_factory=list)


def score(scenario: Scenario, log: Sequence[LogEntry], diary: Diary) -> Score:
    """Return the score of a run, from the log of its world since following began."""
    total = Score()
    for stream in scenario.streams:
        Book(stream, log, diary, total).close()
    if scenario.trial == "main":
        total.breaches += [
            f"{gap.stream}: incomplete gap {gap.since} to {gap.until}: {gap.reason}"
            for gap in diary.gaps
            if not gap.complete
        ]
        if total.named:
            total.breaches.append(f"{total.named} are missing, though gaps name them")
    elif all(gap.complete for gap in diary.gaps):
        total.breaches.append("every gap is complete: the run has tested nothing")
    return total


@dataclass(slots=True)
class _Post:
    published_at: float
    version: str = ""
    version_at: float = 0.0
    deleted_at: float = 0.0


class Book:
    """What was published on one stream, and what of it came.

    Args:
        stream: Which one.
        log: What the world published, on all streams.
        diary: What came, on all streams.
        total: Where to add what is found.
        withdrawn: The ids of the notifications that went with a post that was deleted.
    """

    def __init__(
        self,
        stream: Stream,
        log: Sequence[LogEntry],
        diary: Diary,
        total: Score,
        *,
        withdrawn: Collection[str] = (),
    ) -> None:
        channels = of_stream(stream.name, parameter=stream.parameter, account_id=DEMO_ACCOUNT_ID)
        self._stream = stream
        self._log = [
            one for one in log if one.event in _KINDS and not set(channels).isdisjoint(one.channels)
        ]
        self._notes = [note for note in diary.notes if note.stream == stream]
        self._got = {note.key for note in self._notes}
        self._gaps = [
            (_last_heard(gap, self._notes, self._log), gap)
            for gap in diary.gaps
            if gap.stream == stream
        ]
        self._total = total
        self._withdrawn = withdrawn

    def close(self) -> None:
        """Add this stream to the total."""
        total = self._total
        total.published += len({_key(entry) for entry in self._log})
        total.delivered += len(self._notes)
        self._count_duplicates()
        versions = self._versions()
        for status_id, post in self._posts().items():
            if ("update", status_id, "") in self._got:
                self._check_changes(status_id, post, versions.get(status_id, ""))
            elif post.deleted_at:
                total.vanished += 1
                self._check_vanished(status_id, post)
            else:
                self._miss(f"post {status_id}", "update", post.published_at)
        for entry in self._log:
            if entry.event == "notification" and _key(entry) not in self._got:
                self._check_notification(entry)

    def _count_duplicates(self) -> None:
        for key, times in Counter(note.key for note in self._notes).items():
            if times > 1:
                self._total.duplicated += times - 1
                self._breach(f"{key} came {times} times")

    def _posts(self) -> dict[str, _Post]:
        posts: dict[str, _Post] = {}
        for entry in self._log:
            if entry.event == "update":
                posts[entry.identifier] = _Post(entry.published_at)
            post = posts.get(entry.identifier)
            if post is not None and entry.event == "status.update":
                post.version, post.version_at = entry.edited_at or "", entry.published_at
            elif post is not None and entry.event == "delete":
                post.deleted_at = entry.published_at
        return posts

    def _versions(self) -> dict[str, str]:
        """Return the version in which the consumer has each post."""
        versions: dict[str, str] = {}
        for note in self._notes:
            name, status_id, _ = note.key
            if name in ("update", "status.update"):
                versions[status_id] = max(versions.get(status_id, ""), note.version)
        return versions

    def _check_changes(self, status_id: str, post: _Post, version: str) -> None:
        if post.deleted_at:
            if ("delete", status_id, "") in self._got:
                self._total.deletions += 1
            else:
                self._miss(f"the deletion of {status_id}", "delete", post.deleted_at)
        elif post.version:
            if version == post.version:
                self._total.edits += 1
            else:
                self._miss(
                    f"version {post.version} of {status_id}", "status.update", post.version_at
                )

    def _check_vanished(self, status_id: str, post: _Post) -> None:
        if ("delete", status_id, "") in self._got:
            return  # it overtook its post
        self._vanish(f"post {status_id}", post.published_at)

    def _check_notification(self, entry: LogEntry) -> None:
        what = f"notification {entry.identifier}"
        if entry.identifier in self._withdrawn:
            self._total.vanished += 1
            self._vanish(what, entry.published_at)
        else:
            self._miss(what, "notification", entry.published_at)

    def _vanish(self, what: str, at: float) -> None:
        if not any(since <= at <= _until(gap) for since, gap in self._gaps):
            self._breach(f"{what} of {at} vanished outside of all gaps")

    def _miss(self, what: str, kind: str, at: float) -> None:
        if any(
            since <= at <= _until(gap) and not gap.missing.isdisjoint({kind, "*"})
            for since, gap in self._gaps
        ):
            self._total.named += 1
            return
        self._total.missing += 1
        self._breach(f"{what} of {at} is missing and no gap names it")

    def _breach(self, words: str) -> None:
        self._total.breaches.append(f"{self._stream}: {words}")


def _key(entry: LogEntry) -> Key:
    version = (entry.edited_at or "") if entry.event == "status.update" else ""
    return entry.event, entry.identifier, version


def _until(gap: Gap) -> float:
    return gap.until.timestamp()


def _last_heard(gap: Gap, notes: Sequence[Note], log: Sequence[LogEntry]) -> float:
    """Return when the last live event before `gap` was published: what is later may be lost.

    A gap begins when something was last received; what was on the way then is lost as well.
    """
    if gap.since is None:
        return float("-inf")
    since = gap.since.timestamp()
    published_at = {_key(entry): entry.published_at for entry in log}
    live = [note for note in notes if note.live]
    place = bisect_right(live, since, key=lambda note: note.received_at)
    heard = (published_at[note.key] for note in live[:place][::-1] if note.key in published_at)
    return min(since, next(heard, since))


def shown(breaches: Sequence[str]) -> Iterator[str]:
    """Yield the first breaches, and how many more there are."""
    yield from breaches[:_SHOWN]
    if len(breaches) > _SHOWN:
        yield f"... and {len(breaches) - _SHOWN} more"
