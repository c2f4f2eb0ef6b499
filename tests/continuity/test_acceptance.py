"""What a connection has to survive and what has to end it, hour by hour, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from tests.continuity.follower import ending_of, following, loop_time
from tests.continuity.oracle import breaches, gaps_of
from tests.continuity.stage import Setting, play
from tests.continuity.steps import Cut, Pause, Post, Step, Strike
from tests.support.virtual_clock import on_virtual_clock, wall_clock

from trunkline.errors import GaveUp, Unauthorized
from trunkline.events import Delete, Edit, Event, Update
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.options import StreamKeywords, StreamOptions, TransportChoice
from trunkline.server import Fault, World
from trunkline.server.faults import FaultKind
from trunkline.server.tokens import Token, Tokens
from trunkline.signals import Connected, Disconnected, Gap, Heartbeat
from trunkline.streams import Stream

both_transports = pytest.mark.parametrize("transport", ["sse", "websocket"])


class _Guestbook(Tokens):
    """Notes when which token was shown."""

    def __init__(self) -> None:
        super().__init__([Token(value="demo-token", account_id="1")])
        self.visits: list[float] = []
        self.on_visit: Callable[[], object] | None = None

    def find(self, value: str) -> Token | None:
        self.visits.append(asyncio.get_running_loop().time())
        if self.on_visit is not None and len(self.visits) < 1000:
            self.on_visit()
        return super().find(value)


@both_transports
@pytest.mark.parametrize(
    ("token", "stream", "words"),
    [
        ("no-such-token", "public", "mistyped"),
        ("app-token", "public", "belongs to an app"),
        ("notifications-token", "user", "lacks a scope"),
        ("disabled-token", "public", "disabled"),
    ],
)
@on_virtual_clock
async def test_a_refused_token_ends_at_once_and_the_cause_is_named(
    transport: TransportChoice, token: str, stream: str, words: str
) -> None:
    def prepare(world: World) -> None:
        world.people.add_token("app-token", app=True)
        world.people.add_token("disabled-token", disabled=True)
        world.people.add_token("notifications-token", scopes=["read:notifications"])

    async with following(stream, transport=transport, token=token, prepare=prepare) as follower:
        began = loop_time()
        error = await ending_of(follower)
        assert isinstance(error, Unauthorized)
        assert words in str(error)
        assert token not in str(error)
        assert len(follower.of(Disconnected)) <= 1
        assert loop_time() - began < 60.0


@both_transports
@on_virtual_clock
async def test_a_token_that_is_revoked_ends_after_one_more_try(transport: TransportChoice) -> None:
    async with following(transport=transport) as follower:
        await follower.connected()
        follower.server.revoke_token("demo-token")
        assert isinstance(await ending_of(follower), Unauthorized)
        # A WebSocket that brought nothing yet proves nothing about its token.
        assert len(follower.of(Disconnected)) == (2 if transport == "sse" else 1)


@both_transports
@on_virtual_clock
async def test_a_server_that_kills_good_tokens_is_connected_to_again(
    transport: TransportChoice,
) -> None:
    async with following(transport=transport, faults=(Fault("token_kill", count=2),)) as follower:
        await follower.connected()
        for _ in range(4):
            follower.server.post()
            await asyncio.sleep(30.0)
        assert len(follower.ids) == 4
        assert len(follower.of(Connected)) == 3


@both_transports
@pytest.mark.parametrize("retry_after_seconds", [1, 30, 900])
@on_virtual_clock
async def test_a_server_that_says_when_to_come_back_is_not_asked_before(
    transport: TransportChoice, retry_after_seconds: int
) -> None:
    wait = Fault(
        "status", after_events=1, status=429, count=2, retry_after_seconds=retry_after_seconds
    )
    async with following(transport=transport, faults=(wait,)) as follower:
        await follower.connected()
        follower.server.post()
        await asyncio.sleep(4000.0)
        assert follower.server.faults.fired == [2]
        limited = [item for item in follower.of(Disconnected) if item.reason == "rate-limited"]
        assert len(limited) == 2
        assert all(item.retry_in_seconds >= retry_after_seconds for item in limited)
        last = follower.of(Connected)[-1]
        assert last.at.timestamp() - limited[0].at.timestamp() >= 2 * retry_after_seconds
        assert len(follower.ids) == 1


@both_transports
@on_virtual_clock
async def test_a_socket_that_died_unnoticed_is_noticed_within_three_heartbeats(
    transport: TransportChoice,
) -> None:
    async with following(transport=transport, faults=(Fault("stall", after_events=1),)) as follower:
        await follower.connected()
        follower.server.post()
        stalled_at = wall_clock()
        follower.server.post()
        await asyncio.sleep(60.0)
        (ended,) = follower.of(Disconnected)
        assert ended.reason == "stall"
        assert 45.0 <= ended.at.timestamp() - stalled_at <= 46.0
        assert len(follower.ids) == 2
        assert follower.feed.stats().stalls == 1


@both_transports
@on_virtual_clock
async def test_heartbeats_without_events_are_seen_through(transport: TransportChoice) -> None:
    faults = (Fault("silent", after_events=1),)
    async with following(transport=transport, faults=faults) as follower:
        await follower.connected()
        follower.server.post()
        await asyncio.sleep(1.0)
        silent_at = wall_clock()
        follower.server.post()
        await asyncio.sleep(700.0)
        (ended,) = follower.of(Disconnected)
        (gap,) = follower.of(Gap)
        assert ended.reason == "silent"
        assert len(follower.of(Heartbeat)) >= 20
        assert gap.since is not None
        assert gap.since.timestamp() <= silent_at, "the gap begins where events ceased to come"
        assert len(follower.ids) == 2


@both_transports
@pytest.mark.parametrize("silent_seconds", [15.0, 25.0, 120.0])
@on_virtual_clock
async def test_a_hiccup_inside_the_server_that_heals_by_itself_is_noticed(
    transport: TransportChoice, silent_seconds: float
) -> None:
    hiccup = Fault("silent", after_events=60, seconds=silent_seconds)
    async with following(transport=transport, faults=(hiccup,)) as follower:
        await follower.connected()
        posted = []
        for _ in range(240):
            posted.append(str(follower.server.post()["id"]))
            await asyncio.sleep(0.7)
        await asyncio.sleep(60.0)
        assert sorted(follower.ids) == posted
        (gap,) = follower.of(Gap)
        assert gap.since is not None
        assert gap.since <= follower.of(Update)[60].received_at


@on_virtual_clock
async def test_a_stream_of_odd_pace_is_not_asked_after_at_every_turn() -> None:
    book = _Guestbook()

    def prepare(world: World) -> None:
        world.people.tokens = book

    async with following(prepare=prepare) as follower:
        await follower.connected()
        asked = len(book.visits)
        for _ in range(100):
            for _ in range(30):
                follower.server.post()
                await asyncio.sleep(0.1)
            await asyncio.sleep(60.0)
        assert not follower.of(Disconnected)
        assert len(follower.ids) == 3000
        assert len(book.visits) - asked < 10


@on_virtual_clock
async def test_one_silent_stream_is_noticed_among_busy_ones() -> None:
    async with following("public", "hashtag:python") as follower:
        await follower.connected()
        # As where a second subscription is ignored without a word.
        hub = follower.server.hub
        (subscription,) = [one for one in hub._subscriptions if "hashtag:python" in one.channels]
        hub.unsubscribe(subscription)
        follower.server.post(tags=["python"])
        for _ in range(14):
            await asyncio.sleep(60.0)
            follower.server.post()
        streams = [item.stream for item in follower.of(Update)]
        assert streams.count(Stream.hashtag("python")) == 1


@on_virtual_clock
async def test_a_quiet_stream_is_left_alone() -> None:
    async with following() as follower:
        await follower.connected()
        await asyncio.sleep(12 * 3600.0)
        assert not follower.of(Disconnected)


@pytest.mark.parametrize(
    ("stream", "calls_a_day"), [("user", True), ("list:1", True), ("public", False)]
)
@on_virtual_clock
async def test_feeds_that_dry_up_without_a_call_get_one_every_day(
    stream: str, *, calls_a_day: bool
) -> None:
    book = _Guestbook()

    def prepare(world: World) -> None:
        world.people.tokens = book

    options: StreamKeywords = {"silence_probe_seconds": 1e9}
    async with following(stream, prepare=prepare, **options) as follower:
        await follower.connected()
        opened = len(book.visits)
        await asyncio.sleep(3 * 86_400.0)
        visits = [loop_time() - 3 * 86_400.0 - 10.0, *book.visits[opened:], loop_time()]
        longest = max(later - earlier for earlier, later in pairwise(visits))
        assert (longest <= 86_400.0) is calls_a_day


@on_virtual_clock
async def test_the_call_a_day_is_made_however_often_the_connection_is_cut() -> None:
    book = _Guestbook()

    def prepare(world: World) -> None:
        world.people.tokens = book

    async with following(
        "user", prepare=prepare, silence_probe_seconds=1e9, catch_up=False, reconcile=False
    ) as follower:
        await follower.connected()
        opened, cuts = len(book.visits), 8
        for _ in range(cuts):
            await asyncio.sleep(10 * 3600.0)
            follower.server.cut_connections()
        assert len(book.visits) - opened - (cuts - 1) in (3, 4), "one in twenty hours"


@both_transports
@on_virtual_clock
async def test_a_slow_consumer_bounds_the_memory_and_loses_nothing(
    transport: TransportChoice,
) -> None:
    content = "x" * 20_000
    async with following(transport=transport, buffer_bytes=200_000) as follower:
        await follower.connected()
        assert follower.task is not None
        follower.task.cancel()
        for _ in range(200):
            posted = [str(follower.server.post(content)["id"]) for _ in range(2)]
            await asyncio.sleep(1.0)
        held_bytes = 0
        async for item in follower.feed:
            follower.items.append(item)
            held_bytes = max(held_bytes, _bytes_held(follower.feed))
            if isinstance(item, Event):
                await asyncio.sleep(60.0)
            if posted[-1] in follower.ids:
                break
        assert len(follower.ids) == len(set(follower.ids)) == 400
        assert held_bytes <= 2_000_000, "of eight million bytes"
        reasons = {item.reason for item in follower.of(Disconnected)}
        assert "silent" not in reasons, "it is the consumer who does not listen"


def _bytes_held(feed: AsyncFeed[Item]) -> int:
    following = feed._following
    assert following is not None
    items = (*following._inbox._items, *following.handover._left)
    return sum(len(item.raw) for item in items if isinstance(item, Event))


def _refused(transport: str, kind: FaultKind = "status") -> Fault:
    return Fault(kind, status=404, count=1000, transport=transport)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("faults", "used"),
    [
        ((), "sse"),
        ((_refused("sse"),), "websocket"),
        ((_refused("sse"), _refused("websocket")), "polling"),
        ((_refused("sse", "buffering"),), "websocket"),
        ((_refused("sse", "html"), _refused("websocket", "html")), "polling"),
    ],
)
@on_virtual_clock
async def test_one_stream_goes_over_the_first_transport_that_is_offered(
    faults: tuple[Fault, ...], used: str
) -> None:
    async with following(faults=faults) as follower:
        await follower.connected()
        (connected,) = follower.of(Connected)
        assert connected.transport == used
        status = follower.server.post()
        await asyncio.sleep(60.0)
        assert follower.ids == [status["id"]]


@on_virtual_clock
async def test_several_streams_go_over_event_streams_where_no_websocket_is_offered() -> None:
    async with following("public", "hashtag:python", faults=(_refused("websocket"),)) as follower:
        await follower.connected()
        assert [one.transport for one in follower.of(Connected)] == ["sse", "sse"]
        follower.server.post(tags=["python"])
        await asyncio.sleep(10.0)
        assert len(follower.ids) == 2


@on_virtual_clock
async def test_retries_are_counted_and_the_last_one_ends_it() -> None:
    async with following(max_retries=3) as follower:
        await follower.connected()
        await follower.server.stop()
        error = await ending_of(follower)
        assert isinstance(error, GaveUp)
        assert "3 retries" in str(error)
        assert len(follower.of(Disconnected)) == 3
        await follower.server.start()


@on_virtual_clock
async def test_no_retry_may_be_wanted() -> None:
    async with following(max_retries=0) as follower:
        await follower.connected()
        follower.server.cut_connections()
        assert isinstance(await ending_of(follower), GaveUp)
        assert not follower.of(Disconnected)


@on_virtual_clock
async def test_patience_is_counted_in_seconds_without_a_connection() -> None:
    async with following(give_up_after_seconds=600.0) as follower:
        await follower.connected()
        await follower.server.stop()
        down_at = loop_time()
        assert isinstance(await ending_of(follower), GaveUp)
        assert 600.0 <= loop_time() - down_at <= 600.0 + 75.0
        await follower.server.start()


@on_virtual_clock
async def test_a_server_that_is_away_for_a_day_is_waited_for_without_haste() -> None:
    async with following() as follower:
        await follower.connected()
        restarting = asyncio.ensure_future(follower.server.restart(downtime_seconds=86_400.0))
        await asyncio.sleep(3600.0)
        status = follower.server.post()
        await restarting
        await asyncio.sleep(120.0)
        assert follower.ids == [status["id"]]
        assert 1_400 < len(follower.of(Disconnected)) < 6_000


@on_virtual_clock
async def test_each_event_of_a_shared_socket_says_which_stream_it_is_of() -> None:
    async with following("public", "public:local", "hashtag:Café", "user") as follower:
        await follower.connected()
        status_id = str(follower.server.post(tags=["cafe"], local=False)["id"])
        await asyncio.sleep(1.0)
        follower.server.delete(status_id)
        await asyncio.sleep(1.0)
        for told in (follower.of(Update), follower.of(Delete)):
            assert {item.status_id for item in told} == {status_id}
            assert {str(item.stream) for item in told} == {"public", "hashtag:Café", "user"}


@on_virtual_clock
async def test_two_spellings_of_a_tag_both_get_what_the_server_sends_once() -> None:
    async with following("hashtag:Python", "hashtag:python") as follower:
        await follower.connected()
        follower.server.post(tags=["PYTHON"])
        await asyncio.sleep(1.0)
        streams = sorted(str(item.stream) for item in follower.of(Update))
        assert streams == ["hashtag:Python", "hashtag:python"]


@both_transports
@pytest.mark.parametrize("turns", range(8))
@on_virtual_clock
async def test_closing_at_the_moment_a_connection_ends_does_end(
    transport: TransportChoice, turns: int
) -> None:
    async with following(transport=transport) as follower:
        await follower.connected()
        follower.server.cut_connections()
        for _ in range(turns):
            await asyncio.sleep(0)
        async with asyncio.timeout(30.0):
            await follower.feed.close()


@on_virtual_clock
async def test_a_timeline_that_never_rests_is_read_to_what_was_newest_and_no_further() -> None:
    """With a new post before each answer of REST, reading to an empty page would never end."""
    book = _Guestbook()

    def prepare(world: World) -> None:
        world.people.tokens = book

    async with following(prepare=prepare) as follower:
        await follower.connected()
        posted = [str(follower.server.post()["id"])]
        book.on_visit = lambda: posted.append(str(follower.server.post()["id"]))
        follower.server.cut_connections()
        await asyncio.sleep(60.0)
        book.on_visit = None
        await asyncio.sleep(1.0)
        (gap,) = follower.of(Gap)
        assert gap.complete
        assert sorted(follower.ids) == sorted(posted)
        assert len(posted) < 20


def test_rest_that_is_away_longer_than_the_stream_is_asked_again_until_it_answers() -> None:
    away = Strike(Fault("rest_status", status=502, count=40))
    story: list[Step] = [Post(3), Pause(1.0), away, Cut(), Post(2), Pause(1200.0)]
    setting = Setting(options=StreamOptions(signals=True))
    evidence = play(story, setting)
    assert breaches(evidence, setting) == []
    assert [gap.complete for gap in gaps_of(evidence)] == [True]


def test_posts_that_a_lagging_rest_does_not_show_yet_are_not_taken_for_deleted() -> None:
    story: list[Step] = [Post(3), Cut(), Pause(30.0), Post(2), Cut(), Pause(600.0)]
    setting = Setting(options=StreamOptions(signals=True), rest_lag_seconds=40.0)
    evidence = play(story, setting)
    assert breaches(evidence, setting) == []


@pytest.mark.parametrize("deleted", [1, 3])
@on_virtual_clock
async def test_posts_that_are_gone_hold_no_gap_open(deleted: int) -> None:
    """REST will never show them, however long one waits for it."""
    async with following() as follower:
        await follower.connected()
        ids = [str(follower.server.post()["id"]) for _ in range(3)]
        await asyncio.sleep(1.0)
        follower.server.cut_connections()
        for status_id in ids[-deleted:]:
            follower.server.delete(status_id)
        await asyncio.sleep(10.0)
        assert [gap.complete for gap in follower.of(Gap)] == [True]
        assert sorted(one.status_id for one in follower.of(Delete)) == ids[-deleted:]


@on_virtual_clock
async def test_a_deletion_that_is_told_while_rest_lags_holds_no_gap_open() -> None:
    async with following() as follower:
        await follower.connected()
        follower.server.post()
        follower.server.world.archive.lag_seconds = 25.0
        last = str(follower.server.post()["id"])
        await asyncio.sleep(1.0)
        follower.server.cut_connections()
        await asyncio.sleep(8.0)
        assert follower.of(Gap) == [], "REST does not show the last post yet"
        follower.server.delete(last)
        await asyncio.sleep(7.0)
        assert [gap.complete for gap in follower.of(Gap)] == [True]
        assert [one.status_id for one in follower.of(Delete)] == [last]


def test_posts_that_came_live_a_moment_ago_are_not_taken_for_deleted_by_a_lagging_rest() -> None:
    steady: list[Step] = [Post(1), Pause(0.7)]
    story: list[Step] = [*steady * 5, Cut(), *steady * 40, Pause(60.0)]
    setting = Setting(options=StreamOptions(signals=True), rest_lag_seconds=3.0)
    assert breaches(play(story, setting), setting) == []


@on_virtual_clock
async def test_changes_that_a_lagging_rest_does_not_show_at_first_are_found() -> None:
    async with following() as follower:
        await follower.connected()
        follower.server.cut_connections()
        gone, changed = (str(follower.server.post()["id"]) for _ in range(2))
        follower.server.world.archive.lag_seconds = 3.0
        follower.server.delete(gone)
        follower.server.edit(changed, content="<p>Changed</p>")
        await asyncio.sleep(120.0)
        assert follower.ids == [gone, changed], "REST showed both as they were"
        assert [item.status_id for item in follower.of(Delete)] == [gone]
        assert [item.status_id for item in follower.of(Edit)] == [changed]
        assert [gap.complete for gap in follower.of(Gap)] == [True]


@on_virtual_clock
async def test_silence_is_not_asked_about_while_live_events_wait_for_a_gap_to_be_fetched() -> None:
    async with following("user", "public", silence_probe_seconds=2.0, settle_seconds=0.5) as one:
        await one.connected()
        feeds_made_anew = one.server.world.archive.regenerating
        feeds_made_anew.add("user:1")
        one.server.cut_connections()
        await asyncio.sleep(5.0)
        posted = str(one.server.post()["id"])
        await asyncio.sleep(8.0)
        assert one.ids == [], "The gap of the home feed is still being fetched."
        feeds_made_anew.clear()
        await asyncio.sleep(120.0)
        assert one.ids == [posted] * 2
        assert [ending.reason for ending in one.of(Disconnected)] == ["cut"]


@on_virtual_clock
async def test_silence_is_not_asked_about_while_a_gap_is_looked_at_once_more() -> None:
    async with following(silence_probe_seconds=1.0) as follower:
        await follower.connected()
        gone = str(follower.server.post()["id"])
        await asyncio.sleep(90.0)
        follower.server.cut_connections()
        follower.server.delete(gone)
        await asyncio.sleep(30.0)
        assert [one.status_id for one in follower.of(Delete)] == [gone]
        assert [one.reason for one in follower.of(Disconnected)] == ["cut"]


@pytest.mark.parametrize("change", ["delete", "edit", "late"])
@on_virtual_clock
async def test_a_change_that_a_silent_connection_does_not_tell_is_noticed(change: str) -> None:
    async with following(faults=(Fault("silent", after_events=3),)) as follower:
        await follower.connected()
        _, status_id, _ = (str(follower.server.post()["id"]) for _ in range(3))
        await asyncio.sleep(1.0)
        if change == "delete":
            follower.server.delete(status_id)
        elif change == "edit":
            follower.server.edit(status_id, content="<p>Changed</p>")
        else:
            follower.server.post(late_seconds=60.0)
        await asyncio.sleep(700.0)
        told = len(follower.ids), len(follower.of(Edit)), len(follower.of(Delete))
        assert told == {"delete": (3, 0, 1), "edit": (3, 1, 0), "late": (4, 0, 0)}[change]


@pytest.mark.parametrize("times", [1, 2, 3, 12, 1000])
def test_rest_that_answers_with_something_else_is_asked_again_and_then_named(times: int) -> None:
    nonsense = Strike(Fault("rest_status", status=200, count=times))
    story: list[Step] = [Post(3), Pause(1.0), nonsense, Cut(), Post(2), Pause(4000.0)]
    setting = Setting(options=StreamOptions(signals=True))
    evidence = play(story, setting)
    assert breaches(evidence, setting) == []
    assert [gap.complete for gap in gaps_of(evidence)] == [times < 1000]


@on_virtual_clock
async def test_rest_that_answers_with_something_else_at_first_does_not_keep_us_from_following() -> (
    None
):
    async with following(faults=(Fault("rest_status", status=200, count=1000),)) as follower:
        await follower.connected()
        status_id = str(follower.server.post()["id"])
        await asyncio.sleep(1.0)
        assert follower.ids == [status_id]


@both_transports
@on_virtual_clock
async def test_a_gap_begins_where_we_had_read_everything_however_far_behind_we_were(
    transport: TransportChoice,
) -> None:
    """What waits in buffers when a connection is reset was published long before that."""
    options: StreamKeywords = {"transport": transport, "buffer_bytes": 300_000, "catch_up": False}
    async with following(**options) as follower:
        await follower.connected()
        assert follower.task is not None
        follower.task.cancel()
        world = follower.server.world
        for _ in range(200):
            follower.server.post("x" * 100_000)
            await asyncio.sleep(1.0)
        async for item in follower.feed:
            follower.items.append(item)
            if isinstance(item, Update):
                await asyncio.sleep(1.0)
            if len(follower.ids) == 40:
                follower.server.cut_connections(reset=True)
            if isinstance(item, Gap):
                break
        (gap,) = follower.of(Gap)
        assert gap.since is not None
        published_at = {one.identifier: one.published_at for one in world.log}
        missing = set(published_at) - set(follower.ids)
        assert missing, "or there is nothing to be named"
        assert gap.since.timestamp() <= min(published_at[one] for one in missing)
        assert gap.missing >= {"update"}
