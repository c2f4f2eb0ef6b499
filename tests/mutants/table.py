"""The mutants: plausible one-line bugs, each with the test that must fail.

Promise: every one of them breaks something that is promised, and its test is the plainest one that
shows it. They are curated, not generated: a bug that nobody would make, or that changes nothing,
teaches nothing.

A row is text to find and text to write, not a patch: see `values` for why.
"""

from __future__ import annotations

from typing import Final

from tests.mutants.values import Mutant

__all__ = ["MUTANTS"]

_STORIES: Final = "tests/continuity/test_stories.py::"

_FINISHED: Final = (
    Mutant(
        name="cursor-moves-before-delivery",
        file="handover.py",
        before="        batch.reverse()\n",
        after="        self._finish(batch)\n        batch.reverse()\n",
        test="tests/test_handover.py"
        "::test_a_batch_that_arrived_and_was_not_asked_for_is_not_acknowledged",
        why="What has arrived looks as good as delivered, until a crash comes in between.",
    ),
    Mutant(
        name="event-in-hand-is-finished",
        file="handover.py",
        before="self._finish(self._given[:-1])",
        after="self._finish(self._given)",
        test="tests/test_handover.py::test_saving_leaves_the_event_in_hand_out",
        why="It was handed over, so it seems to be done; the slice looks like a slip.",
    ),
    Mutant(
        name="stop-does-not-acknowledge",
        file="sync_feed.py",
        before="        if isinstance(error, StopStream):\n            self.acknowledge()\n",
        after="",
        test="tests/test_listening.py"
        "::test_stop_stream_ends_it_cleanly_and_acknowledges_the_event_in_hand",
        why="Closing saves the cursors, so another line before it looks superfluous.",
    ),
    Mutant(
        name="fatal-error-swallowed",
        file="listening.py",
        before="        listener.on_abort(error)\n        raise",
        after="        listener.on_abort(error)",
        test="tests/test_listening.py::test_a_fatal_error_is_told_to_the_listener_and_raised",
        why="The listener was told, so raising as well looks like telling twice.",
    ),
    Mutant(
        name="error-of-a-handler-in-a-thread-swallowed",
        file="sync_handle.py",
        before="                self.error = error\n",
        after="",
        test="tests/test_sync_handles.py::test_what_a_handler_raises_is_logged_and_kept",
        why="The log has it, and nobody can catch it in a thread.",
    ),
    Mutant(
        name="sweep-not-owed-after-a-crash",
        file="subscription.py",
        before="        self.owed = dict(cursor.sweeps)\n",
        after="",
        test="tests/test_subscription.py::test_a_sweep_is_still_owed_after_a_crash",
        why="The next gap brings a sweep of its own; that it begins higher is easily missed.",
    ),
    Mutant(
        name="untold-gap-forgotten",
        file="subscription.py",
        before="moments = [self._sure_at, *(gap.since for gap in self._untold)]",
        after="moments = [self._sure_at]",
        test="tests/test_subscription.py"
        "::test_a_gap_that_nobody_was_told_of_begins_again_where_it_began",
        why="What was finished last seems to say up to when everything is there.",
    ),
    Mutant(
        name="primed-forgotten",
        file="subscription.py",
        before="        self.primed = set(cursor.primed)\n",
        after="",
        test=_STORIES + "test_the_first_post_of_a_silent_timeline_is_not_lost_in_a_crash",
        why="The highest id says where to read from, unless there was nothing to read.",
    ),
)

