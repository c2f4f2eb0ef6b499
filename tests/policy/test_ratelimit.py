"""A budget asks no more than a server allows, and no less than it could."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.ratelimit import (
    LONGEST_DELAY_SECONDS,
    UNSAID_PAUSE_SECONDS,
    Bucket,
    Budget,
    RequestKind,
)

PLAIN, PAGED = RequestKind.PLAIN, RequestKind.PAGED
NOW = 1_795_521_600.0  # a moment at which windows of 5 and 15 minutes begin


def says(*, limit: int, remaining: int, reset_in: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset_in),
    }


def after_spending(budget: Budget, kind: RequestKind, *, count: int, at: float = NOW) -> Budget:
    for _ in range(count):
        budget = budget.spend(kind, now_seconds=at)
    return budget


@dataclass
class StrictServer:
    """Counts like Mastodon: windows begin at multiples of their length; one too many gets 429."""

    plain_limit: int = 300
    paged_limit: int = 300
    spent: dict[tuple[str, int], int] = field(default_factory=dict)
    refused: int = 0

    def answer(self, kind: RequestKind, *, now_seconds: float) -> tuple[int, dict[str, str]]:
        throttles = [("all", self.plain_limit, 300)]
        if kind is PAGED:
            throttles.append(("paged", self.paged_limit, 900))
        views = []
        for name, limit, window in throttles:
            key = (name, int(now_seconds // window))
            self.spent[key] = self.spent.get(key, 0) + 1
            reset_in = window - now_seconds % window
            views.append((limit - self.spent[key], limit, reset_in))
        left, limit, reset_in = min(views)
        self.refused += left < 0
        headers = says(limit=limit, remaining=max(0, left), reset_in=round(reset_in, 6))
        return (429 if left < 0 else 200), headers


def drive(
    server: StrictServer, kinds: list[RequestKind], *, start_seconds: float, budget: Budget
) -> tuple[Budget, float]:
    now_seconds = start_seconds
    for kind in kinds:
        delay_seconds, budget = budget.reserve(kind, now_seconds=now_seconds)
        now_seconds += delay_seconds + 0.05
        status, headers = server.answer(kind, now_seconds=now_seconds)
        budget = budget.observe(headers, status=status, now_seconds=now_seconds, kind=kind)
    return budget, now_seconds


def test_the_first_requests_go_at_once() -> None:
    budget = Budget()
    for _ in range(224):
        delay_seconds, budget = budget.reserve(PAGED, now_seconds=NOW)
        assert delay_seconds == 0


def test_the_last_quarter_is_spread_over_the_time_that_is_left() -> None:
    budget = after_spending(Budget(), PLAIN, count=225)
    first_seconds, budget = budget.reserve(PLAIN, now_seconds=NOW)
    second_seconds, _ = budget.reserve(PLAIN, now_seconds=NOW)
    assert first_seconds == pytest.approx(300 / 76)
    assert second_seconds == pytest.approx(2 * 300 / 76)


def test_time_that_has_passed_counts_towards_the_spread() -> None:
    budget = after_spending(Budget(), PLAIN, count=225)
    assert budget.delay_before(PLAIN, now_seconds=NOW + 10) == 0


def test_all_requests_of_a_window_fit_into_it_and_the_next_waits_for_the_reset() -> None:
    budget, slots = Budget(), []
    for _ in range(301):
        delay_seconds, budget = budget.reserve(PLAIN, now_seconds=NOW)
        slots.append(delay_seconds)
    assert slots == sorted(slots)
    assert slots[299] < 300
    assert slots[300] == pytest.approx(301)


def test_after_the_reset_the_requests_go_at_once_again() -> None:
    budget = after_spending(Budget(), PLAIN, count=300)
    assert budget.delay_before(PLAIN, now_seconds=NOW + 299) > 0
    assert budget.delay_before(PLAIN, now_seconds=NOW + 300) == 0


def test_who_comes_later_does_not_overtake_who_is_waiting() -> None:
    budget = after_spending(Budget(), PLAIN, count=300)
    waiting_seconds, budget = budget.reserve(PLAIN, now_seconds=NOW)
    assert waiting_seconds == 301
    assert budget.delay_before(PLAIN, now_seconds=NOW + 100) == pytest.approx(201)


def test_paged_requests_are_charged_to_both_limits_and_plain_ones_to_one() -> None:
    budget = after_spending(Budget(), PAGED, count=300)
    assert budget.delay_before(PAGED, now_seconds=NOW + 310) > 500
    assert budget.delay_before(PLAIN, now_seconds=NOW + 310) == 0
    plain_only = after_spending(Budget(), PLAIN, count=300)
    assert plain_only.paged_requests == Budget().paged_requests


def test_the_headers_beat_what_was_counted() -> None:
    headers = says(limit=1500, remaining=1499, reset_in=300)
    budget = after_spending(Budget(), PLAIN, count=290)
    budget = budget.observe(headers, status=200, now_seconds=NOW)
    assert budget.all_requests.limit == 1500
    assert budget.delay_before(PLAIN, now_seconds=NOW) == 0


def test_requests_of_another_program_with_the_same_token_are_noticed() -> None:
    headers = says(limit=300, remaining=0, reset_in=120)
    budget = Budget().spend(PLAIN, now_seconds=NOW).observe(headers, status=200, now_seconds=NOW)
    assert budget.delay_before(PLAIN, now_seconds=NOW) == 121


def test_a_little_left_by_others_is_usable_at_once() -> None:
    headers = says(limit=300, remaining=3, reset_in=120)
    budget = Budget().observe(headers, status=200, now_seconds=NOW)
    assert budget.delay_before(PLAIN, now_seconds=NOW) == 0


def test_within_a_window_an_answer_that_was_overtaken_gives_nothing_back() -> None:
    budget = Budget()
    for remaining in (297, 299, 298):
        headers = says(limit=300, remaining=remaining, reset_in=200)
        budget = budget.observe(headers, status=200, now_seconds=NOW)
    assert budget.all_requests.remaining == 297


def test_news_of_a_window_that_is_over_is_not_news() -> None:
    budget = after_spending(Budget(), PLAIN, count=300)
    _, booked = budget.reserve(PLAIN, now_seconds=NOW)
    headers = says(limit=300, remaining=0, reset_in=299)
    assert booked.observe(headers, status=200, now_seconds=NOW) == booked


def test_a_reset_beyond_five_minutes_can_only_be_that_of_paged_requests() -> None:
    headers = says(limit=300, remaining=10, reset_in=600)
    budget = Budget().observe(headers, status=200, now_seconds=NOW, kind=PAGED)
    assert budget.paged_requests.remaining == 10
    assert budget.all_requests == Budget().all_requests


def test_a_plain_request_is_charged_to_all_requests_however_far_the_reset() -> None:
    headers = says(limit=300, remaining=10, reset_in=600)
    budget = Budget().observe(headers, status=200, now_seconds=NOW)
    assert budget.all_requests.remaining == 10
    assert budget.paged_requests == Budget().paged_requests


def test_a_reset_within_five_minutes_is_charged_to_all_requests() -> None:
    headers = says(limit=300, remaining=10, reset_in=200)
    budget = Budget().observe(headers, status=200, now_seconds=NOW, kind=PAGED)
    assert budget.all_requests.remaining == 10
    assert budget.paged_requests == Budget().paged_requests


def test_a_reset_that_both_limits_share_is_that_of_the_limit_with_less_left() -> None:
    """Every fifteen minutes both windows end together; only what was spent tells them apart."""
    server = StrictServer()
    budget, _ = drive(server, [PAGED] * 220, start_seconds=NOW, budget=Budget())
    last_third_seconds = NOW + 620
    budget, _ = drive(server, [PAGED], start_seconds=last_third_seconds, budget=budget)
    assert budget.paged_requests.remaining == 79
    assert budget.delay_before(PLAIN, now_seconds=last_third_seconds + 1) == 0
    budget, _ = drive(server, [PLAIN] * 200, start_seconds=last_third_seconds + 1, budget=budget)
    assert server.refused == 0
    assert budget.all_requests.remaining == 99


def test_limits_of_different_size_are_told_apart_by_their_size() -> None:
    budget = Budget().observe(
        says(limit=1500, remaining=40, reset_in=200), status=200, now_seconds=NOW
    )
    paged = says(limit=300, remaining=10, reset_in=200)
    budget = budget.observe(paged, status=200, now_seconds=NOW, kind=PAGED)
    assert budget.paged_requests.remaining == 10
    assert budget.all_requests.remaining == 40
    of_all = says(limit=1500, remaining=5, reset_in=199)
    budget = budget.observe(of_all, status=200, now_seconds=NOW + 1, kind=PAGED)
    assert budget.paged_requests.remaining == 10
    assert budget.all_requests.remaining == 5


def test_more_left_than_was_believed_to_be_the_limit_of_pages_raises_it() -> None:
    """The head tells the limit with the least left, so of pages there is no less."""
    roomy = says(limit=7500, remaining=7000, reset_in=200)
    budget = Budget().observe(roomy, status=200, now_seconds=NOW, kind=PAGED)
    assert (budget.all_requests.remaining, budget.paged_requests.remaining) == (7000, 7000)
    plain = Budget().observe(roomy, status=200, now_seconds=NOW)
    assert plain.paged_requests == Budget().paged_requests


def test_a_thousand_pages_go_at_once_where_the_server_allows_them() -> None:
    server = StrictServer(plain_limit=7500, paged_limit=7500)
    _, end = drive(server, [PAGED] * 1000, start_seconds=NOW, budget=Budget())
    assert end - NOW < 60


def test_too_many_paged_requests_leave_plain_ones_alone() -> None:
    headers = says(limit=300, remaining=0, reset_in=700)
    budget = Budget().observe(headers, status=429, now_seconds=NOW, kind=PAGED)
    assert budget.delay_before(PAGED, now_seconds=NOW) == 701
    assert budget.delay_before(PLAIN, now_seconds=NOW) == 0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_stops_everything(status: int) -> None:
    budget = Budget().observe({"Retry-After": "30"}, status=status, now_seconds=NOW)
    for kind in RequestKind:
        assert budget.delay_before(kind, now_seconds=NOW) == 30
        assert budget.delay_before(kind, now_seconds=NOW + 31) == 0


def test_retry_after_on_a_good_answer_means_nothing() -> None:
    assert Budget().observe({"Retry-After": "30"}, status=202, now_seconds=NOW) == Budget()


def test_too_many_requests_without_a_time_pause_a_minute() -> None:
    budget = Budget().observe({}, status=429, now_seconds=NOW)
    assert budget.delay_before(PLAIN, now_seconds=NOW) == UNSAID_PAUSE_SECONDS


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    budget = Budget().observe({"Retry-After": "90"}, status=429, now_seconds=NOW)
    budget = budget.observe({"Retry-After": "5"}, status=429, now_seconds=NOW)
    assert budget.delay_before(PLAIN, now_seconds=NOW) == 90


def test_a_clock_that_is_set_back_costs_an_hour_at_most() -> None:
    budget = after_spending(Budget(), PLAIN, count=300)
    assert budget.delay_before(PLAIN, now_seconds=NOW - 1e9) == LONGEST_DELAY_SECONDS


@pytest.mark.parametrize("start", [NOW, NOW + 1.5, NOW + 299, NOW + 899.5, NOW + 437])
def test_a_thousand_pages_from_a_strict_server_meet_no_refusal(start: float) -> None:
    server = StrictServer()
    _, end = drive(server, [PAGED] * 1000, start_seconds=start, budget=Budget())
    assert server.refused == 0
    # Four windows are needed for a thousand requests; waiting for a fifth would be waste.
    assert end - start <= 4 * 900


@given(
    kinds=st.lists(st.sampled_from(RequestKind), min_size=1, max_size=150),
    start=st.floats(0, 900),
    plain_limit=st.integers(5, 50) | st.integers(301, 400),
    paged_limit=st.integers(5, 50) | st.integers(301, 400),
)
def test_after_the_first_answer_no_mix_of_requests_is_refused(
    kinds: list[RequestKind], start: float, plain_limit: int, paged_limit: int
) -> None:
    server = StrictServer(plain_limit=plain_limit, paged_limit=paged_limit)
    drive(server, kinds, start_seconds=NOW + start, budget=Budget())
    # The headers show one limit of two, so a paged limit that is smaller than Mastodon's is learnt
    # at the latest when it refuses, once in a window.
    windows = {key for key, spent in server.spent.items() if spent > 0 and key[0] == "paged"}
    assert server.refused <= len(windows)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(RequestKind),
            st.integers(0, 2000),
            st.integers(0, 2000),
            st.floats(0, 100_000),
            st.sampled_from([200, 401, 429, 503]),
            st.floats(-1000, 1000),
        ),
        max_size=30,
    )
)
def test_no_delay_is_negative_or_longer_than_an_hour(
    story: list[tuple[RequestKind, int, int, float, int, float]],
) -> None:
    budget, now_seconds = Budget(), NOW
    for kind, limit, remaining, reset_in, status, step_seconds in story:
        now_seconds += step_seconds
        delay_seconds, budget = budget.reserve(kind, now_seconds=now_seconds)
        assert 0 <= delay_seconds <= LONGEST_DELAY_SECONDS
        headers = says(limit=limit, remaining=remaining, reset_in=reset_in)
        budget = budget.observe(headers, status=status, now_seconds=now_seconds, kind=kind)
        for bucket in (budget.all_requests, budget.paged_requests):
            assert 0 <= bucket.remaining <= bucket.limit


def test_an_empty_bucket_never_goes_below_nothing() -> None:
    bucket = Bucket(limit=1, window_seconds=10, remaining=0, resets_at_seconds=NOW + 5)
    assert bucket.spend(NOW).remaining == 0
