"""Every ending gets a verdict, and the known ones get the right one."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import (
    BadRequest,
    CertificateError,
    NoSuchStream,
    ServerError,
    Unauthorized,
)
from trunkline.policy.backoff import Curve
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.verdict import (
    LONGEST_WAIT_SECONDS,
    REFUSALS,
    Action,
    Reason,
    Verdict,
    judge,
    settle,
)
from trunkline.policy.verdict_table import ROWS, Row

outcomes = st.builds(
    Outcome,
    kind=st.sampled_from(OutcomeKind),
    status=st.none() | st.integers(-1, 1000),
    code=st.none() | st.integers(-1, 5000),
    words=st.text(max_size=50),
    retry_after_seconds=st.none() | st.floats(0, 1e9),
    was_connected=st.booleans(),
)


def refused(status: int, words: str = "", *, was_connected: bool = False) -> Outcome:
    return Outcome(
        OutcomeKind.REFUSED_STATUS, status=status, words=words, was_connected=was_connected
    )


def closed(code: int, *, was_connected: bool = False) -> Outcome:
    return Outcome(OutcomeKind.CLOSED, code=code, was_connected=was_connected)


def verdict_on(outcome: Outcome, *, retries: int = 0) -> Verdict:
    return judge(outcome, retries_after_connected=retries)


def assert_sane(verdict: Verdict) -> None:
    may_wait = verdict.action in (Action.RECONNECT, Action.WAIT_UNTIL)
    assert verdict.curve is not None or not may_wait
    assert verdict.error is not None or verdict.action is not Action.FATAL
    assert (verdict.error is None) or not may_wait
    assert verdict.why.endswith(".")


@given(outcomes, st.integers(0, 100))
def test_every_imaginable_ending_gets_a_verdict(outcome: Outcome, retries: int) -> None:
    verdict = verdict_on(outcome, retries=retries)
    assert_sane(verdict)
    assert_sane(settle(verdict, other_transport_left=False))
    assert 0 <= (verdict.told_seconds or 0) <= LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("was_connected", [False, True])
@pytest.mark.parametrize("kind", [OutcomeKind.REFUSED_STATUS, OutcomeKind.ERROR_FRAME])
def test_every_http_status_has_a_rule_of_its_own(kind: OutcomeKind, was_connected: bool) -> None:
    for status in range(100, 600):
        outcome = Outcome(kind, status=status, was_connected=was_connected)
        verdict = verdict_on(outcome)
        assert_sane(verdict)
        assert verdict.reason is not Reason.UNKNOWN


def test_every_close_code_has_a_rule_of_its_own() -> None:
    for code in range(1000, 5000):
        verdict = verdict_on(closed(code))
        assert_sane(verdict)
        assert verdict.reason is not Reason.UNKNOWN


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_no_row_is_hidden_by_an_earlier_one(row: Row) -> None:
    assert any(
        next(other for other in ROWS if other.when.matches(outcome, retries=0)) is row
        for outcome in examples_of(row)
    )


def examples_of(row: Row) -> Iterator[Outcome]:
    numbers = [number for span in row.when.numbers for number in span] or [0]
    for kind, number, was_connected in product(row.when.kinds, numbers, (False, True)):
        yield Outcome(
            kind,
            status=number,
            code=number,
            words=" ".join(row.when.words).upper(),
            was_connected=was_connected,
            retry_after_seconds=0.0 if row.when.asked_to_wait else None,
        )


@pytest.mark.parametrize(
    "kind",
    [
        OutcomeKind.ENDED,
        OutcomeKind.CUT,
        OutcomeKind.TIMEOUT,
        OutcomeKind.UNREACHABLE,
        OutcomeKind.DNS,
        OutcomeKind.TLS,
        OutcomeKind.STALL,
        OutcomeKind.SILENT,
        OutcomeKind.SUPERSEDED,
        OutcomeKind.TOKEN_KILLED,
        OutcomeKind.BAD_FRAMING,
    ],
)
@pytest.mark.parametrize("was_connected", [False, True])
def test_a_broken_line_is_mended_promptly_however_often(
    kind: OutcomeKind, was_connected: bool
) -> None:
    verdict = verdict_on(Outcome(kind, was_connected=was_connected), retries=1000)
    assert (verdict.action, verdict.curve) == (Action.RECONNECT, Curve.PROMPT)


def test_a_stall_is_counted_as_a_stall() -> None:
    assert verdict_on(Outcome(OutcomeKind.STALL)).reason == "stall"


def test_a_bad_certificate_is_fatal() -> None:
    verdict = verdict_on(Outcome(OutcomeKind.CERTIFICATE, was_connected=True))
    assert (verdict.action, verdict.error) == (Action.FATAL, CertificateError)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 599, 408])
def test_a_server_in_trouble_is_spared(status: int) -> None:
    verdict = verdict_on(refused(status))
    assert (verdict.action, verdict.curve) == (Action.RECONNECT, Curve.SERVER_TROUBLE)
    assert verdict.reason == "server-error"


def test_too_many_requests_wait_as_long_as_the_server_says() -> None:
    outcome = Outcome(OutcomeKind.REFUSED_STATUS, status=429, retry_after_seconds=17.5)
    verdict = verdict_on(outcome)
    assert (verdict.action, verdict.reason) == (Action.WAIT_UNTIL, "rate-limited")
    assert verdict.told_seconds == 17.5
    assert verdict.curve is Curve.SERVER_TROUBLE


def test_too_many_requests_without_a_time_wait_like_a_server_in_trouble() -> None:
    verdict = verdict_on(refused(429))
    assert (verdict.action, verdict.curve) == (Action.WAIT_UNTIL, Curve.SERVER_TROUBLE)
    assert verdict.told_seconds is None


def test_nobody_waits_for_a_year_because_a_header_says_so() -> None:
    outcome = Outcome(OutcomeKind.REFUSED_STATUS, status=503, retry_after_seconds=3e7)
    verdict = verdict_on(outcome)
    assert verdict.action is Action.WAIT_UNTIL
    assert verdict.told_seconds == LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_without_words_may_be_about_the_transport(status: int) -> None:
    verdict = verdict_on(refused(status))
    assert verdict.action is Action.OTHER_TRANSPORT
    last = settle(verdict, other_transport_left=False)
    assert (last.action, last.error) == (Action.FATAL, Unauthorized)
    frame = verdict_on(Outcome(OutcomeKind.ERROR_FRAME, status=status))
    assert frame.action is Action.FATAL


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_refused_on_connect_is_fatal_at_once(status: int) -> None:
    verdict = verdict_on(refused(status, "Invalid access token"))
    assert (verdict.action, verdict.error) == (Action.FATAL, Unauthorized)


@pytest.mark.parametrize(
    "outcome",
    [
        refused(401, was_connected=True),
        refused(403, was_connected=True),
        closed(1008, was_connected=True),
        Outcome(OutcomeKind.ERROR_FRAME, status=401, was_connected=True),
    ],
)
def test_a_token_that_was_good_gets_one_more_try(outcome: Outcome) -> None:
    first = verdict_on(outcome)
    assert first.action is Action.RECONNECT
    assert first.reason in REFUSALS
    second = settle(verdict_on(outcome, retries=1), other_transport_left=False)
    assert (second.action, second.error) == (Action.FATAL, Unauthorized)


def test_an_app_token_refused_by_rest_is_unauthorized() -> None:
    verdict = verdict_on(refused(422, "This method requires an authenticated user"))
    assert verdict.error is Unauthorized


@pytest.mark.parametrize(
    "words",
    ["Missing tag name parameter", "missing LIST name parameter", "x: Missing tag name parameter"],
)
def test_a_missing_parameter_is_fatal_at_once(words: str) -> None:
    for kind in (OutcomeKind.REFUSED_STATUS, OutcomeKind.ERROR_FRAME):
        verdict = verdict_on(Outcome(kind, status=400, words=words))
        assert (verdict.action, verdict.error) == (Action.FATAL, BadRequest)


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, ""), (400, "Unknown channel requested"), (400, "Unknown stream type"), (410, "")],
)
def test_an_unknown_stream_is_tried_on_the_other_transport_and_then_given_up(
    status: int, words: str
) -> None:
    verdict = verdict_on(refused(status, words))
    assert verdict.action is Action.OTHER_TRANSPORT
    assert settle(verdict, other_transport_left=True) == verdict
    settled = settle(verdict, other_transport_left=False)
    assert (settled.action, settled.error) == (Action.FATAL, NoSuchStream)


def test_a_stream_that_was_there_survives_the_move_of_its_server() -> None:
    outcome = refused(404, was_connected=True)
    for retries in range(8):
        verdict = settle(verdict_on(outcome, retries=retries), other_transport_left=False)
        assert (verdict.action, verdict.curve) == (Action.RECONNECT, Curve.SERVER_TROUBLE)
        assert verdict.rediscover
    verdict = settle(verdict_on(outcome, retries=8), other_transport_left=False)
    assert (verdict.action, verdict.error) == (Action.FATAL, NoSuchStream)


@pytest.mark.parametrize("status", [405, 406, 415, 426])
def test_a_server_that_streams_in_another_way_is_asked_that_way(status: int) -> None:
    verdict = verdict_on(refused(status))
    assert (verdict.action, verdict.error) == (Action.OTHER_TRANSPORT, NoSuchStream)


@pytest.mark.parametrize("status", [407, 451])
def test_a_refusal_that_no_transport_mends_is_fatal(status: int) -> None:
    verdict = verdict_on(refused(status))
    assert (verdict.action, verdict.error) == (Action.FATAL, ServerError)


@pytest.mark.parametrize(
    "outcome", [refused(301), refused(308), Outcome(OutcomeKind.REDIRECT_ELSEWHERE, status=302)]
)
def test_a_redirect_is_not_followed_but_asked_of_the_instance(outcome: Outcome) -> None:
    verdict = verdict_on(outcome)
    assert (verdict.action, verdict.rediscover) == (Action.RECONNECT, True)


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(OutcomeKind.NO_OPENER, status=200),
        Outcome(OutcomeKind.NO_UPGRADE, status=200),
        Outcome(OutcomeKind.WRONG_CONTENT_TYPE, status=200),
        refused(204),
    ],
)
def test_a_proxy_in_the_way_is_passed_by_the_other_transport_or_waited_for(
    outcome: Outcome,
) -> None:
    verdict = verdict_on(outcome)
    assert verdict.action is Action.OTHER_TRANSPORT
    settled = settle(verdict, other_transport_left=False)
    assert (settled.action, settled.curve) == (Action.RECONNECT, Curve.SERVER_TROUBLE)


def test_a_web_page_where_a_stream_was_is_a_server_in_trouble() -> None:
    verdict = verdict_on(Outcome(OutcomeKind.WRONG_CONTENT_TYPE, status=200, was_connected=True))
    assert (verdict.action, verdict.curve) == (Action.RECONNECT, Curve.SERVER_TROUBLE)


@pytest.mark.parametrize("code", [1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014])
def test_the_close_codes_of_a_passing_trouble_reconnect(code: int) -> None:
    assert verdict_on(closed(code, was_connected=True), retries=99).action is Action.RECONNECT


@pytest.mark.parametrize("code", [1002, 1003, 1007, 1009, 1010])
def test_a_quarrel_about_the_protocol_tries_the_other_transport(code: int) -> None:
    assert verdict_on(closed(code)).action is Action.OTHER_TRANSPORT


@pytest.mark.parametrize("code", [1004, 1016, 2999, 3001, 4000, 4999, 0, 9999])
def test_an_unknown_close_code_reconnects_slowly(code: int) -> None:
    verdict = verdict_on(closed(code))
    assert (verdict.action, verdict.curve) == (Action.RECONNECT, Curve.SERVER_TROUBLE)


def test_an_error_frame_without_a_status_reconnects_slowly() -> None:
    verdict = verdict_on(Outcome(OutcomeKind.ERROR_FRAME, words="Error"))
    assert (verdict.action, verdict.reason) == (Action.RECONNECT, Reason.UNKNOWN)


def test_settling_changes_nothing_but_the_other_transport() -> None:
    for outcome in (refused(401, "revoked"), refused(500), Outcome(OutcomeKind.CUT)):
        verdict = verdict_on(outcome)
        assert settle(verdict, other_transport_left=False) == verdict
