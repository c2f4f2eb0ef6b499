"""Access tokens: read, sent where they belong, and shown nowhere.

Not in a `repr`, a log, an error or the local variables of a traceback, and not in the words of a
server that repeats what it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trunkline.errors import BadInput

__all__ = ["Secret"]

_HIDDEN: Final = "(hidden)"
_PATH_BEGINS: Final = ("/", "./", "../", "~")
_LONGEST_SUFFIX: Final = len(".secret")


class _Unshown(str):
    """Text that is sent as it is, and that no representation shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_HIDDEN)


@dataclass(frozen=True, slots=True)
class Secret:
    """An access token that no `repr`, log or traceback shows."""

    _value: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self._value or not self._value.isprintable() or " " in self._value:
            raise BadInput("An access token is one word of printable characters; got another text.")
        # A frozen value can only be changed this way while it is being made.
        object.__setattr__(self, "_value", _Unshown(self._value))

    @classmethod
    def read(cls, token: str | Path) -> Secret:
        """Return a token, or the first line of the file that `token` is the path of.

        Raises:
            BadInput: The file is not there or cannot be read, or this is no token.
        """
        if isinstance(token, str) and not _is_file(token):
            if _is_path(token):
                raise BadInput(
                    "Expected an access token or the path of a file with one; got a path where"
                    " there is no file."
                )
            return cls(token.strip())
        try:
            text = Path(token).read_text(encoding="utf-8-sig")  # some editors begin with a mark
        except (OSError, UnicodeError):
            raise BadInput("Expected an access token or a readable file with one.") from None
        return cls(text.split("\n", 1)[0].strip())

    def reveal(self) -> str:
        """Return the token itself; what is made of it is shown like any other text."""
        return self._value

    def bearer(self) -> str:
        """Return the value of the ``Authorization`` header."""
        return _Unshown(f"Bearer {self._value}")

    def hide(self, text: str) -> str:
        """Return `text` without the token, should it be in there."""
        return text.replace(self._value, _HIDDEN)


def _is_path(text: str) -> bool:
    """Tell whether `text` is meant as a path: tokens are long, and neither begin nor end so."""
    return text.startswith(_PATH_BEGINS) or 1 < len(Path(text).suffix) <= _LONGEST_SUFFIX


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # tokens can be longer than any path
        return False
