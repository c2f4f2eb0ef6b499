"""What an ending means for a connection with a past: wait how long, or stop."""

from __future__ import annotations

import pytest

from trunkline.errors import CertificateError, GaveUp, NoSuchStream, ServerError, Unauthorized
from trunkline.options import StreamOptions, Transport
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.reconnecting import OtherTransport, Past, Reconnecting
from trunkline.stats import Counters
from trunkline.streams import Stream

CUT = Outcome(OutcomeKind.CUT)
TROUBLE = Outcome(OutcomeKind.REFUSED_STATUS, status=503)
UNAUTHORIZED = Outcome(OutcomeKind.REFUSED_STATUS, status=401, words="The access token was revoked")
BARRED = Outcome(OutcomeKind.REFUSED_STATUS, status=403)
UNKNOWN_STREAM = Outcome(OutcomeKind.REFUSED_STATUS, status=404)


class Scene:
    """A connection's past, with a clock and dice that are set by hand."""

    def __init__(
        self,
        *,
        options: StreamOptions | None = None,
        others: tuple[Transport, ...] = (),
        refusal: ServerError | None = None,
        dice: float = 0.5,
    ) -> None:
        self.now_seconds = 1_000.0
        self.dice = dice
        self.counters = Counters()
        self.past = Past(down_since_seconds=self.now_seconds, refusal=refusal)
        self.reconnecting = Reconnecting(
            "https://mastodon.example",
            (Stream.public(),),
            options=options or StreamOptions(),
            counters=self.counters,
            others=others,
            past=self.past,
            dice=lambda: self.dice,
            clock=lambda: self.now_seconds,
        )

    def connection(self, seconds: float, *, brought: bool = True) -> None:
        """Let a connection live for so long."""
        self.reconnecting.opened()
        self.now_seconds += seconds
        self.reconnecting.ended(brought=brought)

    def wait_seconds(self, outcome: Outcome) -> float:
        return self.reconnecting.decide(outcome).wait_seconds


def test_the_first_retry_comes_within_a_second_and_the_next_ones_later() -> None:
    scene = Scene()
    assert [scene.wait_seconds(CUT) for _ in range(4)] == [0.5, 1.0, 2.0, 4.0]


def test_the_wait_is_drawn_and_not_always_the_same() -> None:
    waits = {Scene(dice=dice).wait_seconds(CUT) for dice in (0.0, 0.25, 0.75)}
    assert len(waits) == 3


def test_a_minute_of_health_makes_the_next_retry_a_first_one() -> None:
    scene = Scene()
    for _ in range(8):
        scene.wait_seconds(CUT)
    scene.connection(59.0)
    assert scene.wait_seconds(CUT) > 20.0
    scene.connection(60.0)
    assert scene.wait_seconds(CUT) == 0.5


def test_a_server_that_says_when_is_not_asked_before() -> None:
    asked = Outcome(OutcomeKind.REFUSED_STATUS, status=429, retry_after_seconds=120.0)
    assert Scene().wait_seconds(asked) == 126.0


def test_a_server_that_says_when_is_asked_then_however_often_it_refused() -> None:
    asked = Outcome(OutcomeKind.REFUSED_STATUS, status=429, retry_after_seconds=10.0)
    scene = Scene(dice=0.9)
    for _ in range(8):
        scene.wait_seconds(TROUBLE)
    assert scene.wait_seconds(asked) == 10.9


def test_a_server_that_asks_for_no_wait_is_left_alone_for_a_second() -> None:
    asked = Outcome(OutcomeKind.REFUSED_STATUS, status=503, retry_after_seconds=0.0)
    assert Scene(dice=0.0).wait_seconds(asked) == 1.0


def test_clients_that_were_told_the_same_moment_do_not_come_in_the_same() -> None:
    asked = Outcome(OutcomeKind.REFUSED_STATUS, status=503, retry_after_seconds=120.0)
    waits = {Scene(dice=dice).wait_seconds(asked) for dice in (0.0, 0.5, 0.9)}
    assert len(waits) == 3
    assert min(waits) == 120.0


def test_a_token_that_is_refused_at_first_is_fatal_at_once() -> None:
    scene = Scene()
    with pytest.raises(Unauthorized, match="revoked") as caught:
        scene.wait_seconds(UNAUTHORIZED)
    assert (caught.value.status, caught.value.server) == (401, "https://mastodon.example")
    assert scene.counters.disconnects == {"unauthorized": 1}


