"""A refused token comes with the cause and the next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.outcome import WORDS_LIMIT
from trunkline.policy.unauthorized import explain_unauthorized


@pytest.mark.parametrize(
    ("words", "cause", "next_step"),
    [
        ("Missing access token", "got no access token", "trunkline login"),
        ("Unauthorized: token not supplied", "got no access token", "trunkline login"),
        ("Invalid access token", "does not accept the token", "trunkline login"),
        ("The access token is invalid", "does not accept the token", "trunkline login"),
        ("Invalid credentials.", "does not accept the token", "trunkline login"),
        ("Access token does not have the required scopes", "lacks a scope", "`read`"),
        ("This action is outside the authorized scopes", "lacks a scope", "`read`"),
        ("Forbidden: token has insufficient scope permission", "lacks a scope", "`read`"),
        ("Insufficient permissions: read:statuses.", "lacks a scope", "`read`"),
        ("Not authorized to stream this list", "somebody else", "Check the id"),
        ("The access token was revoked", "was revoked", "trunkline login"),
        ("The access token expired", "has expired", "trunkline login"),
        ("Your login is currently disabled", "is disabled", "administrators"),
        ("Your login is currently pending approval", "not active yet", "registration"),
        ("Your login is missing a confirmed e-mail address", "not active yet", "registration"),
        ("This method requires an authenticated user", "belongs to an app", "trunkline login"),
        ("Unauthorized: user not supplied or not authorized", "belongs to an app", "login"),
        ("<!DOCTYPE html><p>Invalid access token", "proxy or firewall", "browser"),
        ("Unauthorized", "without saying why", "trunkline login"),
    ],
)
def test_the_words_of_each_server_lead_to_the_cause_and_the_next_step(
    words: str, cause: str, next_step: str
) -> None:
    explanation = explain_unauthorized(words)
    assert cause in explanation
    assert next_step in explanation
    assert explanation.endswith(f"The server said: {words}")


def test_a_server_that_says_nothing_is_not_quoted() -> None:
    explanation = explain_unauthorized("")
    assert "without saying why" in explanation
    assert "said:" not in explanation


@given(st.text(max_size=2000))
def test_whatever_a_server_says_becomes_one_printable_line(words: str) -> None:
    explanation = explain_unauthorized(words)
    assert explanation.isprintable()
    assert len(explanation) < 500 + WORDS_LIMIT
