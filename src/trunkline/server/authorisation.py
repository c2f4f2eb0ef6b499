"""Who may stream what: the token of a request, its scopes, and the words of every refusal.

The order, the answers and the words are those that were measured on Mastodon's streaming server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from multidict import MultiMapping

from trunkline.server.tokens import Token, Tokens

__all__ = ["Refused", "authenticate", "require_scope", "token_of"]

MISSING_TOKEN = "Missing access token"  # noqa: S105  # words, not a token
INVALID_TOKEN = "Invalid access token"  # noqa: S105  # words, not a token
MISSING_SCOPE = "Access token does not have the required scopes"


class Refused(Exception):  # named for what happened to the request
    """The server says no: with which status and in which words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def token_of(
    headers: Mapping[str, str],
    query: MultiMapping[str],
    *,
    order: Sequence[str] = ("header", "query", "subprotocol"),
) -> str | None:
    """Return the token that a request carries; ``None`` for none at all.

    The first in `order` wins, whether good or bad: with Mastodon the header over the query, and the
    query over the WebSocket subprotocol. A query with two tokens has none that can be good.
    """
    found = {
        "header": headers.get("Authorization", "").removeprefix("Bearer "),
        "query": ",".join(query.getall("access_token", [])),
        "subprotocol": headers.get("Sec-WebSocket-Protocol", ""),
    }
    return next((found[place] for place in order if found[place]), None)


def authenticate(tokens: Tokens, value: str | None) -> Token:
    """Return the user token that `value` opens.

    Raises:
        Refused: No token came, or none that a user stands behind.
    """
    if value is None:
        raise Refused(401, MISSING_TOKEN)
    token = tokens.find(value)
    if token is None or token.kind == "app" or token.account_id is None:
        raise Refused(401, INVALID_TOKEN)
    return token


def require_scope(token: Token, stream_name: str) -> None:
    """Check that `token` may listen to the stream of this name.

    Raises:
        Refused: It holds neither ``read`` nor the scope that the stream needs.
    """
    needed = "read:notifications" if stream_name == "user:notification" else "read:statuses"
    if not token.allows(needed):
        raise Refused(401, MISSING_SCOPE)
