from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trunkline.server.ids import FlakeIds, SnowflakeIds, UlidIds, id_key
from trunkline.server.timelines import PageRequest, Timeline

numbers = st.integers(0, 120)
bounds = st.none() | numbers.map(str)


def timeline(ids: list[int]) -> Timeline:
    made = Timeline()
    for one in ids:
        made.add(str(one))
    return made


def naive(
    ids: list[int], *, limit: int, max_id: str | None, min_id: str | None, since_id: str | None
) -> list[str]:
    """The definition: everything between the bounds, then the page at the right end of it."""
    lower = min_id or since_id
    found = [
        str(one)
        for one in sorted(set(ids))
        if (lower is None or one > int(lower)) and (max_id is None or one < int(max_id))
    ]
    page = found[:limit] if min_id is not None else found[max(len(found) - limit, 0) :]
    return page[::-1]


@given(st.lists(numbers, max_size=60), st.integers(0, 20), bounds, bounds, bounds)
def test_a_page_is_what_its_bounds_say(
    ids: list[int], limit: int, max_id: str | None, min_id: str | None, since_id: str | None
) -> None:
    request = PageRequest(limit=limit, max_id=max_id, min_id=min_id, since_id=since_id)
    expected = naive(ids, limit=limit, max_id=max_id, min_id=min_id, since_id=since_id)
    assert timeline(ids).page(request) == expected


@given(st.lists(numbers, unique=True, max_size=60), st.integers(1, 7))
def test_paging_upward_by_min_id_visits_everything_once(ids: list[int], limit: int) -> None:
    made, seen, cursor = timeline(ids), list[str](), "0"
    while page := made.page(PageRequest(limit=limit, min_id=cursor)):
        seen += page[::-1]
        cursor = page[0]
    assert seen == [str(one) for one in sorted(ids) if one > 0]


@given(st.lists(numbers, max_size=40), st.lists(numbers, max_size=40))
def test_what_was_discarded_is_gone_and_the_rest_stays(ids: list[int], gone: list[int]) -> None:
    made = timeline(ids)
    for one in gone:
        made.discard(str(one))
    kept = sorted(set(ids) - set(gone), key=lambda one: id_key(str(one)))
    assert list(made) == [str(one) for one in kept]


def test_a_full_feed_forgets_its_oldest() -> None:
    feed = Timeline(capacity=3)
    for one in (5, 3, 9, 7, 1):
        feed.add(str(one))
    assert list(feed) == ["5", "7", "9"]


@given(st.lists(st.integers(10**12, 2 * 10**12), min_size=2, max_size=20))
def test_ids_of_every_kind_sort_by_their_time(moments: list[int]) -> None:
    for ids in (SnowflakeIds(), UlidIds(), FlakeIds()):
        made = [(moment, id_key(ids.next(moment))) for moment in moments]
        assert len({key for _, key in made}) == len(made)
        assert sorted(made) == sorted(made, key=lambda one: one[1])
