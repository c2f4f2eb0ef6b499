"""`trunkline login`: from a server's address to a file with an access token.

Promises that the token goes into the file, which nobody else can read, and nowhere else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from trunkline.cli import arguments
from trunkline.cli.running import OK, run
from trunkline.errors import BadInput, DiscoveryError
from trunkline.transport.http import ConnectionEnded, Network, Secret
from trunkline.transport.instance import base_url, discover
from trunkline.transport.login import App, consent_url, fetch_token, register_app

__all__ = ["login"]

_OWNER_ONLY = 0o600


def login(
    server: arguments.Server,
    token_file: Annotated[
        Path, typer.Option("--token-file", metavar="FILE", help="Where to keep the token.")
    ],
    *,
    scopes: Annotated[str, typer.Option(help="What the token may do.")] = "read",
    proxy: arguments.Proxy = None,
    ca_file: arguments.CaFile = None,
) -> int:
    """Get an access token from a server, by way of your browser, and keep it in a file."""
    network, address = arguments.make_network(proxy=proxy, ca_file=ca_file), base_url(server)
    _refuse_unwritable(token_file)
    pages: list[_Page] = []
    code = run(lambda: _register(address, scopes, network, pages))
    if not pages:
        return code
    typed = _ask_for_code()  # outside the event loop, where a signal ends it at once
    return run(lambda: _fetch(pages[0], typed, network, token_file))


async def _register(server: str, scopes: str, network: Network, pages: list[_Page]) -> int:
    """Make an app known to the server, show where it is allowed to read, and note that."""
    async with network.open() as http:
        try:
            instance = await discover(http, server)
            app = await register_app(http, instance.rest_url, scopes=scopes)
        except ConnectionEnded as ended:
            raise _failed(ended, server, _NOT_REGISTERED) from None
    typer.echo("Open this page, allow Trunkline to read, and copy the code it shows:")
    typer.echo(f"  {consent_url(instance.rest_url, app)}")
    pages.append(_Page(server, instance.rest_url, app))
    return OK


async def _fetch(page: _Page, code: str, network: Network, token_file: Path) -> int:
    async with network.open() as http:
        try:
            token = await fetch_token(http, page.rest_url, page.app, code)
        except ConnectionEnded as ended:
            raise _failed(ended, page.server, _NO_TOKEN) from None
    _keep(token, token_file)
    typer.echo(
        f"The token is in {token_file}. Try: trunkline check --server {page.server}"
        f" --token-file {token_file}"
    )
    return OK


class _Page(NamedTuple):
    """The page of consent of a server, and the app that it is about."""

    server: str
    rest_url: str
    app: App


class _Advice(NamedTuple):
    """What did not happen, and what to do where the server answered and where it did not."""

    what: str
    answered: str
    silent: str


_NOT_REGISTERED: Final = _Advice(
    "lets nobody log in",
    answered="Check the address: it has to be a Mastodon-compatible server.",
    silent="Check the address and the network.",
)
_NO_TOKEN: Final = _Advice(
    "gave no token",
    answered="Copy the code anew; each is good once.",
    silent="Check the network and log in again.",
)


def _failed(ended: ConnectionEnded, server: str, advice: _Advice) -> DiscoveryError:
    outcome = ended.outcome
    status = f" {outcome.status}" if outcome.status else ""
    why = outcome.words or f"{outcome.kind.value.replace('-', ' ')}{status}"
    what = advice.what if outcome.status else "does not answer"
    hint = advice.answered if outcome.status else advice.silent
    return DiscoveryError(f"{server} {what}: {why}. {hint}", server=server, status=outcome.status)


def _ask_for_code() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Code", hide_input=True))
    code = sys.stdin.readline().strip()
    if not code:
        raise BadInput("Expected the code of the page on standard input; got nothing.")
    return code


def _refuse_unwritable(token_file: Path) -> None:
    """Refuse a place where no new file can be made, before anybody is asked for anything."""
    os.close(_new_file(token_file))
    token_file.unlink()


def _keep(token: Secret, token_file: Path) -> None:
    """Write the token into a new file that only its owner can read."""
    try:
        with open(_new_file(token_file), "w", encoding="utf-8") as file:
            file.write(token.reveal() + "\n")
    except OSError as error:
        token_file.unlink()
        raise BadInput(f"Expected to write the token to {token_file}: {error.strerror}.") from None


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        raise BadInput(f"Expected a new file for the token; {path} is there already.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadInput(f"Expected to make {path} for the token: {why}.") from None
