"""Whether a host could have a name: what DNS and the system's resolver take (RFC 1035, 2.3.4)."""

from __future__ import annotations

from typing import Final

from yarl import URL

__all__ = ["address_of_host"]

_LONGEST_LABEL: Final = 63
_LONGEST_NAME: Final = 253


def address_of_host(text: str) -> URL:
    """Return the address that `text` is; its host is one that can be asked for.

    Raises:
        ValueError: It is none; the words of the error may hold a password.
    """
    address = URL(text)
    name = (address.raw_host or "").removesuffix(".")
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(0 < len(one) <= _LONGEST_LABEL for one in labels):
        raise ValueError(text)
    return address
