"""Which streams fall silent because an instance has turned their feeds off."""

from __future__ import annotations

import pytest

from trunkline.policy.access import disabled_streams

ALL = frozenset(
    {
        "public",
        "public:media",
        "public:local",
        "public:local:media",
        "public:remote",
        "public:remote:media",
    }
)


@pytest.mark.parametrize(
    ("access", "disabled"),
    [
        ({"live_feeds": {"local": "public", "remote": "authenticated"}}, set()),
        (
            {"live_feeds": {"local": "disabled", "remote": "public"}},
            {"public:local", "public:local:media"},
        ),
        (
            {"live_feeds": {"local": "public", "remote": "disabled"}},
            {"public:remote", "public:remote:media"},
        ),
        ({"live_feeds": {"local": "disabled", "remote": "disabled"}}, ALL),
        ({"hashtag_feeds": {"local": "disabled", "remote": "public"}}, {"hashtag:local"}),
        (
            {"hashtag_feeds": {"local": "disabled", "remote": "disabled"}},
            {"hashtag", "hashtag:local"},
        ),
        ({"live_feeds": "disabled"}, set()),
        ({"live_feeds": {"local": ["disabled"]}}, set()),
        (None, set()),
        ([], set()),
    ],
)
def test_a_stream_is_silent_where_all_its_feeds_are_turned_off(
    access: object, disabled: set[str]
) -> None:
    assert disabled_streams(access) == disabled
