"""The async and the sync client are one interface: names, parameters, results and descriptions.

Whatever differs is a row of `ALLOWED` with its reason. A row that is not needed fails as well.
The comparison itself is fed wrong twins, to see that it can fail.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping

import pytest

from trunkline import AsyncMastodon, Mastodon
from trunkline.feed import AsyncFeed
from trunkline.sync_feed import Feed

SPECIAL_TWINS: Mapping[str, str] = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}
NO_AWAIT = {
    "stream": "nothing is opened before the first event is asked for",
    "__aiter__": "the protocol of asynchronous iteration wants a plain method",
    "acknowledge": "notes what is finished; nothing is waited for",
    "save": "stores a few rows, and stores of cursors are plain",
    "stop": "only asks for the end; the iteration comes to it",
    "stats": "reads counters",
}
"""Methods that are plain in both classes, and why."""

LISTENING = (
    "user_stream",
    "public_stream",
    "hashtag_stream",
    "stream_user",
    "stream_public",
    "stream_local",
    "stream_hashtag",
    "stream_list",
    "stream_direct",
)
THREAD = "only the sync methods can listen in a thread; with asyncio a task does that"
MASTODON_PY = "only the sync methods stand in for those of Mastodon.py, with its keywords"

ALLOWED: Mapping[tuple[str, str, str], str] = {
    ("AsyncMastodon", "listen", "parameters"): THREAD,
    ("AsyncMastodon", "listen", "returns"): THREAD,
    ("AsyncMastodon", "listen", "docstring"): THREAD,
    **{("AsyncMastodon", name, "parameters"): MASTODON_PY for name in LISTENING},
    **{("AsyncMastodon", name, "returns"): THREAD for name in LISTENING},
    ("AsyncFeed", "", "docstring"): "cancelling belongs to the one, Ctrl-C and running loops to the"
    " other, and `with` is spelled differently",
    ("AsyncFeed", "__init__", "parameters"): "the sync feed needs the loop that it steps; users"
    " make neither of them",
    ("AsyncFeed", "stop", "docstring"): "threads exist only where there is no other way",
    ("AsyncFeed", "close", "docstring"): "a second thread can be in the way of the sync feed only",
}

Difference = tuple[str, str, str]


def differences(ours: type, twin: type) -> dict[Difference, str]:
    """Return where `twin` differs from `ours`, each difference with both sides of it."""
    found: dict[Difference, str] = {}

    def compare(member: str, aspect: str, left: object, right: object) -> None:
        if left != right:
            found[ours.__name__, member, aspect] = f"{left!r} / {right!r}"

    compare("", "docstring", inspect.getdoc(ours), inspect.getdoc(twin))
    names, twins = public(ours), public(twin)
    compare("", "names", sorted(SPECIAL_TWINS.get(name, name) for name in names), sorted(twins))
    for name, member in names.items():
        other = twins.get(SPECIAL_TWINS.get(name, name))
        if other is not None:
            for aspect, look in ASPECTS.items():
                compare(name, aspect, look(member), look(other))
            compare(name, "await", expects_await(name, member), inspect.iscoroutinefunction(member))
            compare(name, "blocking", False, inspect.iscoroutinefunction(other))
    return found


def public(kind: type) -> dict[str, object]:
    special = {*SPECIAL_TWINS, *SPECIAL_TWINS.values(), "__init__"}
    return {
        name: member
        for name, member in vars(kind).items()
        if name in special or not name.startswith("_")
    }


def expects_await(name: str, member: object) -> bool:
    return callable(member) and name not in NO_AWAIT and name != "__init__"


def parameters(member: object) -> list[str]:
    return [spelled(str(one)) for each in signatures(member) for one in each.parameters.values()]


def returns(member: object) -> list[str]:
    return [spelled(str(each.return_annotation)) for each in signatures(member)]


def signatures(member: object) -> Iterator[inspect.Signature]:
    if isinstance(member, property):
        member = member.fget
    if callable(member):
        yield inspect.signature(member)
        yield from map(inspect.signature, typing.get_overloads(member))


def spelled(annotation: str) -> str:
    return annotation.replace("AsyncFeed", "Feed")


ASPECTS: Mapping[str, Callable[[object], object]] = {
    "kind": lambda member: isinstance(member, property),
    "parameters": parameters,
    "returns": returns,
    "docstring": inspect.getdoc,
}
TWINS = ((AsyncMastodon, Mastodon), (AsyncFeed, Feed))


def test_both_faces_differ_only_where_a_row_gives_the_reason() -> None:
    found = {
        place: sides for ours, twin in TWINS for place, sides in differences(ours, twin).items()
    }
    assert {place: found[place] for place in found.keys() - ALLOWED.keys()} == {}
    assert ALLOWED.keys() - found.keys() == set(), "these rows are not needed any more"


def test_the_listening_methods_are_all_there() -> None:
    assert set(LISTENING) == {name for name in public(AsyncMastodon) if "stream" in name} - {
        "stream",
        "stream_healthy",
    }


class Right:
    """Say hello."""

    async def greet(self, name: str, *, times: int = 1) -> str:
        """Greet somebody."""
        return name * times

    async def __aenter__(self) -> None: ...


class SyncRight:
    """Say hello."""

    def greet(self, name: str, *, times: int = 1) -> str:
        """Greet somebody."""
        return name * times

    def __enter__(self) -> None: ...


class OtherDefault(SyncRight):
    """Say hello."""

    def greet(self, name: str, *, times: int = 2) -> str:
        """Greet somebody."""
        return name * times

    __enter__ = SyncRight.__enter__


class OtherResult(SyncRight):
    """Say hello."""

    def greet(self, name: str, *, times: int = 1) -> bytes:  # type: ignore[override]
        """Greet somebody."""
        return name.encode() * times

    __enter__ = SyncRight.__enter__


class OtherWords(SyncRight):
    """Say hello."""

    def greet(self, name: str, *, times: int = 1) -> str:
        """Greet a person."""
        return name * times

    __enter__ = SyncRight.__enter__


class Missing:
    """Say hello."""

    __enter__ = SyncRight.__enter__


class More(SyncRight):
    """Say hello."""

    greet = SyncRight.greet
    wave = SyncRight.greet
    __enter__ = SyncRight.__enter__


class Awaits(SyncRight):
    """Say hello."""

    greet = Right.greet  # type: ignore[assignment]
    __enter__ = SyncRight.__enter__


class Property:
    """Say hello."""

    __enter__ = SyncRight.__enter__

    @property
    def greet(self) -> str:
        """Greet somebody."""
        return ""


class OtherTitle(SyncRight):
    """Say goodbye."""

    greet = SyncRight.greet
    __enter__ = SyncRight.__enter__


def test_a_right_twin_is_found_right() -> None:
    assert differences(Right, SyncRight) == {}


@pytest.mark.parametrize(
    ("twin", "expected"),
    [
        (OtherDefault, {("greet", "parameters")}),
        (OtherResult, {("greet", "returns")}),
        (OtherWords, {("greet", "docstring")}),
        (Missing, {("", "names")}),
        (More, {("", "names")}),
        (Awaits, {("greet", "blocking")}),
        (Property, {("greet", "kind"), ("greet", "parameters")}),
        (OtherTitle, {("", "docstring")}),
    ],
)
def test_a_wrong_twin_is_found_wrong(twin: type, expected: set[tuple[str, str]]) -> None:
    assert {place[1:] for place in differences(Right, twin)} == expected


def test_a_method_that_should_be_awaited_and_is_not_is_found() -> None:
    assert {place[1:] for place in differences(SyncRight, SyncRight)} >= {("greet", "await")}
