"""`trunkline login`: from a server's address to a file with an access token.

Promises that the token goes into the file, which nobody else can read, and nowhere else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from trunkline.cli import arguments
from trunkline.cli.running import OK, run
from trunkline.errors import BadInput, DiscoveryError
from trunkline.transport.http import ConnectionEnded, Network, Secret
from trunkline.transport.instance import base_url, discover
from trunkline.transport.login import consent_url, fetch_token, register_app

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
    if token_file.exists():
        raise BadInput(f"Expected a new file for the token; {token_file} is there already.")
    network = Network(proxy=proxy, ca_file=ca_file)
    return run(lambda: _login(base_url(server), token_file, scopes, network))


async def _login(server: str, token_file: Path, scopes: str, network: Network) -> int:
    async with network.open() as http:
        try:
            instance = await discover(http, server)
            app = await register_app(http, instance.rest_url, scopes=scopes)
            typer.echo("Open this page, allow Trunkline to read, and copy the code it shows:")
            typer.echo(f"  {consent_url(instance.rest_url, app)}")
            token = await fetch_token(http, instance.rest_url, app, _ask_for_code())
        except ConnectionEnded as ended:
            outcome = ended.outcome
            why = outcome.words or outcome.kind.value
            raise DiscoveryError(
                f"{server} gave no token: {why}. Copy the code anew; each is good once.",
                server=server,
                status=outcome.status,
            ) from None
        except msgspec.MsgspecError:
            raise DiscoveryError(
                f"{server} does not answer like a Mastodon server.", server=server
            ) from None
    _keep(token, token_file)
    typer.echo(
        f"The token is in {token_file}. Try: trunkline check --server {server}"
        f" --token-file {token_file}"
    )
    return OK


def _ask_for_code() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Code", hide_input=True))
    code = sys.stdin.readline().strip()
    if not code:
        raise BadInput("Expected the code of the page on standard input; got nothing.")
    return code


def _keep(token: Secret, token_file: Path) -> None:
    """Write the token into a new file that only its owner can read."""
    try:
        descriptor = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise BadInput(f"Expected to make {token_file}: {error.strerror}.") from None
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  # from a descriptor
        file.write(token.reveal() + "\n")
