"""A mirror shows what happened elsewhere: on the same streams, and for REST as it is now."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from tests.sinks.builders import NOON, PUBLIC, SERVER, USER, delete, edit, now, post, update
from tests.sinks.recordings import LIST, TAG, notification, one_of_everything

from trunkline.events import AnyEvent, Malformed, Unknown, Update
from trunkline.server import World
from trunkline.server.mirror import Mirror, Ring, mirror_world
from trunkline.server.publication import Publication
from trunkline.wire.decode import decode_event


class Heard:
    """A mirror and what it published."""

    def __init__(self, *, retention: int = 100) -> None:
        self.world: World = mirror_world(tokens=("t",), retention=retention)
        self.mirror = Mirror(self.world)
        self.published: list[Publication] = []
        self.world.listeners.append(self.published.extend)

    def tell(self, *events: AnyEvent) -> None:
        for event in events:
            self.mirror.tell(event)

    def listed(self, channel: str) -> list[str]:
        return list(self.world.archive.timeline(channel))

    def kept(self, status_id: str) -> bytes | None:
        shelf = self.world.archive.get(f"status:{status_id}")
        return shelf.raw if shelf is not None else None


def test_an_event_is_published_on_its_own_stream_with_its_own_bytes() -> None:
    heard = Heard()
    events = one_of_everything()
    heard.tell(*events)
    assert [(one.event, one.data) for one in heard.published] == [
        (event.name, event.raw) for event in events
    ]
    assert [one.channels for one in heard.published[:4]] == [
        ("public",),
        ("hashtag:python",),
        ("public",),
        ("list:42",),
    ]


def test_a_post_of_two_streams_is_on_both_timelines_in_its_newest_version() -> None:
    heard = Heard()
    old, new = post("5"), post("5", "<p>New</p>")
    heard.tell(update(old), edit(new), update(old, stream=TAG))
    assert heard.listed("public") == heard.listed("hashtag:python") == ["5"]
    assert heard.kept("5") == edit(new).raw


def test_a_deletion_takes_a_post_from_its_stream_and_the_last_one_takes_it_from_rest() -> None:
    heard = Heard()
    heard.tell(update(post("5")), update(post("5"), stream=USER), delete("5", stream=USER))
    assert (heard.listed("public"), heard.listed("user:1")) == (["5"], [])
    heard.tell(delete("5"))
    assert heard.listed("public") == []
    assert heard.kept("5") is None


def test_what_was_forgotten_is_not_taken_for_deleted() -> None:
    heard = Heard(retention=2)
    heard.tell(*(update(post(str(number))) for number in range(1, 5)), delete("4"))
    assert heard.kept("4") is None
    assert heard.kept("3") is not None
    with pytest.raises(web.HTTPGone):
        heard.kept("1")


def test_a_post_that_came_after_its_deletion_and_was_forgotten_is_not_deleted() -> None:
    heard = Heard(retention=2)
    heard.tell(delete("1"), *(update(post(str(number))) for number in range(1, 4)))
    with pytest.raises(web.HTTPGone):
        heard.kept("1")


def test_it_keeps_no_more_than_it_may() -> None:
    heard = Heard(retention=10)
    for number in range(1, 50):
        heard.tell(update(post(str(number))), edit(post(str(number))), edit(post(str(number))))
        if number % 2:
            heard.tell(delete(str(number)))
    ring = heard.world.archive
    assert isinstance(ring, Ring)
    assert len(heard.listed("public")) <= 10
    assert len(ring._deleted) <= 10
    assert all(len(shelf.versions) == 1 for shelf in ring._shelves.values())


def test_a_list_exists_once_it_is_told_of() -> None:
    heard = Heard()
    Mirror(heard.world, [LIST])
    assert [one.list_id for one in heard.world.people.lists.values()] == ["42"]


def test_notifications_are_for_rest_too() -> None:
    heard = Heard()
    heard.tell(notification("77"))
    assert heard.listed("user:1:notification") == ["77"]


@pytest.mark.parametrize(
    "event",
    [
        Malformed(
            name="", reason="no name", stream=PUBLIC, server=SERVER, received_at=now(), raw=b"x"
        ),
        Unknown(name="strange", stream=PUBLIC, server=SERVER, received_at=now(), raw=b"a\nb"),
    ],
    ids=lambda event: event.name or "nameless",
)
def test_what_no_event_stream_can_carry_is_not_published(event: AnyEvent) -> None:
    heard = Heard()
    assert not heard.mirror.tell(event)
    assert heard.published == []


def test_a_payload_of_several_lines_is_put_on_one() -> None:
    heard = Heard()
    heard.tell(Update(PUBLIC, SERVER, now(), b'{"id": "8",\n"content": "x"}'))
    assert heard.published[0].data == b'{"id": "8", "content": "x"}'


def test_nobody_can_log_in_to_get_a_token() -> None:
    heard = Heard()
    with pytest.raises(web.HTTPForbidden):
        heard.world.people.add_token("mine")


@given(
    st.lists(st.tuples(st.sampled_from(["post", "tagged", "edit", "delete"]), st.integers(0, 9)))
)
def test_whatever_happens_its_timelines_are_those_of_the_server_that_it_mirrors(
    steps: list[tuple[str, int]],
) -> None:
    original, heard = World(), Heard()
    original.listeners.append(lambda told: heard.tell(*_as_a_client_hears(told)))
    ids: list[str] = []
    for step, number in steps:
        if step in ("post", "tagged"):
            tags = ["python"] if step == "tagged" else []
            ids.append(str(original.post(f"<p>{number}</p>", tags=tags)["id"]))
        elif number < len(ids) and original.find_post(ids[number]) is not None:
            if step == "edit":
                original.edit(ids[number], content=f"<p>edit {len(ids)}</p>")
            else:
                original.delete(ids[number])
    for channel in ("public", "hashtag:python"):
        shown = list(original.archive.timeline(channel))
        assert heard.listed(channel) == shown
        assert [_content(heard.kept(one)) for one in shown] == [
            original.require_post(one).status["content"] for one in shown
        ]


def _as_a_client_hears(told: tuple[Publication, ...]) -> list[AnyEvent]:
    """Return the events of a client of `public` and one of `#python`."""
    return [
        decode_event(one.event, one.data, stream=stream, server=SERVER, received_at=NOON)
        for one in told
        for stream in (PUBLIC, TAG)
        if str(stream) in one.channels
    ]


def _content(raw: bytes | None) -> object:
    return msgspec.json.decode(raw or b"{}", type=dict)["content"]
