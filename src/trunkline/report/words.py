"""Names and numbers as people read them: kinds of events, languages, lengths of time, sizes.

Promises text without control characters. What it returns is not escaped.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

__all__ = [
    "KINDS",
    "amount",
    "duration",
    "kind_name",
    "language_name",
    "moment_words",
    "plain",
    "size",
]

KINDS: Final = {
    "update": "posts",
    "status.update": "edits",
    "delete": "deletions",
    "notification": "notifications",
    "conversation": "conversations",
}
"""The events that most recordings hold, and what they are called."""

# fmt: off
_LANGUAGES: Final = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "cy": "Welsh",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ga": "Irish", "gl": "Galician", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch",
    "nn": "Norwegian Nynorsk", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}
# fmt: on
_NO_TEXT: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SIZES: Final = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def plain(text: str) -> str:
    """Return `text` without anything that is more than text, or turns the direction of others."""
    return _NO_TEXT.sub(" ", text).strip()


def kind_name(kind: str) -> str:
    """Return what events of a name are called."""
    return KINDS.get(kind) or plain(kind) or "without a name"


def language_name(code: str | None) -> str:
    """Return the English name of a language, or its code where that is not known."""
    if code is None:
        return "not told"
    return _LANGUAGES.get(code) or plain(code)


def amount(number: float) -> str:
    """Return a number with thousands parted; one that is small with its fraction."""
    if number >= 10 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 0.1 else f"{number:.2g}"


def duration(seconds: float) -> str:
    """Return a length of time in one or two units: ``350 ms``, ``1.5 s``, ``2 h 5 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.5:
        exact = seconds < 9.95 and round(seconds, 1) % 1
        return f"{seconds:.1f} s" if exact else f"{seconds:.0f} s"
    rest, parts = round(seconds), []
    if rest >= 3600:
        rest = round(rest / 60) * 60
    for length, name in (*_UNITS, (1, "s")):
        if rest >= length:
            parts.append(f"{rest // length} {name}")
        rest %= length
    return " ".join(parts[:2])


def moment_words(at: datetime | None) -> str:
    """Return a time as ``2026-11-24 21:05:09``, without its zone, which is UTC everywhere."""
    return "never" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def size(number_bytes: int) -> str:
    """Return a number of bytes: ``31.2 MB``."""
    for unit, name in _SIZES:
        if number_bytes >= unit:
            return f"{number_bytes / unit:,.1f} {name}"
    return f"{number_bytes} bytes"
