from __future__ import annotations

import pytest

from trunkline.errors import BadInput
from trunkline.server import World
from trunkline.server.publication import Publication
from trunkline.streams import Stream


def recorded(world: World) -> list[Publication]:
    told: list[Publication] = []
    world.listeners.append(told.extend)
    return told


def names(world: World, stream: Stream) -> list[str]:
    return [entry.event for entry in world.published_on(stream)]


def test_a_local_post_with_everything_goes_everywhere_it_belongs() -> None:
    world = World()
    world.post(tags=["Café", "cafe"], media=1)
    (entry,) = world.log
    assert entry.channels == (
        "public",
        "public:local",
        "public:media",
        "public:local:media",
        "hashtag:cafe",
        "hashtag:cafe:local",
        "user:1",
        "list:1",
    )


def test_public_channels_get_a_post_without_its_viewer_and_filtered_last() -> None:
    world = World()
    told = recorded(world)
    world.post()
    public, home = told
    assert b'"favourited"' not in public.data
    assert public.data.endswith(b',"filtered":[]}')
    assert b'"favourited":false,"reblogged":false' in home.data


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_a_post_that_is_not_public_reaches_followers_only(visibility: str) -> None:
    world = World()
    world.post(visibility=visibility, tags=["x"])
    (entry,) = world.log
    assert entry.channels == ("user:1", "list:1")


def test_a_boost_reaches_followers_only_and_carries_the_original() -> None:
    world = World()
    original = world.post("<p>first</p>", local=False)
    boost = world.boost(str(original["id"]))
    assert names(world, Stream.public()) == ["update"]
    assert names(world, Stream.user()) == ["update", "update"]
    assert boost["reblog"] == original
    assert boost["content"] == "<p>first</p>"


def test_edits_and_deletions_go_where_the_post_went() -> None:
    world = World()
    status_id = str(world.post(tags=["x"], local=False)["id"])
    world.edit(status_id, content="<p>2</p>")
    world.delete(status_id)
    assert names(world, Stream.hashtag("x")) == ["update", "status.update", "delete"]
    assert names(world, Stream.public(local=True)) == []
    assert {entry.identifier for entry in world.log} == {status_id}


def test_every_edit_has_a_later_time_than_the_one_before() -> None:
    world = World(lambda: 1_795_000_000.0)
    status_id = str(world.post()["id"])
    times = [str(world.edit(status_id, content=str(n))["edited_at"]) for n in range(5)]
    assert times == sorted(set(times))
    assert [entry.edited_at for entry in world.log] == [None, *times]


def test_an_edited_post_reaches_those_it_mentions_among_their_notifications() -> None:
    world = World()
    status_id = str(world.post(mentions=["1"])["id"])
    world.edit(status_id, content="x")
    assert names(world, Stream.notifications()) == ["status.update"]


def test_a_message_is_a_conversation_a_post_at_home_and_a_notification() -> None:
    world = World()
    first, second = world.message("a"), world.message("b")
    assert first["id"] == second["id"]
    assert names(world, Stream.direct()) == ["conversation"] * 2
    assert names(world, Stream.user()) == ["update", "notification"] * 2
    assert names(world, Stream.public()) == []


def test_only_those_who_follow_somebody_have_the_posts_at_home() -> None:
    world = World()
    follower = world.people.add_user("follower")
    follower.follows = {"3"}
    world.post(local=True)
    world.post(local=False)
    entries = world.published_on(Stream.user(), account_id=follower.account_id)
    assert len(entries) == 1


def test_a_late_post_has_an_id_and_a_date_below_those_before_it() -> None:
    now = 1_795_000_000.0
    world = World(lambda: now)
    prompt, late = world.post(), world.post(late_seconds=3600)
    assert int(str(late["id"])) >> 16 == int((now - 3600) * 1000)
    assert str(late["created_at"]) < str(prompt["created_at"])
    assert [entry.identifier for entry in world.log] == [prompt["id"], late["id"]]


def test_an_announcement_reaches_every_user() -> None:
    world = World()
    other = world.people.add_user("other").account_id
    world.announce()
    (entry,) = world.log
    assert entry.channels == ("user:1", f"user:{other}")
    assert entry.identifier.isdigit()


def test_what_others_made_is_published_and_retained_alike() -> None:
    world, source = World(), World()
    made = recorded(source)
    status_id = str(source.post()["id"])
    source.edit(status_id, content="2")
    world.publish("update", made[1].data)
    world.publish("status.update", made[3].data.decode())
    world.publish("conversation", source.message())
    world.publish("notification", source.notify())
    assert [entry.event for entry in world.log] == [
        "update",
        "status.update",
        "conversation",
        "notification",
    ]
    world.publish("delete", status_id)
    assert world.find_post(status_id) is None


def test_an_edit_of_a_post_that_is_unknown_is_still_told() -> None:
    world = World()
    status = World().post()
    world.publish("status.update", status)
    assert names(world, Stream.public()) == ["status.update"]
    assert world.find_post(str(status["id"])) is None


def test_a_payload_that_is_no_entity_is_refused() -> None:
    with pytest.raises(BadInput, match="Expected an entity"):
        World().publish("update", 5)


def test_a_post_that_does_not_exist_cannot_be_edited() -> None:
    with pytest.raises(BadInput, match="Post it first"):
        World().edit("7", content="x")


def test_the_log_may_be_bounded() -> None:
    world = World(log_limit=2)
    for _ in range(3):
        world.post()
    assert len(world.log) == 2
    assert world.published == 3


def test_the_synthetic_day_runs_through_the_world() -> None:
    from trunkline.server.synthetic import SyntheticSource

    now = 1_795_000_000_000
    world, source = World(lambda: now / 1000), SyntheticSource(7, host="here.example")
    for _ in range(500):
        now += 1000
        world.ingest(source.next(now))
    told = {entry.event for entry in world.log}
    assert {"update", "delete", "notification"} <= told
