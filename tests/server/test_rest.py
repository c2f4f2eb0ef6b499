from __future__ import annotations

import asyncio
import re

import pytest
from tests.server.clients import Http, served
from tests.support.virtual_clock import on_virtual_clock, wall_clock

from trunkline.server import World
from trunkline.server.site import Settings
from trunkline.server.throttle import Limit, RateLimits


def post(client: Http, *, late_seconds: float = 0.0, **members: object) -> str:
    return str(client.server.world.post(late_seconds=late_seconds, **members)["id"])  # type: ignore[arg-type]


async def everything_above(client: Http, path: str, *, start: str = "1") -> list[str]:
    """Follow ``min_id`` upward, as catching up does."""
    seen: list[str] = []
    while page := await client.ids(f"{path}min_id={seen[-1] if seen else start}"):
        seen += page[::-1]
    return seen


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", "lmrn"),
        ("local=true", "lm"),
        ("remote=true", "rn"),
        ("only_media=true", "mn"),
        ("local=1&only_media=1", "m"),
        ("remote=1&only_media=1", "n"),
        ("local=true&remote=true", "lmrn"),
        ("local=false", "lmrn"),
    ],
)
async def test_the_public_timeline_lists_what_the_query_asks_for(query: str, kept: str) -> None:
    async with served() as client:
        made = {
            "l": post(client),
            "m": post(client, media=1),
            "r": post(client, local=False),
            "n": post(client, local=False, media=1),
        }
        post(client, visibility="unlisted")
        post(client, visibility="private")
        expected = [made[letter] for letter in kept][::-1]
        assert await client.ids(f"timelines/public?{query}") == expected


async def test_a_reply_to_somebody_else_is_on_no_public_timeline_but_on_its_tags() -> None:
    async with served() as client:
        first = post(client)
        reply = post(client, local=False, in_reply_to_id=first, tags=["x"])
        own = post(client, in_reply_to_id=first)
        assert await client.ids("timelines/public") == [own, first]
        assert await client.ids("timelines/tag/x") == [reply]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", "ab"),
        ("any[]=two", "abc"),
        ("all[]=two", "b"),
        ("none[]=two", "a"),
        ("local=true", "a"),
        ("remote=true", "b"),
        ("only_media=true", "b"),
    ],
)
async def test_a_tag_may_be_joined_with_others(query: str, kept: str) -> None:
    async with served() as client:
        made = {
            "a": post(client, tags=["One"]),
            "b": post(client, tags=["óne", "two"], local=False, media=1),
            "c": post(client, tags=["two"]),
        }
        expected = [made[letter] for letter in kept][::-1]
        assert await client.ids(f"timelines/tag/ONE?{query}") == expected


async def test_paging_upward_finds_everything_in_order_of_ids_with_late_posts_in_their_place() -> (
    None
):
    async with served() as client:
        ids = [post(client, late_seconds=n % 7) for n in range(95)]
        for path in ("timelines/public?", "timelines/home?limit=40&", "timelines/list/1?"):
            assert await everything_above(client, path) == sorted(ids)


async def test_pages_have_the_size_asked_for_up_to_a_limit() -> None:
    async with served() as client:
        for _ in range(90):
            post(client)
            client.server.world.notify("follow")
        assert len(await client.ids("timelines/public")) == 20
        assert len(await client.ids("timelines/public?limit=80")) == 40
        assert len(await client.ids("timelines/public?limit=3")) == 3
        assert len(await client.ids("timelines/public?limit=nonsense")) == 0
        assert len(await client.ids("notifications")) == 40
        assert len(await client.ids("notifications?limit=100")) == 80


async def test_since_id_gives_the_newest_page_and_leaves_a_hole() -> None:
    async with served() as client:
        ids = [post(client) for _ in range(6)]
        assert await client.ids(f"timelines/public?since_id={ids[0]}&limit=2") == ids[:3:-1]
        between = await client.ids(f"timelines/public?min_id={ids[0]}&max_id={ids[3]}")
        assert between == [ids[2], ids[1]]


async def test_a_min_id_that_is_no_number_gives_the_oldest_page() -> None:
    async with served() as client:
        ids = [post(client) for _ in range(3)]
        assert await client.ids("timelines/public?min_id=abc&limit=2") == [ids[1], ids[0]]
        assert await client.ids("timelines/public?max_id=abc") == []


async def test_links_lead_to_the_neighbours_and_an_empty_page_has_none() -> None:
    async with served() as client:
        ids = [post(client) for _ in range(3)]
        _, _, head = await client.get("timelines/public?local=true&limit=1&max_id=" + ids[2])
        base = f"{client.server.url}/api/v1/timelines/public?local=true&limit=1"
        assert head["Link"] == (
            f'<{base}&max_id={ids[1]}>; rel="next", <{base}&min_id={ids[1]}>; rel="prev"'
        )
        _, body, head = await client.get(f"timelines/public?min_id={ids[2]}")
        assert body == []
        assert "Link" not in head


