"""Servers are recognised by what they say of themselves, and each by its own words."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.policy.flavour import FLAVOURS, Flavour, detect, is_telling


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("4.3.0", "mastodon"),
        ("4.7.0-alpha.2+pr-39999-68e5caf", "mastodon"),
        ("4.5.0-nightly.2026-11-24", "mastodon"),
        ("4.4.0+glitch", "glitch-soc"),
        ("4.1.5+glitch_0801_3b49b5a", "glitch-soc"),
        ("4.0.15+hometown-1.1.1", "hometown"),
        ("0.17.0+git-fdff42b", "gotosocial"),
        ("0.17.0+git GoToSocial", "gotosocial"),
        ("0.20.0", "gotosocial"),
        ("0.21.0-rc1", "gotosocial"),
        ("2.7.2 (compatible; Akkoma 3.13.2)", "akkoma"),
        ("2.7.2 (compatible; Akkoma 3.10.3-202-g1b838627-1-CI-COMMIT-TAG---)", "akkoma"),
        ("2.7.2 (compatible; Pleroma 2.6.52-725-g987f44d8-2-6-2)", "pleroma"),
        ("4.2.1 (compatible; Iceshrimp.NET/2024.1-beta2.security3+e1d25a9231)", "iceshrimp.net"),
        ("4.2.1 (compatible; Iceshrimp 2023.12-pre3)", "iceshrimp-js"),
        ("3.0.0 (compatible; Sharkey 2025.2.2; like Akkoma)", "sharkey"),
        ("3.0.0 (compatible; Sharkey 2024.3.3)", "sharkey"),
        ("2024.5.0 (Misskey)", "misskey"),
        ("2.8.0 (compatible; Friendica 2024.03)", "friendica"),
        ("3.5.3 (compatible; Pixelfed 0.12.7)", "pixelfed"),
        ("takahe/0.9.0", "takahe"),
        ("4.0.0 (compatible; Mitra 2.18.0)", "mitra"),
        ("", "mastodon"),
        (None, "mastodon"),
        ("something quite different", "mastodon"),
        ("0.0.0 (compatible; Something 7)", "mastodon"),
    ],
)
def test_a_version_names_the_software(version: str | None, name: str) -> None:
    assert detect(version).name == name


@pytest.mark.parametrize(
    ("software", "name"),
    [
        ("hometown", "hometown"),
        ("gotosocial", "gotosocial"),
        ("Akkoma", "akkoma"),
        ("pleroma", "pleroma"),
        ("Iceshrimp.NET", "iceshrimp.net"),
        ("iceshrimp", "iceshrimp-js"),
        ("sharkey", "sharkey"),
        ("misskey", "misskey"),
        ("friendica", "friendica"),
        ("pixelfed", "pixelfed"),
        ("takahe", "takahe"),
        ("mitra", "mitra"),
    ],
)
def test_the_name_of_the_software_is_the_surer_sign(software: str, name: str) -> None:
    assert detect("1.0.0", software).name == name
    assert detect("2.7.2 (compatible; Pleroma 2.6; like Sharkey)", software).name == name


@pytest.mark.parametrize(
    ("version", "telling"),
    [
        ("4.4.0", True),
        ("3.5.3", True),
        ("4.5.0-nightly.2026-01-01", True),
        ("0.20.0", True),
        ("2.7.2 (compatible; Akkoma 3.13.2)", True),
        ("1.2.0+git-fdff42b", False),
        ("4.0.0 (compatible; Something 7)", False),
        ("12.1.0", False),
        ("", False),
    ],
)
def test_a_version_that_could_be_of_any_software_is_known(version: str, *, telling: bool) -> None:
    assert is_telling(version) is telling


def test_a_fork_that_nodeinfo_calls_mastodon_is_known_by_its_version() -> None:
    assert detect("4.4.0+glitch", "mastodon").name == "glitch-soc"
    assert detect("4.4.0", "mastodon").name == "mastodon"
    assert detect("0.1.0", "mastodon").name == "mastodon"


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        ("4.3.0", True),
        ("4.3.0-beta.1", True),
        ("4.10.2", True),
        ("5.0.0", True),
        ("v4.3.0", True),
        ("4.4.0+glitch", True),
        ("4.3.1+hometown-1.2.0", True),
        ("4.2.29", False),
        ("4.0.15+hometown-1.1.1", False),
        ("", False),
        ("9.9.9 (compatible; Akkoma 9)", False),
        ("4.3.0 (compatible; Mitra 2.18.0)", False),
    ],
)
def test_many_posts_at_once_can_be_asked_of_mastodon_since_4_3(version: str, has_it: bool) -> None:
    assert detect(version).statuses_by_id is has_it


def test_only_servers_of_mastodons_kin_have_an_event_stream() -> None:
    with_event_stream = {name for name, flavour in FLAVOURS.items() if flavour.sse}
    assert with_event_stream == {"mastodon", "glitch-soc", "hometown"}


def test_gotosocial_and_akkoma_take_one_stream_on_each_socket() -> None:
    one_stream = {name for name, it in FLAVOURS.items() if it.websocket == "one-stream"}
    assert one_stream == {"gotosocial", "akkoma"}


def test_a_server_without_any_streaming_is_followed_by_polling() -> None:
    polled = {name for name, flavour in FLAVOURS.items() if not flavour.streams}
    assert polled == {"sharkey", "misskey", "friendica", "pixelfed", "takahe", "mitra"}


def test_the_token_goes_into_an_address_only_as_the_last_resort() -> None:
    for flavour in FLAVOURS.values():
        assert flavour.auth[-1] == "query"
        assert len(set(flavour.auth)) == len(flavour.auth)


@pytest.mark.parametrize("name", ["akkoma", "pleroma", "iceshrimp.net", "iceshrimp-js"])
def test_some_servers_refuse_the_header(name: str) -> None:
    assert "header" not in FLAVOURS[name].auth


def test_only_snowflakes_and_ulids_can_be_read_as_times() -> None:
    timed = {name: it.ids for name, it in FLAVOURS.items() if it.ids != "opaque"}
    assert timed == {
        "mastodon": "snowflake",
        "glitch-soc": "snowflake",
        "hometown": "snowflake",
        "gotosocial": "ulid",
    }


def test_the_quirks_of_gotosocial_are_known() -> None:
    gotosocial = FLAVOURS["gotosocial"]
    assert gotosocial.list_in_one_word
    assert "hashtag" in gotosocial.streams_without_posts
    assert "list" in gotosocial.streams_without_deletes


def test_akkoma_wants_pings_in_words() -> None:
    assert [name for name, it in FLAVOURS.items() if it.sends_text_pings] == ["akkoma"]


def test_a_flavour_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FLAVOURS["mastodon"].sse = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        FLAVOURS["mastodon"] = Flavour("other")  # type: ignore[index]


@given(st.text(max_size=60), st.none() | st.text(max_size=30))
def test_whatever_a_server_says_it_has_a_flavour(version: str, software: str | None) -> None:
    flavour = detect(version, software)
    assert dataclasses.replace(flavour, statuses_by_id=False) == FLAVOURS[flavour.name]
