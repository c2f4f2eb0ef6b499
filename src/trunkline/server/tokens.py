"""Access tokens: whose they are, what they allow, and whether they still do.

The value of a token never appears in a representation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["DEMO_TOKEN", "Token", "Tokens"]

DEMO_TOKEN = "demo-token"  # noqa: S105  # opens nothing but a server that runs in this process


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One access token; an `app` token has no user behind it, and no stream accepts it."""

    value: str = field(repr=False)
    account_id: str | None = None
    scopes: frozenset[str] = frozenset({"read"})
    kind: Literal["user", "app"] = "user"
    disabled: bool = False

    def allows(self, scope: str) -> bool:
        """Tell whether `scope` is held, or the scope above it (``read`` for ``read:lists``)."""
        return scope in self.scopes or scope.partition(":")[0] in self.scopes


class Tokens:
    """The tokens that a server knows."""

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        self._by_value = {token.value: token for token in tokens}

    def add(self, token: Token) -> None:
        """Accept `token` from now on."""
        self._by_value[token.value] = token

    def remove(self, value: str) -> None:
        """Accept the token `value` no longer; an unknown one is no error."""
        self._by_value.pop(value, None)

    def find(self, value: str) -> Token | None:
        """Return the token that `value` opens, or ``None`` for an unknown or disabled one."""
        token = self._by_value.get(value)
        return None if token is None or token.disabled else token