async def test_posts_are_shown_as_they_are_now_and_deleted_ones_not_at_all() -> None:
    async with served() as client:
        kept, gone = post(client), post(client)
        client.server.world.edit(kept, content="<p>edited</p>")
        client.server.world.delete(gone)
        _, body, _ = await client.get("timelines/public")
        assert isinstance(body, list)
        assert [(one["id"], one["content"]) for one in body] == [(kept, "<p>edited</p>")]
        assert body[0]["edited_at"]
        assert (await client.get(f"statuses/{gone}"))[0] == 404
        _, several, _ = await client.get(f"statuses?id[]={gone}&id[]={kept}")
        assert isinstance(several, list)
        assert [one["id"] for one in several] == [kept]


async def test_at_most_twenty_posts_are_asked_for_at_once() -> None:
    async with served() as client:
        query = "&".join(f"id[]={n}" for n in range(21))
        assert (await client.get(f"statuses?{query}"))[0] == 422


async def test_the_versions_of_a_post_are_all_there() -> None:
    async with served() as client:
        status_id = post(client, content="<p>1</p>")
        edits = [client.server.world.edit(status_id, content=f"<p>{n}</p>") for n in (2, 3)]
        _, versions, _ = await client.get(f"statuses/{status_id}/history")
        assert isinstance(versions, list)
        assert [one["content"] for one in versions] == ["<p>1</p>", "<p>2</p>", "<p>3</p>"]
        assert [one["created_at"] for one in versions[1:]] == [one["edited_at"] for one in edits]
        assert len({one["created_at"] for one in versions[1:]}) == 2


async def test_a_conversation_lists_its_last_post_and_the_context_has_the_rest() -> None:
    async with served() as client:
        for text in ("a", "b", "c"):
            client.server.world.message(text)
        client.server.world.message("other", account=client.server.world.people.alice)
        _, body, _ = await client.get("conversations")
        assert isinstance(body, list)
        assert [one["last_status"]["content"] for one in body] == ["other", "c"]
        last = body[1]["last_status"]["id"]
        _, context, _ = await client.get(f"statuses/{last}/context")
        assert isinstance(context, dict)
        assert [one["content"] for one in context["ancestors"]] == ["a", "b"]
        first = context["ancestors"][0]["id"]
        _, context, _ = await client.get(f"statuses/{first}/context")
        assert isinstance(context, dict)
        assert [one["content"] for one in context["descendants"]] == ["b", "c"]


async def test_notifications_may_be_asked_for_by_type() -> None:
    async with served() as client:
        for kind in ("follow", "mention", "favourite"):
            client.server.world.notify(kind)
        _, body, _ = await client.get("notifications?types[]=follow&types[]=mention")
        assert isinstance(body, list)
        assert [one["type"] for one in body] == ["mention", "follow"]
        _, body, _ = await client.get("notifications?exclude_types[]=follow")
        assert isinstance(body, list)
        assert [one["type"] for one in body] == ["favourite", "mention"]


async def test_a_home_feed_keeps_its_newest_800() -> None:
    async with served() as client:
        ids = [post(client) for _ in range(810)]
        assert await everything_above(client, "timelines/home?limit=40&") == ids[10:]


async def test_a_feed_that_is_being_rebuilt_says_206() -> None:
    async with served() as client:
        client.server.world.archive.regenerating.add("user:1")
        assert (await client.get("timelines/home"))[0] == 206
        assert (await client.get("timelines/public"))[0] == 200


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (None, "timelines/home", 401),
        ("nonsense", "timelines/public", 401),
        (None, "timelines/public", 200),
        ("narrow", "timelines/home", 403),
        ("narrow", "notifications", 200),
        ("app", "timelines/home", 422),
        ("demo-token", "timelines/list/99", 404),
        ("other", "timelines/list/1", 404),
        ("demo-token", "statuses/99", 404),
        ("demo-token", "no/such/thing", 404),
        ("demo-token", "lists/", 200),
    ],
)
async def test_what_may_not_be_seen_is_refused_in_json(
    token: str | None, path: str, status: int
) -> None:
    world = World()
    world.people.add_token("narrow", scopes=["read:notifications"])
    world.people.add_token("app", app=True)
    world.people.add_user("other", token="other")
    async with served(world=world, token=token) as client:
        got, body, _ = await client.get(path)
        assert got == status
        assert status == 200 or (isinstance(body, dict) and set(body) == {"error"})


async def test_private_posts_are_there_for_those_who_have_them_in_their_home() -> None:
    world = World()
    stranger = world.people.add_user("stranger", token="stranger")
    stranger.follows = set()
    async with served(world=world) as client:
        private = post(client, visibility="private")
        assert (await client.get(f"statuses/{private}"))[0] == 200
    for token in (None, "stranger"):
        async with served(world=world, token=token) as client:
            assert (await client.get(f"statuses/{private}"))[0] == 404


