"""What several commands take: a server, a token, and how to reach the server.

Promises that a token is read from a file, the environment or a prompt, and from nowhere else: a
token on a command line shows in lists of processes and in the history of shells.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Annotated, Final

import typer

from trunkline.errors import BadInput, Unauthorized
from trunkline.transport.http import Network, Secret
from trunkline.transport.proxies import checked_proxy

__all__ = [
    "CaFile",
    "Proxy",
    "Reach",
    "Server",
    "StreamingUrl",
    "TokenFile",
    "ask_for_token",
    "explain_tokens",
    "make_network",
    "make_reach",
]

TOKEN_VARIABLE: Final = "MASTODON_ACCESS_TOKEN"  # noqa: S105  # the name of a variable
_LONGEST_TOKEN: Final = 8192

Server = Annotated[
    str, typer.Option("--server", metavar="URL", help="The server, such as mastodon.example.")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help=f"A file whose first line is the access token. Without it {TOKEN_VARIABLE} is used.",
    ),
]
StreamingUrl = Annotated[
    str | None,
    typer.Option(
        "--streaming-url",
        metavar="URL",
        help="The streaming address, where the server names a wrong one.",
    ),
]
Proxy = Annotated[
    str | None, typer.Option("--proxy", metavar="URL", help="An HTTP proxy for every request.")
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file", metavar="FILE", help="Certificates to trust instead of the system's."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Which server to ask, as whom, and by which way."""

    server: str
    token: Secret | None
    streaming_url: str | None
    network: Network


def make_reach(
    server: str,
    *,
    token_file: Path | None,
    streaming_url: str | None,
    proxy: str | None,
    ca_file: Path | None,
) -> Reach:
    """Return what was asked for, with the token from the file or else from the environment.

    Raises:
        BadInput: The token cannot be read, or is none; or the proxy cannot be one.
    """
    return Reach(
        server=server,
        token=_read(token_file) if token_file is not None else _from_environment(),
        streaming_url=streaming_url,
        network=make_network(proxy=proxy, ca_file=ca_file),
    )


def make_network(*, proxy: str | None, ca_file: Path | None) -> Network:
    """Return how to reach servers.

    Raises:
        BadInput: The proxy cannot be one.
    """
    if proxy is not None:
        checked_proxy(proxy, name="--proxy")
    return Network(proxy=proxy, ca_file=ca_file)


def ask_for_token() -> Secret | None:
    """Ask the person at the terminal for a token, unseen; ``None`` if there is nobody or none."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    try:
        return Secret(getpass("Access token: ", stream=sys.stderr).strip())
    except EOFError:
        sys.stderr.write("\n")  # what is told next is a line of its own
        return None


def explain_tokens(error: Unauthorized) -> Unauthorized:
    """Return an error that also says where a command takes its token from."""
    return Unauthorized(
        f"{str(error).rstrip('.')}. The command takes a token from --token-file FILE or"
        f" {TOKEN_VARIABLE}.",
        server=error.server,
        status=error.status,
    )


def _read(path: Path) -> Secret:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            word = lines.readline(_LONGEST_TOKEN).strip()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"Expected a file with an access token at {path}: {why}.") from None
    try:
        return Secret(word)
    except BadInput:
        raise BadInput(
            f"Expected an access token, which is one word, in the first line of {path}."
        ) from None


def _from_environment() -> Secret | None:
    word = os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return Secret(word) if word else None
    except BadInput:
        raise BadInput(
            f"Expected an access token, which is one word, in {TOKEN_VARIABLE}."
        ) from None
