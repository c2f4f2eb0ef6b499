"""What a refused token means, and what to do about it.

Promise: for whatever the server said there is a sentence that names the likely cause and the next
step, followed by the server's own words. A 401 has many causes and only the words tell them apart.

Refuses to know: the token itself. It is no argument here, so it cannot get into a message.
"""

from typing import Final

from trunkline.policy.outcome import one_line

__all__ = ["explain_unauthorized"]

_LOG_IN: Final = "Log in again with `trunkline login`, or pass another `access_token`."

_EXPLANATIONS: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    # A page instead of an error comes first, because pages may contain any of the other words.
    (
        ("<html", "<!doctype", "cloudflare"),
        "A proxy or firewall refused the request before the server saw it. Open the server's"
        " address in a browser from this machine, or ask its administrators to let API clients in.",
    ),
    # Mastodon's streaming server, GoToSocial, and REST.
    (
        ("missing access token", "token not supplied", "requires authentication"),
        "The server got no access token, and every stream needs the token of a user (since"
        " Mastodon 4.2 the public ones too). Run `trunkline login`, or pass `access_token`.",
    ),
    # Mastodon's streaming server, its REST, GoToSocial, Pleroma and Akkoma.
    (
        ("required scopes", "authorized scopes", "insufficient scope", "insufficient permission"),
        "The token lacks a scope. `read` is enough for every stream; `read:statuses` for all but"
        " `user:notification`, which needs `read:notifications`; catching up on a list needs"
        " `read:lists`. Log in again with `trunkline login`, asking for `read`.",
    ),
    (
        ("not authorized to stream this list",),
        "There is no such list, or it belongs to somebody else. Check the id of the list with the"
        " token of its owner.",
    ),
    (("revoked",), f"The token was revoked. {_LOG_IN}"),
    (("expired",), f"The token has expired. {_LOG_IN}"),
    (
        ("login is currently disabled",),
        "The account of this token is disabled. Only the administrators of the server can help.",
    ),
    (
        ("pending approval", "confirmed e-mail"),
        "The account of this token is not active yet: its e-mail address or the approval of the"
        " administrators is missing. Finish the registration, then start again.",
    ),
    (
        ("authenticated user", "user not supplied", "account not supplied"),
        f"The token belongs to an app; streams need the token of a user. {_LOG_IN}",
    ),
    (
        ("invalid access token", "access token is invalid", "invalid credentials"),
        "The server does not accept the token: it is mistyped, was revoked, comes from another"
        f" server, belongs to an app instead of a user, or the user is disabled. {_LOG_IN}",
    ),
)

_NO_CLUE: Final = (
    "The server refused the token without saying why: most likely it is wrong, was revoked, or"
    f" lacks the scope `read`. {_LOG_IN}"
)


def explain_unauthorized(words: str) -> str:
    """The likely cause and the next step, for what a server said when it refused a token.

    Args:
        words: the `error` of the JSON answer, or `X-Error-Message`; empty if it said nothing
            (Akkoma and Pleroma do not).
    """
    said = one_line(words)
    folded = said.lower()
    matching = (
        advice
        for fragments, advice in _EXPLANATIONS
        if any(fragment in folded for fragment in fragments)
    )
    advice = next(matching, _NO_CLUE)
    return f"{advice} The server said: {said}" if said else advice
