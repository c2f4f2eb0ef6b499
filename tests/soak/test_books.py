"""The books of a soak find what is wrong."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tests.sinks.builders import SERVER, batch, gap, post, update
from tests.soak.books import Balance, balances
from tests.soak.scenario import Soak
from tests.soak.world import Account

from trunkline.events import Update
from trunkline.server.log import LogEntry
from trunkline.signals import Gap
from trunkline.sinks import open_sink
from trunkline.streams import Stream

_PUBLIC = (Stream.public(),)


def test_a_server_whose_events_are_all_recorded_once_and_soon_is_healthy(tmp_path: Path) -> None:
    events = _posts()
    balance = _balance(tmp_path, told=events, recorded=events)
    assert balance.breaches == []
    assert (balance.published, balance.recorded) == (3, 3)
    assert max(balance.lags) < 0.01


def test_an_event_that_is_missing_or_comes_twice_is_found(tmp_path: Path) -> None:
    first, second, third = _posts()
    balance = _balance(tmp_path, told=[first, second, third], recorded=[first, first, third])
    assert (balance.missing, balance.extra) == (1, 1)
    assert len(balance.breaches) == 2


def test_a_gap_of_a_healthy_server_is_found(tmp_path: Path) -> None:
    events = _posts()
    balance = _balance(tmp_path, told=events, recorded=events, gaps=[gap()])
    assert balance.gaps == len(balance.breaches) == 1


def test_a_lag_of_a_second_is_found(tmp_path: Path) -> None:
    events = _posts()
    balance = _balance(tmp_path, told=events, recorded=events, lag_seconds=1.0)
    assert len(balance.breaches) == 1


def test_what_a_server_that_misbehaves_lost_must_lie_in_a_gap_that_names_it(tmp_path: Path) -> None:
    first, _, third = events = _posts()
    named = gap(
        since=first.received_at,
        until=third.received_at,
        complete=False,
        missing=frozenset({"update"}),
    )
    soak = Soak(servers=1, misbehaving=1, streams=_PUBLIC)
    kept = _balance(tmp_path, told=events, recorded=[first, third], gaps=[named], soak=soak)
    assert (kept.named, kept.missing, kept.breaches) == (1, 0, [])
    early = gap(
        since=first.received_at - timedelta(seconds=9),
        until=first.received_at,
        complete=False,
        missing=frozenset({"update"}),
    )
    (tmp_path / "other").mkdir()
    broken = _balance(
        tmp_path / "other", told=events, recorded=[first, third], gaps=[early], soak=soak
    )
    assert (broken.named, broken.missing, len(broken.breaches)) == (0, 1, 1)


def test_a_notification_that_went_with_its_post_may_be_missing_only_within_a_gap(
    tmp_path: Path,
) -> None:
    first, second, third = events = _posts()
    entry = LogEntry(
        event="notification",
        identifier="7",
        channels=("public",),
        edited_at=None,
        published_at=second.received_at.timestamp(),
    )
    soak = Soak(servers=1, misbehaving=1, streams=_PUBLIC)
    within = gap(since=first.received_at, until=third.received_at)
    kept = _balance(tmp_path, told=events, recorded=events, more=[entry], gaps=[within], soak=soak)
    assert (kept.vanished, kept.breaches) == (1, [])
    (tmp_path / "other").mkdir()
    broken = _balance(tmp_path / "other", told=events, recorded=events, more=[entry], soak=soak)
    assert (broken.vanished, len(broken.breaches)) == (1, 1)


def _posts() -> list[Update]:
    return [update(post(str(number))) for number in (100, 101, 102)]


def _balance(
    folder: Path,
    *,
    told: Sequence[Update],
    recorded: Sequence[Update],
    more: Sequence[LogEntry] = (),
    gaps: Sequence[Gap] = (),
    lag_seconds: float = 0.0,
    soak: Soak | None = None,
) -> Balance:
    """Record some events and gaps, and compare them with what a server says of itself."""
    recording = f"sqlite:{folder / 'toots.db'}"
    with closing(open_sink(recording)) as sink:
        sink.write(batch(*recorded, gaps=gaps))
    log = [
        LogEntry(
            event="update",
            identifier=event.status_id,
            channels=("public", "public:local"),
            edited_at=None,
            published_at=event.received_at.timestamp() - lag_seconds,
        )
        for event in told
    ]
    account = Account(
        url=SERVER, log=[*log, *more], withdrawn=frozenset({"7"}), struck=Counter(reset=1)
    )
    chosen = soak or Soak(servers=1, misbehaving=0, streams=_PUBLIC)
    (balance,) = balances(chosen, [account], recording)
    return balance
