"""Who there is: accounts, the users of this server, their tokens, whom they follow, their lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trunkline.errors import BadInput
from trunkline.server import channels
from trunkline.server.builders import Json, make_account
from trunkline.server.tokens import DEMO_TOKEN, Token, Tokens

__all__ = ["DEMO_ACCOUNT_ID", "People", "User", "UserList"]

DEMO_ACCOUNT_ID = "1"


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody with a home feed here; `follows` is ``None`` for one who follows everybody."""

    account_id: str
    follows: set[str] | None = None


@dataclass(slots=True, kw_only=True)
class UserList:
    """A list: whose it is and whose posts are on it."""

    list_id: str
    title: str
    owner_id: str
    members: set[str] = field(default_factory=set)


class People:
    """The accounts, users, tokens and lists of a world.

    It starts with the local user ``demo`` (who holds the token ``demo-token`` and follows
    everybody), the local account ``alice``, the remote account ``bob@remote.example``, and demo's
    list ``1`` with alice on it.
    """

    def __init__(self, *, host: str) -> None:
        self.host = host
        self.accounts: dict[str, Json] = {}
        self.users: dict[str, User] = {}
        self.lists: dict[str, UserList] = {}
        self.tokens = Tokens([Token(value=DEMO_TOKEN, account_id=DEMO_ACCOUNT_ID)])
        self.demo = self.add_account("demo")
        self.alice = self.add_account("alice")
        self.bob = self.add_account("bob", domain="remote.example")
        self.users[DEMO_ACCOUNT_ID] = User(account_id=DEMO_ACCOUNT_ID)
        self.add_list("Friends", members=[str(self.alice["id"])])

    def add_account(self, username: str, *, domain: str | None = None, **overrides: object) -> Json:
        """Return a new account, of this server or of another `domain`."""
        account_id = str(len(self.accounts) + 1)
        account = make_account(
            account_id, username=username, host=self.host, domain=domain, **overrides
        )
        self.accounts[account_id] = account
        return account

    def add_user(
        self, username: str, *, token: str | None = None, scopes: Iterable[str] = ("read",)
    ) -> User:
        """Return a new local user who follows everybody, with a token if one is given."""
        user = User(account_id=str(self.add_account(username)["id"]))
        self.users[user.account_id] = user
        if token is not None:
            self.add_token(token, account_id=user.account_id, scopes=scopes)
        return user

    def add_token(
        self,
        value: str,
        *,
        account_id: str = DEMO_ACCOUNT_ID,
        scopes: Iterable[str] = ("read",),
        app: bool = False,
        disabled: bool = False,
    ) -> Token:
        """Return a new token that requests may carry; an `app` token has no user."""
        token = Token(
            value=value,
            account_id=None if app else account_id,
            scopes=frozenset(scopes),
            kind="app" if app else "user",
            disabled=disabled,
        )
        self.tokens.add(token)
        return token

    def add_list(
        self, title: str, *, members: Iterable[str] = (), owner_id: str = DEMO_ACCOUNT_ID
    ) -> str:
        """Return the id of a new list with the accounts `members` on it."""
        list_id = str(len(self.lists) + 1)
        self.lists[list_id] = UserList(
            list_id=list_id, title=title, owner_id=owner_id, members=set(members)
        )
        return list_id

    def account(self, account_id: str) -> Json:
        """Return the account of this id.

        Raises:
            BadInput: There is none.
        """
        if account_id not in self.accounts:
            raise BadInput(f"Expected the id of an account of this world; got {account_id!r}.")
        return self.accounts[account_id]

    def homes_of(self, author_id: str) -> tuple[str, ...]:
        """Return the channels of the homes and lists that show posts of `author_id`."""
        homes = [
            channels.home(user.account_id)
            for user in self.users.values()
            if user.follows is None or author_id in user.follows or author_id == user.account_id
        ]
        lists = [
            channels.of_list(one.list_id) for one in self.lists.values() if author_id in one.members
        ]
        return (*homes, *lists)

    @property
    def all_homes(self) -> tuple[str, ...]:
        """The channels of every user's home."""
        return tuple(channels.home(account_id) for account_id in self.users)