_MEMORY: Final = (
    Mutant(
        name="window-of-one",
        file="policy/cursor.py",
        before="CAPACITY: Final = 20_000",
        after="CAPACITY: Final = 1",
        test="tests/policy/test_dedupe.py::test_a_day_of_a_busy_stream_is_remembered",
        why="Servers repeat the last event when they restart; that seems to be all.",
    ),
    Mutant(
        name="tombstone-ignored",
        file="policy/dedupe.py",
        before="status_id not in seen and status_id not in deleted:",
        after="status_id not in seen:",
        test="tests/policy/test_dedupe.py"
        "::test_what_comes_for_a_post_after_its_deletion_is_held_back",
        why="A post comes before its deletion, as everybody knows who never ran a busy server.",
    ),
    Mutant(
        name="edit-is-a-duplicate",
        file="policy/dedupe.py",
        before="return _post_keys(raw)[1:]",
        after="return _post_keys(raw)[:1]",
        test="tests/policy/test_dedupe.py::test_an_edit_is_no_duplicate_of_its_post",
        why="An id names a post, so it seems to be enough; and a slice is easily turned round.",
    ),
    Mutant(
        name="horizon-ignored",
        file="catchup.py",
        before="clear = above_horizon(events, self._subscription.horizon(timeline.track))",
        after="clear = list(events)",
        test="tests/test_catching_up.py"
        "::test_what_is_forgotten_while_a_gap_is_read_is_not_told_again_but_named",
        why="Reading began above the horizon, so nothing at or below it seems to come.",
    ),
    Mutant(
        name="ids-compared-as-text",
        file="policy/ids.py",
        before="    return len(status_id), status_id",
        after="    return 0, status_id",
        test="tests/policy/test_ids.py::test_numbers_of_any_size_sort_as_numbers",
        why="All ids of one server have one length, until the day when they do not.",
    ),
)

_CATCHING_UP: Final = (
    Mutant(
        name="catch-up-newest-first",
        file="policy/catchup.py",
        before="paired = sorted((pair for pair in paired if pair[0]), key=_by_id)",
        after="paired = [pair for pair in paired if pair[0]]",
        test="tests/policy/test_catchup.py"
        "::test_a_page_is_read_from_its_oldest_entry_whatever_the_order_of_the_server",
        why="With min_id one expects the oldest first; Mastodon sends the newest first.",
    ),
    Mutant(
        name="overlap-zero",
        file="policy/cursor.py",
        before="id_minus_seconds(mark, overlap_seconds, scheme=scheme)",
        after="id_minus_seconds(mark, 0.0, scheme=scheme)",
        test=_STORIES
        + "test_a_post_that_federates_late_during_a_gap_is_found_below_posts_that_were_delivered",
        why="Everything above the highest id is new, and it looks as if nothing else were.",
    ),
    Mutant(
        name="mark-taken-after-live-events-moved-on",
        file="catchup.py",
        before="start = self._subscription.owed.get(timeline.track)",
        after="start = self._sweep_start(timeline)",
        test=_STORIES
        + "test_a_late_post_is_looked_for_where_the_gap_began_and_not_where_we_are_now",
        why="Asking for the start where it is needed reads better than remembering it.",
    ),
    Mutant(
        name="waiting-events-let-through-before-the-catch-up",
        file="session.py",
        before="            self._delivery.hold_back()\n",
        after="            pass\n",
        test=_STORIES + "test_live_posts_wait_until_what_was_missed_is_there",
        why="Nothing is lost by it and everything comes sooner; only the order is wrong.",
    ),
    Mutant(
        name="primed-at-every-start",
        file="gaps.py",
        before="            if not subscription.has_begun:\n",
        after="            if True:\n",
        test="tests/test_session.py"
        "::test_what_was_never_read_is_not_called_complete_in_the_next_run",
        why="Reading the timeline anew is thought to refresh it; it marks what was missed as seen.",
    ),
    Mutant(
        name="reconcile-without-deletions",
        file="reconcile.py",
        before="    return edits + deletions(gone, stream=stream, server=server, now=at)",
        after="    return edits",
        test=_STORIES + "test_a_deletion_that_a_gap_hid_is_told",
        why="What an answer lacks is easily overlooked: there is nothing to loop over.",
    ),
    Mutant(
        name="every-gap-is-complete",
        file="catchup.py",
        before="            complete=not missing,",
        after="            complete=not self._shortfall.missing,",
        test=_STORIES + "test_more_than_the_limit_is_named",
        why="There are two shortfalls, and one of them is nearer at hand.",
    ),
    Mutant(
        name="gone-posts-are-waited-for",
        file="lagging.py",
        before="        gone.add(newest)\n",
        after="        return True\n",
        test="tests/continuity/test_acceptance.py::test_posts_that_are_gone_hold_no_gap_open",
        why="What REST does not show may be late, and to wait loses nothing.",
    ),
    Mutant(
        name="silence-asked-about-too-early",
        file="session.py",
        before="is_deaf=lambda: inbox.is_full or self._gaps.unlooked > 0,",
        after="is_deaf=lambda: inbox.is_full,",
        test="tests/continuity/test_acceptance.py"
        "::test_silence_is_not_asked_about_while_a_gap_is_looked_at_once_more",
        why="The usual ten minutes are longer than any gap takes to close.",
    ),
)

