"""Which transports are tried for which streams, in which order."""

from __future__ import annotations

import pytest

from trunkline.options import TransportChoice
from trunkline.plan import Plan, plans
from trunkline.policy.flavour import FLAVOURS
from trunkline.streams import Stream

USER, PUBLIC, TAG = Stream.user(), Stream.public(), Stream.hashtag("python")


def planned(
    *streams: Stream,
    flavour: str = "mastodon",
    choice: TransportChoice = "auto",
    streaming: bool = True,
) -> list[Plan]:
    return plans(choice, streams, flavour=FLAVOURS[flavour], streaming=streaming)


def test_one_stream_goes_over_an_event_stream_and_several_share_a_websocket() -> None:
    assert planned(USER) == [Plan([USER], ("sse", "websocket", "polling"))]
    assert planned(USER, TAG) == [Plan([USER, TAG], ("websocket", "sse", "polling"))]


@pytest.mark.parametrize("flavour", ["gotosocial", "mastodon"])
def test_a_transport_that_was_chosen_stands_alone(flavour: str) -> None:
    assert planned(USER, TAG, flavour=flavour, choice="websocket") == [
        Plan((USER, TAG), ("websocket",))
    ]


def test_only_streams_that_stay_silent_are_polled() -> None:
    assert planned(PUBLIC, TAG, USER, flavour="gotosocial") == [
        Plan([PUBLIC, USER], ("websocket", "polling")),
        Plan([TAG], ("polling",)),
    ]
    assert planned(TAG, flavour="gotosocial") == [Plan([TAG], ("polling",))]


def test_a_server_that_does_not_stream_is_polled() -> None:
    assert planned(USER, TAG, flavour="pixelfed") == [Plan([USER, TAG], ("polling",))]
    assert planned(USER, TAG, streaming=False) == [Plan([USER, TAG], ("polling",))]
