from __future__ import annotations

import pytest
from tests.server.clients import served

from trunkline.server import World

MISSING = (401, "Missing access token")
INVALID = (401, "Invalid access token")
NO_SCOPE = (401, "Access token does not have the required scopes")
NO_TAG = (400, "Missing tag name parameter")
NO_LIST = (400, "Missing list name parameter")
NOT_YOURS = (401, "Not authorized to stream this list")
UNKNOWN = (400, "Unknown channel requested")
UNEXPECTED = (500, "An unexpected error occurred")
FINE = (200, "")


def world() -> World:
    made = World()
    people = made.people
    people.add_token("statuses", scopes=["read:statuses"])
    people.add_token("notifications", scopes=["read:notifications"])
    people.add_token("write", scopes=["write"])
    people.add_token("app", app=True)
    people.add_token("disabled", disabled=True)
    other = people.add_user("other", token="other")
    people.add_list("not yours", owner_id=other.account_id)
    return made


@pytest.mark.parametrize(
    ("token", "path", "answer"),
    [
        ("demo-token", "public", FINE),
        (None, "public", MISSING),
        ("nonsense", "public", INVALID),
        ("app", "public", INVALID),
        ("disabled", "public", INVALID),
        ("write", "public", NO_SCOPE),
        ("statuses", "user", FINE),
        ("statuses", "list?list=1", FINE),
        ("statuses", "user/notification", NO_SCOPE),
        ("notifications", "user/notification", FINE),
        ("notifications", "user", NO_SCOPE),
        ("notifications", "public", NO_SCOPE),
        ("demo-token", "hashtag", NO_TAG),
        ("demo-token", "hashtag?tag=", NO_TAG),
        ("demo-token", "hashtag/local", NO_TAG),
        ("demo-token", "hashtag?tag=a&tag=b", UNEXPECTED),
        ("demo-token", "hashtag?tag=%23!", FINE),
        ("demo-token", "list", NO_LIST),
        ("demo-token", "list?list=2", NOT_YOURS),
        ("demo-token", "list?list=abc", NOT_YOURS),
        ("demo-token", "list?list=1&list=1", NOT_YOURS),
        (None, "list", MISSING),
        (None, "nope", UNKNOWN),
        ("demo-token", "", UNKNOWN),
        ("demo-token", "public/", UNKNOWN),
        ("demo-token", "PUBLIC", UNKNOWN),
        ("demo-token", "public/media", UNKNOWN),
        ("demo-token", "/public", UNKNOWN),
    ],
)
async def test_every_refusal_has_its_status_and_its_words(
    token: str | None, path: str, answer: tuple[int, str]
) -> None:
    async with served(world=world(), token=token) as client, client.stream(path) as stream:
        status, words = answer
        assert stream.response.status == status
        if words:
            assert await stream.response.json() == {"error": words}


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Authorization": "Bearer demo-token"}, "", 200),
        ({"Authorization": "demo-token"}, "", 200),
        ({"Authorization": "bearer demo-token"}, "", 401),
        ({"Authorization": "Bearer  demo-token"}, "", 401),
        ({"Authorization": "Basic ZGVtbw=="}, "", 401),
        ({"Authorization": "Bearer bad"}, "?access_token=demo-token", 401),
        ({"Authorization": "Bearer demo-token"}, "?access_token=bad", 200),
        ({"Authorization": ""}, "?access_token=demo-token", 200),
        ({}, "?access_token=demo-token", 200),
        ({}, "?access_token=demo-token&access_token=demo-token", 401),
        ({"Sec-WebSocket-Protocol": "demo-token"}, "", 200),
        ({"Sec-WebSocket-Protocol": "demo-token"}, "?access_token=bad", 401),
        ({"Sec-WebSocket-Protocol": "demo-token, other"}, "", 401),
    ],
)
async def test_where_a_token_may_stand_and_which_place_counts(
    headers: dict[str, str], query: str, status: int
) -> None:
    async with served(token=None) as client:
        path = f"/api/v1/streaming/public{query}"
        async with client.session.get(path, headers=headers) as response:
            assert response.status == status


async def test_without_the_scope_a_user_stream_has_no_notifications() -> None:
    async with (
        served(world=world(), token="statuses") as client,
        client.stream("user") as stream,
    ):
        client.server.notify("follow")
        posted = client.server.post()
        assert await stream.ids(1) == [posted["id"]]