_BACK_PRESSURE: Final = (
    Mutant(
        name="inbox-unbounded",
        file="inbox.py",
        before="            self._room.clear()\n",
        after="            pass\n",
        test="tests/test_inbox.py::test_it_is_full_at_so_many_items_until_somebody_takes_them",
        why="Nobody notices without a slow consumer, and then it is the memory that is told of.",
    ),
    Mutant(
        name="waiting-events-unbounded",
        file="delivery.py",
        before="        if self._events >= _WAITING_EVENTS or self._bytes >= _WAITING_BYTES:",
        after="        if self._events >= _WAITING_EVENTS and self._bytes >= _WAITING_BYTES:",
        test="tests/test_delivery.py::test_no_more_live_events_wait_than_can_be_held",
        why="Events are small, so the number seems to bound the bytes as well.",
    ),
    Mutant(
        name="seen-before-there-is-room",
        file="delivery.py",
        before="        if self._inbox.is_full:\n"
        "            await self._inbox.room()\n"
        "        self._inbox.put(self._admitted(incoming, now), size_bytes=size_bytes)",
        after="        admitted = self._admitted(incoming, now)\n"
        "        await self._inbox.room()\n"
        "        self._inbox.put(admitted, size_bytes=size_bytes)",
        test="tests/test_delivery.py"
        "::test_an_event_that_found_no_room_and_was_cancelled_is_no_duplicate_later",
        why="Waiting only for what is news is the thriftier order; a cancellation makes it a loss.",
    ),
)

_PATIENCE: Final = (
    Mutant(
        name="jitter-removed",
        file="policy/backoff.py",
        before="seconds = shape.floor_seconds + dice * span_seconds",
        after="seconds = shape.floor_seconds + span_seconds",
        test="tests/policy/test_backoff.py"
        "::test_ten_thousand_clients_of_a_restarted_server_come_back_spread_over_a_second",
        why="One client waits just as well without it; a server has ten thousand.",
    ),
    Mutant(
        name="fatal-401-retried",
        file="policy/verdict_table.py",
        before="_on(*_NO, numbers=_NOT_YOU, was_connected=True, retries_below=1),",
        after="_on(*_NO, numbers=_NOT_YOU, retries_below=1),",
        test="tests/policy/test_verdict.py::test_a_token_refused_on_connect_is_fatal_at_once",
        why="One retry seems harmless; it tells the user later and the server's log more.",
    ),
    Mutant(
        name="refusal-after-the-handshake-retried-for-ever",
        file="reconnecting.py",
        before="        if brought or healthy_seconds >= HEALTHY_SECONDS:\n",
        after="        if healthy_seconds >= 0.0:\n",
        test="tests/test_reconnecting.py"
        "::test_a_refusal_after_the_handshake_does_not_make_a_token_good",
        why="A connection was open, so the token seems to have been good.",
    ),
    Mutant(
        name="retry-after-ignored",
        file="reconnecting.py",
        before="        told_seconds = verdict.told_seconds\n",
        after="        told_seconds = None\n",
        test="tests/test_reconnecting.py::test_a_server_that_says_when_is_not_asked_before",
        why="The backoff waits anyway, and that it waits too short shows in a storm only.",
    ),
    Mutant(
        name="polled-for-ever",
        file="course.py",
        before="        if self._streaming and not self._is_looking:\n",
        after="        if not self._streaming and not self._is_looking:\n",
        test="tests/continuity/test_falling_back.py"
        "::test_a_server_that_streams_again_is_not_polled_for_ever",
        why="Polling delivers everything too; it is only half a minute late.",
    ),
    Mutant(
        name="another-transport-forgets-the-past",
        file="course.py",
        before="replace(past)",
        after="Past(down_since_seconds=past.down_since_seconds)",
        test="tests/continuity/test_falling_back.py"
        "::test_a_server_that_moves_may_answer_404_to_everything_for_a_while",
        why="It ends with an error only where two transports are refused and REST as well.",
    ),
    Mutant(
        name="health-never-forgives",
        file="reconnecting.py",
        before="        past.backoff = past.backoff.after_connection(healthy_seconds)\n",
        after="",
        test="tests/test_reconnecting.py::test_a_minute_of_health_makes_the_next_retry_a_first_one",
        why="After a week of small troubles every reconnect takes a minute, and nobody knows why.",
    ),
    Mutant(
        name="budget-booked-too-early",
        file="policy/ratelimit.py",
        before="self.spend(kind, now_seconds=now_seconds + delay_seconds)",
        after="self.spend(kind, now_seconds=now_seconds)",
        test="tests/transport/test_rest.py"
        "::test_all_who_ask_one_server_share_its_budget_and_keep_their_order",
        why="The request is decided now, so it seems to be spent now.",
    ),
    Mutant(
        name="shared-reset-is-that-of-all-requests",
        file="policy/ratelimit.py",
        before="        return left[0] < left[1]\n",
        after="        return False\n",
        test="tests/policy/test_ratelimit.py"
        "::test_a_reset_that_both_limits_share_is_that_of_the_limit_with_less_left",
        why="All requests pay for pages too, so it seems to be the safe side.",
    ),
)

