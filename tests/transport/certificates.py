"""Certificates for servers of this machine, made by the `openssl` command; else tests skip."""

from __future__ import annotations

import functools
import shutil
import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Certificate", "certificate"]

_MAKE = "req -x509 -nodes -days 30 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that nobody vouches for, and its key."""

    file: Path
    key: Path

    def of_server(self) -> ssl.SSLContext:
        """Return what a server shows."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


@functools.cache
def certificate(name: str = "127.0.0.1") -> Certificate:
    """Return a certificate for an address, or for a host's name."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificates of this test, and is not installed")
    folder = Path(tempfile.mkdtemp(prefix="trunkline-certificates-"))
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    subprocess.run(
        [
            *("openssl", *_MAKE.split(), "-subj", f"/CN={name}"),
            *("-addext", f"subjectAltName={kind}:{name}"),
            *("-keyout", made.key, "-out", made.file),
        ],
        check=True,
        capture_output=True,
    )
    return made