def test_a_token_that_was_good_is_tried_once_more() -> None:
    scene = Scene()
    scene.connection(5.0)
    assert scene.wait_seconds(UNAUTHORIZED) > 0.0
    with pytest.raises(Unauthorized):
        scene.wait_seconds(UNAUTHORIZED)


def test_a_refusal_after_the_handshake_does_not_make_a_token_good() -> None:
    """A WebSocket opens first and is refused then: that must not go on for ever."""
    scene = Scene()
    scene.connection(0.2, brought=False)
    with pytest.raises(Unauthorized):
        scene.wait_seconds(UNAUTHORIZED)


def test_a_connection_that_works_again_forgives_an_earlier_refusal() -> None:
    scene = Scene()
    for _ in range(3):
        scene.connection(5.0)
        assert scene.wait_seconds(UNAUTHORIZED) > 0.0


def test_another_transport_is_tried_while_one_is_left() -> None:
    with pytest.raises(OtherTransport):
        Scene(others=("polling",)).wait_seconds(UNKNOWN_STREAM)
    with pytest.raises(NoSuchStream):
        Scene().wait_seconds(UNKNOWN_STREAM)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_without_words_is_taken_to_the_other_transport(status: int) -> None:
    barred = Outcome(OutcomeKind.REFUSED_STATUS, status=status)
    scene = Scene(others=("sse", "polling"))
    with pytest.raises(OtherTransport) as caught:
        scene.wait_seconds(barred)
    assert caught.value.is_barred
    assert isinstance(scene.past.refusal, Unauthorized)
    assert scene.past.refusal.status == status


@pytest.mark.parametrize("others", [(), ("polling",)])
def test_who_is_barred_from_every_stream_does_not_poll(others: tuple[Transport, ...]) -> None:
    with pytest.raises(Unauthorized, match="without saying why"):
        Scene(others=others).wait_seconds(BARRED)


def test_a_refusal_with_words_is_taken_nowhere() -> None:
    with pytest.raises(Unauthorized, match="revoked"):
        Scene(others=("sse", "polling")).wait_seconds(UNAUTHORIZED)


def test_of_two_refusals_the_one_with_words_is_told() -> None:
    before = Unauthorized("barred", server="https://mastodon.example", status=403)
    with pytest.raises(Unauthorized, match="revoked") as caught:
        Scene(refusal=before).wait_seconds(UNAUTHORIZED)
    assert caught.value.__cause__ is None
    with pytest.raises(Unauthorized, match="barred"):
        Scene(refusal=before).wait_seconds(UNKNOWN_STREAM)


def test_the_instance_is_asked_anew_after_every_third_retry() -> None:
    scene = Scene()
    asked = [scene.reconnecting.decide(TROUBLE).rediscover for _ in range(6)]
    assert asked == [False, False, True, False, False, True]


def test_so_many_retries_as_were_allowed_are_made() -> None:
    scene = Scene(options=StreamOptions(max_retries=2))
    scene.wait_seconds(CUT)
    scene.wait_seconds(CUT)
    with pytest.raises(GaveUp, match="after 2 retries"):
        scene.wait_seconds(CUT)


def test_without_retries_the_first_failure_is_the_last() -> None:
    with pytest.raises(GaveUp):
        Scene(options=StreamOptions(max_retries=0)).wait_seconds(CUT)


def test_giving_up_counts_the_time_since_the_last_connection() -> None:
    scene = Scene(options=StreamOptions(give_up_after_seconds=100.0))
    scene.now_seconds += 99.0
    scene.wait_seconds(CUT)
    scene.connection(5.0)
    scene.now_seconds += 99.0
    scene.wait_seconds(CUT)
    scene.now_seconds += 1.0
    with pytest.raises(GaveUp, match="100 s without"):
        scene.wait_seconds(CUT)


def test_a_bad_certificate_is_told_in_the_words_of_the_system() -> None:
    outcome = Outcome(OutcomeKind.CERTIFICATE, words="self-signed certificate")
    with pytest.raises(CertificateError, match="The system said: self-signed certificate"):
        Scene().wait_seconds(outcome)