_CONNECTIONS: Final = (
    Mutant(
        name="watchdog-off",
        file="transport/watchdog.py",
        before="        self._awake = True\n        self._touched = self._loop.time()\n",
        after="        self._touched = self._loop.time()\n",
        test="tests/transport/test_eventstream.py::test_silence_for_as_long_as_was_set_is_a_stall",
        why="It was awake when it was made; that reading puts it to sleep is elsewhere.",
    ),
    Mutant(
        name="our-own-silence-is-a-stall",
        file="transport/watchdog.py",
        before="        self._awake = False\n",
        after="        self._touched = self._loop.time()\n",
        test="tests/transport/test_eventstream.py::test_a_connection_that_nobody_reads_is_no_stall",
        why="To start counting anew looks like a pause.",
    ),
    Mutant(
        name="line-feed-split-over-a-chunk",
        file="wire/sse.py",
        before='            self._after_cr = chunk.endswith(b"\\r")\n',
        after="",
        test="tests/wire/test_sse.py::test_a_stream_says_the_same_wherever_it_is_cut_in_two",
        why="In one piece CRLF is one line end, and a test rarely cuts between its two bytes.",
    ),
    Mutant(
        name="line-feed-at-the-end-of-a-chunk-is-lost",
        file="wire/sse.py",
        before='position, cut = 0, chunk.rfind(b"\\n") + 1',
        after='position, cut = 0, chunk[:-1].rfind(b"\\n") + 1',
        test="tests/wire/test_sse.py::test_a_stream_says_the_same_byte_by_byte",
        why="An end that is the last byte is where off-by-one lives.",
    ),
    Mutant(
        name="rest-follows-redirects-with-the-token",
        file="transport/rest.py",
        before="                    allow_redirects=False,\n",
        after="",
        test="tests/transport/test_instance.py"
        "::test_a_rest_call_that_leads_elsewhere_is_not_followed",
        why="Following is the default of every library, and servers do move.",
    ),
    Mutant(
        name="stream-follows-redirects-with-the-token",
        file="transport/eventstream.py",
        before="                allow_redirects=False,\n",
        after="",
        test="tests/transport/test_instance.py::test_a_stream_that_leads_elsewhere_is_not_followed",
        why="As above, and here the token would be sent to whoever the redirect names.",
    ),
)

MUTANTS: Final[tuple[Mutant, ...]] = (
    *_FINISHED,
    *_MEMORY,
    *_CATCHING_UP,
    *_BACK_PRESSURE,
    *_PATIENCE,
    *_CONNECTIONS,
)
"""All mutants; `python -m tests.mutants NAME` judges one."""
