"""REST: paced by what the server says, tried again where that helps, and shown to one host only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate

import pytest
from aiohttp import web
from tests.support.virtual_clock import on_virtual_clock, virtual_network, wall_clock
from tests.transport.sites import Respond, Site, raw_site, says, session, site
from tests.transport.streams import TOKEN, request

from trunkline.policy.outcome import OutcomeKind
from trunkline.transport.http import Secret
from trunkline.transport.rest import Rest, RestRefused

PATH = "/api/v1/timelines/public"
PAGE = (("min_id", "1"), ("limit", "40"))


@asynccontextmanager
async def rest(
    *answers: Respond, token: str | None = TOKEN, timeout_seconds: float = 30.0
) -> AsyncIterator[tuple[Rest, Site]]:
    """Run a server that gives `answers` one after the other, the last one again and again."""
    left = list(answers)

    async def respond(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    async with site({PATH: respond}) as shown, session(virtual_network()) as http:
        asking = Rest(
            http,
            shown.url,
            token=Secret(token) if token else None,
            timeout_seconds=timeout_seconds,
            dice=lambda: 0.5,
            clock=wall_clock,
        )
        yield asking, shown


def limited(remaining: int, *, limit: int = 300, reset_seconds: float = 60.0) -> Respond:
    """Return a good answer that tells how much is left, as Mastodon does."""

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.json_response([], headers=rate_fields(remaining, limit, reset_seconds))

    return respond


def rate_fields(remaining: int, limit: int, reset_seconds: float) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(int(wall_clock() + reset_seconds)),
        "Date": formatdate(wall_clock(), usegmt=True),
    }


GOOD = says([])


@on_virtual_clock
async def test_a_good_answer_is_its_status_and_its_body() -> None:
    async with rest(says([{"id": "1"}])) as (asking, shown):
        answer = await asking.get(PATH, PAGE)
    assert (answer.status, answer.body) == (200, b'[{"id":"1"}]')
    (asked,) = shown.asked
    assert (asked.path, asked.query) == (PATH, "min_id=1&limit=40")
    assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["User-Agent"].startswith("Trunkline/")


@on_virtual_clock
async def test_without_a_token_none_is_shown() -> None:
    async with rest(GOOD, token=None) as (asking, shown):
        await asking.get(PATH)
    assert "Authorization" not in shown.asked[0].headers


# the budget


@on_virtual_clock
async def test_requests_go_at_once_while_much_is_left() -> None:
    async with rest(limited(200)) as (asking, shown):
        for _ in range(20):
            await asking.get(PATH)
    assert shown.times[-1] - shown.times[0] < 1.0


@on_virtual_clock
async def test_when_nothing_is_left_the_next_request_waits_for_the_reset() -> None:
    async with rest(limited(0, reset_seconds=60.0), limited(299)) as (asking, shown):
        await asking.get(PATH)
        await asking.get(PATH)
    assert 60.0 <= shown.times[1] - shown.times[0] <= 62.0


@on_virtual_clock
async def test_when_little_is_left_it_is_spread_over_the_time_to_the_reset() -> None:
    async with rest(limited(10, reset_seconds=110.0)) as (asking, shown):
        for _ in range(6):
            await asking.get(PATH)
    waits = [after - before for before, after in zip(shown.times, shown.times[1:], strict=False)]
    assert all(wait > 2.0 for wait in waits[1:])


@on_virtual_clock
async def test_all_who_ask_one_server_share_its_budget_and_keep_their_order() -> None:
    async with rest(limited(10, reset_seconds=110.0)) as (asking, shown):
        await asking.get(PATH)
        await asyncio.gather(*(asking.get(PATH) for _ in range(5)))
    waits = [after - before for before, after in zip(shown.times, shown.times[1:], strict=False)]
    assert shown.times == sorted(shown.times)
    assert all(wait > 2.0 for wait in waits[1:])


@on_virtual_clock
async def test_pages_have_a_budget_of_their_own() -> None:
    async with rest(GOOD) as (asking, _):
        for _ in range(299):
            await asking.get(PATH, PAGE)
        spent = asyncio.get_running_loop().time()
    assert spent > 600.0, "the last quarter of 300 pages is spread over 15 minutes"


# refusals


@on_virtual_clock
async def test_too_many_requests_are_repeated_when_the_server_says() -> None:
    refusing = says({"error": "Slow"}, status=429, headers={"Retry-After": "30"})
    async with rest(refusing, GOOD) as (asking, shown):
        assert (await asking.get(PATH)).status == 200
    assert shown.times[1] - shown.times[0] >= 30.0


@on_virtual_clock
async def test_a_server_in_trouble_is_asked_again_more_and_more_slowly() -> None:
    trouble = says({"error": "Oops"}, status=503)
    async with rest(trouble, trouble, trouble, GOOD) as (asking, shown):
        assert (await asking.get(PATH)).status == 200
    first, second, third = (
        after - before for before, after in zip(shown.times, shown.times[1:], strict=False)
    )
    assert first < second < third


@on_virtual_clock
async def test_a_feed_that_is_being_made_is_asked_for_again() -> None:
    async with rest(says([], status=206), GOOD) as (asking, shown):
        assert (await asking.get(PATH)).status == 200
    assert len(shown.times) == 2


@on_virtual_clock
async def test_a_server_that_stays_in_trouble_is_given_up_with_its_words() -> None:
    async with rest(says({"error": "Oops"}, status=500)) as (asking, shown):
        with pytest.raises(RestRefused) as caught:
            await asking.get(PATH)
    assert len(shown.times) == 5
    assert caught.value.reason == "refused-status 500 (Oops)"


@on_virtual_clock
async def test_the_impatient_ask_once() -> None:
    async with rest(says({}, status=500)) as (asking, shown):
        with pytest.raises(RestRefused):
            await asking.get(PATH, patient=False)
    assert len(shown.times) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 410, 422])
@on_virtual_clock
async def test_a_refusal_that_will_stay_is_not_repeated(status: int) -> None:
    async with rest(says({"error": "No"}, status=status)) as (asking, shown):
        with pytest.raises(RestRefused) as caught:
            await asking.get(PATH)
    assert len(shown.times) == 1
    assert (caught.value.outcome.status, caught.value.outcome.words) == (status, "No")


@on_virtual_clock
async def test_an_answer_that_does_not_come_is_asked_for_again() -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(3600)
        raise AssertionError

    async with rest(hang, GOOD, timeout_seconds=7.0) as (asking, shown):
        assert (await asking.get(PATH)).status == 200
    assert shown.times[1] - shown.times[0] >= 7.0


@on_virtual_clock
async def test_a_connection_that_breaks_is_tried_again() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(await request(reader))
        if len(tries) < 3:
            writer.transport.abort()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
            await writer.drain()

    tries: list[bytes] = []
    async with raw_site(cut) as url, session(virtual_network()) as http:
        asking = Rest(http, url, token=Secret(TOKEN), dice=lambda: 0.5, clock=wall_clock)
        assert (await asking.get(PATH)).body == b"[]"
    assert len(tries) >= 3


@on_virtual_clock
async def test_nobody_there_is_told_in_words() -> None:
    async with site() as shown:
        gone = shown.url
    async with session(virtual_network()) as http:
        asking = Rest(http, gone, token=None, dice=lambda: 0.5, clock=wall_clock)
        with pytest.raises(RestRefused) as caught:
            await asking.get(PATH)
    assert caught.value.outcome.kind is OutcomeKind.UNREACHABLE
    assert caught.value.reason.startswith("unreachable (")


@on_virtual_clock
async def test_a_server_that_wants_to_be_left_alone_for_hours_gives_no_answer_now() -> None:
    busy = says({}, status=503, headers={"Retry-After": "86400"})
    async with rest(busy) as (asking, shown):
        for _ in range(2):
            began_at = asyncio.get_running_loop().time()
            with pytest.raises(RestRefused) as caught:
                await asking.get(PATH, PAGE)
            assert caught.value.is_passing
            assert asyncio.get_running_loop().time() - began_at < 1.0
        assert len(shown.asked) == 1, "it is left alone"


@pytest.mark.parametrize("step_seconds", [-1800.0, -86_400.0, 86_400.0])
@on_virtual_clock
async def test_a_clock_that_is_set_moves_no_booking(step_seconds: float) -> None:
    wrong_seconds = 0.0
    async with site({PATH: limited(299)}) as shown, session(virtual_network()) as http:
        asking = Rest(http, shown.url, token=None, clock=lambda: wall_clock() + wrong_seconds)
        await asking.get(PATH, PAGE)
        wrong_seconds = step_seconds
        began_at = asyncio.get_running_loop().time()
        for _ in range(3):
            await asking.get(PATH, PAGE)
        assert asyncio.get_running_loop().time() - began_at < 5.0


@on_virtual_clock
async def test_an_answer_without_end_is_not_kept() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(bytes(1024 * 1024))
        return response

    async with rest(endless) as (asking, shown):
        with pytest.raises(RestRefused, match="bad-framing") as caught:
            await asking.get(PATH, PAGE)
        assert "more than 33554432 bytes" in caught.value.reason
        assert not caught.value.is_passing
        assert len(shown.asked) == 1


def test_a_refusal_shows_no_token() -> None:
    asking = Rest(None, "https://mastodon.example", token=Secret(TOKEN))  # type: ignore[arg-type]
    assert TOKEN not in repr(asking)
