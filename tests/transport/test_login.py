"""Logging in: an app is made known, a code becomes a token, and no secret is shown."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from tests.transport.sites import Respond, in_pieces, leads_to, raw_site, says, session, site

from trunkline.policy.outcome import OutcomeKind
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.login import App, consent_url, fetch_token, register_app

SECRET = "s3cr3t-of-the-app"
APP = App(client_id="id-1", client_secret=SECRET, scopes="read")


async def test_an_app_is_registered_with_its_name_and_scopes() -> None:
    forms: list[dict[str, str]] = []

    async def register(request: web.Request) -> web.StreamResponse:
        forms.append({name: str(value) for name, value in (await request.post()).items()})
        return await in_pieces(b'{"client_id":"id-1",', b'"client_secret":"%b"}' % SECRET.encode())(
            request
        )

    async with site({"/api/v1/apps": register}) as shown, session() as http:
        app = await register_app(http, shown.url, name="Bot", scopes="read:statuses")
    assert (app.client_id, app.client_secret, app.scopes) == ("id-1", SECRET, "read:statuses")
    assert SECRET not in repr(app)
    (form,) = forms
    assert (form["client_name"], form["scopes"]) == ("Bot", "read:statuses")


def test_the_page_of_consent_is_named_without_a_secret() -> None:
    url = consent_url("https://mastodon.example", APP)
    assert SECRET not in url
    asked = parse_qs(urlsplit(url).query)
    assert (asked["client_id"], asked["response_type"], asked["scope"]) == (
        ["id-1"],
        ["code"],
        ["read"],
    )


async def test_a_code_becomes_a_token() -> None:
    answer = says({"access_token": "t0k3n"})
    async with site({"/oauth/token": answer}) as shown, session() as http:
        token = await fetch_token(http, shown.url, APP, " code \n")
    assert token.reveal() == "t0k3n"
    assert "t0k3n" not in repr(token)
    assert shown.asked[0].query == ""


@pytest.mark.parametrize(
    ("answer", "kind", "status", "words"),
    [
        (
            says({"error": "invalid_grant", "error_description": "No"}, status=400),
            OutcomeKind.REFUSED_STATUS,
            400,
            "invalid_grant",
        ),
        (leads_to("https://elsewhere.invalid/"), OutcomeKind.REFUSED_STATUS, 301, ""),
        (says(text="<!DOCTYPE html>"), OutcomeKind.WRONG_CONTENT_TYPE, 200, ""),
        (says({"access_token": 7}), OutcomeKind.WRONG_CONTENT_TYPE, 200, ""),
    ],
)
async def test_a_refusal_is_told_and_a_redirect_is_not_followed(
    answer: Respond, kind: OutcomeKind, status: int, words: str
) -> None:
    async with site({"/oauth/token": answer}) as shown, session() as http:
        with pytest.raises(ConnectionEnded) as caught:
            await fetch_token(http, shown.url, APP, "code")
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.status, outcome.words) == (kind, status, words)


async def test_a_server_that_hangs_up_is_an_ending() -> None:
    async def hang_up(*_: object) -> None: ...

    async with raw_site(hang_up) as url, session() as http:
        with pytest.raises(ConnectionEnded) as caught:
            await register_app(http, url)
    assert caught.value.outcome.kind is OutcomeKind.CUT
