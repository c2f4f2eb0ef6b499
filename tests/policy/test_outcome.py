"""An outcome is a value that is safe to log."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.outcome import WORDS_LIMIT, Outcome, OutcomeKind


def test_an_outcome_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Outcome(OutcomeKind.CUT).status = 500  # type: ignore[misc]


def test_outcomes_with_the_same_facts_are_equal() -> None:
    assert Outcome(OutcomeKind.CLOSED, code=1001) == Outcome(OutcomeKind.CLOSED, code=1001)
    assert Outcome(OutcomeKind.CLOSED, code=1001) != Outcome(OutcomeKind.CLOSED, code=1000)


def test_the_words_of_the_server_become_one_line() -> None:
    outcome = Outcome(OutcomeKind.REFUSED_STATUS, status=401, words=" Missing\r\n access\ttoken ")
    assert outcome.words == "Missing access token"


def test_a_proxys_page_is_cut_short() -> None:
    words = Outcome(OutcomeKind.REFUSED_STATUS, words="<html>" * 1000).words
    assert len(words) == WORDS_LIMIT
    assert words.endswith("…")


def test_terminal_escapes_in_the_words_of_a_server_are_disarmed() -> None:
    assert Outcome(OutcomeKind.CUT, words="\x1b[31mred").words == "?[31mred"


@given(st.text(max_size=1000))
def test_whatever_a_server_says_fits_on_one_printable_line(words: str) -> None:
    kept = Outcome(OutcomeKind.ERROR_FRAME, words=words).words
    assert len(kept) <= WORDS_LIMIT
    assert kept.isprintable()
    assert Outcome(OutcomeKind.ERROR_FRAME, words=kept).words == kept


def test_the_repr_shows_facts_only() -> None:
    shown = repr(Outcome(OutcomeKind.REFUSED_STATUS, status=503, retry_after_seconds=7))
    assert "status=503" in shown
    assert "retry_after_seconds=7" in shown
