"""What a mutant is, and how it is put into a copy of the sources.

Promise: a mutant is text that occurs exactly once, and what to write instead; putting it in changes
nothing else. No line numbers and no context, so that a row survives changes around it, which a
patch would not; where its own line changes it says so, instead of testing nothing from then on.

Refuses to know: which mutants there are (`table`), and what a test says of them (`running`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mutant", "StaleMutant", "mutate", "occurrences"]


class StaleMutant(Exception):  # the table is behind the sources
    """The text of a mutant does not occur exactly once any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One plausible bug.

    Attributes:
        name: What to call it on the command line.
        file: The file below `src/trunkline`.
        before: Text that occurs in it exactly once.
        after: What a tired hand might have written there.
        test: The test that must fail, as pytest names it.
        why: Why somebody might write it: one sentence.
    """

    name: str
    file: str
    before: str
    after: str
    test: str
    why: str


def occurrences(mutant: Mutant, package: Path) -> int:
    """Return how often the text of a mutant occurs in its file below `package`."""
    return (package / mutant.file).read_text(encoding="utf-8").count(mutant.before)


def mutate(mutant: Mutant, package: Path) -> None:
    """Write a mutant into its file below `package`.

    Raises:
        StaleMutant: Its text occurs there never, or more than once.
    """
    times = occurrences(mutant, package)
    if times != 1:
        raise StaleMutant(
            f"Expected the text of {mutant.name!r} once in {mutant.file}; it is there {times}"
            " times. Write the row of the table anew."
        )
    path = package / mutant.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
