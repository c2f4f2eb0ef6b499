"""What is asked of servers that answer for one post at a time, and what their answers are worth."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web
from tests.transport.sites import Respond, site

from trunkline.asking import Asking
from trunkline.policy.flavour import FLAVOURS
from trunkline.transport.rest import Rest, RestRefused


def answering(body: str, status: int = 200) -> Respond:
    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, content_type="application/json")

    return respond


async def answer_of(respond: Respond) -> list[bytes]:
    """Return what asking for the post 7 gives."""
    async with site({"/api/v1/statuses/7": respond}) as shown, aiohttp.ClientSession() as http:
        asking = Asking(Rest(http, shown.url, token=None), FLAVOURS["gotosocial"])
        return list(await asking.statuses(["7"]))


async def test_a_post_that_stands_is_returned() -> None:
    assert await answer_of(answering('{"id":"7"}')) == [b'{"id":"7"}']


@pytest.mark.parametrize("status", [404, 410])
async def test_a_post_that_is_gone_is_not(status: int) -> None:
    assert await answer_of(answering('{"error":"Record not found"}', status)) == []


@pytest.mark.parametrize("body", ["{}", "", "<html>", '{"id":"8"}', "[]"])
async def test_an_answer_about_something_else_is_no_word_of_a_deletion(body: str) -> None:
    with pytest.raises(ValueError, match="something else"):
        await answer_of(answering(body))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_is_no_word_of_a_deletion(status: int) -> None:
    with pytest.raises(RestRefused):
        await answer_of(answering("{}", status))