@on_virtual_clock
async def test_limits_are_counted_in_windows_and_told_in_the_head() -> None:
    limits = RateLimits(
        general=Limit(requests=4, period_seconds=300), paged=Limit(requests=2, period_seconds=900)
    )
    settings = Settings(rate_limits=limits)
    async with served(world=World(wall_clock), settings=settings) as client:
        answers = [await client.get(f"timelines/public?{query}") for query in ("", "min_id=1")]
        remaining = [head["X-RateLimit-Remaining"] for _, _, head in answers]
        assert remaining == ["3", "1"]
        assert answers[0][2]["X-RateLimit-Limit"] == "4"
        await client.get("timelines/public?min_id=1")
        status, body, head = await client.get("timelines/public?min_id=1")
        assert (status, body) == (429, {"error": "Too many requests"})
        assert "Retry-After" not in head
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", head["X-RateLimit-Reset"])
        await asyncio.sleep(300)
        assert (await client.get("timelines/public"))[0] == 200
        assert (await client.get("timelines/public?max_id=1"))[0] == 429
        await asyncio.sleep(900)
        assert (await client.get("timelines/public?max_id=1"))[0] == 200


@on_virtual_clock
async def test_rest_may_lag_the_stream() -> None:
    world = World(wall_clock, rest_lag_seconds=5)
    async with served(world=world) as client, client.stream() as stream:
        first = post(client)
        assert await stream.ids(1) == [first]
        assert await client.ids("timelines/public") == []
        await asyncio.sleep(4)
        client.server.world.delete(first)
        await asyncio.sleep(2)
        assert await client.ids("timelines/public") == [first]
        await asyncio.sleep(4)
        assert await client.ids("timelines/public") == []


@on_virtual_clock
async def test_a_single_post_is_shown_as_it_is_however_much_rest_lags() -> None:
    world = World(wall_clock, rest_lag_seconds=5)
    async with served(world=world) as client:
        first = post(client)

        async def shown() -> object:
            status, body, _ = await client.get(f"statuses/{first}")
            return body["content"] if status == 200 and isinstance(body, dict) else status

        before = await shown()
        world.edit(first, content="<p>Changed</p>")
        assert [before, await shown()] == ["<p>Hello</p>", "<p>Changed</p>"]
        assert await client.ids("timelines/public") == []
        await asyncio.sleep(3)
        world.delete(first)
        assert await shown() == 404
        await asyncio.sleep(2)
        assert await client.ids("timelines/public") == [first]
        assert await shown() == 404
        await asyncio.sleep(5)
        assert await client.ids("timelines/public") == []
        assert await shown() == 404


async def test_what_is_retained_is_bounded() -> None:
    async with served(world=World(retention=3)) as client:
        ids = [post(client) for _ in range(5)]
        assert await client.ids("timelines/public") == ids[:1:-1]


async def test_a_writer_may_post_edit_and_delete_its_own() -> None:
    world = World()
    world.people.add_token("w", scopes=["read", "write"])
    async with served(world=world, token="w") as client, client.stream("user") as stream:
        fields = {"status": "hi #Tag @alice <b>", "sensitive": True, "visibility": "unlisted"}
        once = {"Idempotency-Key": "k"}
        for _ in range(2):
            async with client.session.post(
                "/api/v1/statuses", json=fields, headers=once
            ) as response:
                status = await response.json()
        assert status["content"] == "<p>hi #Tag @alice &lt;b&gt;</p>"
        assert (status["tags"][0]["name"], status["mentions"][0]["acct"]) == ("tag", "alice")
        path = f"/api/v1/statuses/{status['id']}"
        async with client.session.put(path, data={"status": "bye"}) as response:
            assert (await response.json())["content"] == "<p>bye</p>"
        async with client.session.delete(path) as response:
            assert response.status == 200
        async with client.session.delete(path) as response:
            assert response.status == 404
        async with client.session.post("/api/v1/statuses", data={}) as response:
            assert response.status == 422
        names = [frame.event for frame in await stream.frames(3)]
        assert names == ["update", "status.update", "delete"]


async def test_a_reader_may_not_write() -> None:
    async with served() as client:
        async with client.session.post("/api/v1/statuses", data={"status": "x"}) as response:
            assert response.status == 403
        status_id = post(client)
        async with client.session.delete(f"/api/v1/statuses/{status_id}") as response:
            assert response.status == 403


@pytest.mark.parametrize("path", ["avatars/alice", "headers/alice", "media/1", "emoji/blob"])
async def test_pictures_are_drawn_when_asked_for(path: str) -> None:
    async with served() as client, client.session.get(f"/{path}.svg") as response:
        assert response.content_type == "image/svg+xml"
        assert (await response.text()).startswith("<svg")
