"""Replays what a real server was recorded to answer, where recordings lie beside the checkout."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path

import msgspec
import pytest

from trunkline.server import Server, World
from trunkline.server.hub import Publication
from trunkline.wire.sse import EventStreamParser, Frame

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
OURS = re.compile(rb"(X-Powered-By|X-Request-Id|Date): [^\r]*\r\n")
LINE = re.compile(r"^\s*[\d.]+ ([<>!]) (.*)$")
REPLAYED = re.compile(
    "accept_|auth_|connection_close_sse|cors_get_with_origin|double_slash_path|err_|health"
    "|last_event_id|ok_scope_|ws_(any_path|auth_|bad_version|binary_frame|client_close|err_|errors_"
    "|invalid_utf8|missing_key|origin|path_with|permessage|query_stream_|reserved|scope_"
    "|trailing_slash|unmasked|upgrade_)"
)
OTHER_THINGS_HERE = {"err_site_root", "err_other_api"}
CHANNELS = {
    "user": "user:4",
    "user/notification": "user:4:notification",
    "direct": "direct:4",
    "list": "list:7",
    "hashtag?tag=%23Caf%C3%A9%20%EF%BC%B0y": "hashtag:cafepy",
}


def cases() -> list[str]:
    names = sorted(path.stem for path in CORPUS.glob("*.txt"))
    return [name for name in names if REPLAYED.match(name) and name not in OTHER_THINGS_HERE]


def rig() -> World:
    world = World()
    people = world.people
    alice = people.add_user("rig_alice").account_id
    bob = people.add_user("rig_bob").account_id
    assert alice == "4"
    for value, scope in (
        ("read", "read"),
        ("kill", "read"),
        ("write", "write"),
        ("notifications", "read:notifications"),
    ):
        people.add_token(f"rig-alice-{value}", account_id=alice, scopes=[scope])
    people.add_token("rig-bob-statuses", account_id=bob, scopes=["read:statuses"])
    people.add_token("rig-bob-read", account_id=bob)
    people.add_token("rig-app-token", app=True)
    people.add_token("rig-dave-disabled", account_id=bob, disabled=True)
    for number in range(2, 9):
        people.add_list(f"list {number}", owner_id=bob if number == 8 else alice)
    return world


async def read_until(reader: asyncio.StreamReader, expected: bytes, got: bytes) -> bytes:
    """Read until as much came as was recorded, the fields that always differ left out."""
    async with asyncio.timeout(5):
        while len(OURS.sub(b"", got)) < len(OURS.sub(b"", expected)):
            data = await reader.read(65536)
            if not data:
                break
            got += data
    return got


@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings beside the checkout")
@pytest.mark.parametrize("name", cases())
async def test_the_answer_is_the_recorded_one(name: str) -> None:
    lines = [LINE.match(line) for line in (CORPUS / f"{name}.txt").read_text().splitlines()]
    expected = got = b""
    async with Server(rig()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for line in filter(None, lines):
            kind, text = line.groups()
            if kind == ">":
                writer.write(ast.literal_eval(text))
            elif kind == "<":
                expected += ast.literal_eval(text)
                got = await read_until(reader, expected, got)
            elif "err_then_keepalive" not in name and "half_close" not in name:
                assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert OURS.sub(b"", got) == OURS.sub(b"", expected)


def dechunk(body: bytes) -> bytes:
    parts: list[bytes] = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        body = body[length + 2 :]
    return b"".join(parts)


def recorded_events(body: bytes) -> list[Frame]:
    parser = EventStreamParser()
    return [item for item in parser.feed(dechunk(body)) if isinstance(item, Frame)]


def streams() -> list[str]:
    return sorted(path.stem for path in CORPUS.glob("sse_stream_*.bin"))


@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings beside the checkout")
@pytest.mark.parametrize("name", streams())
async def test_the_events_are_the_recorded_bytes(name: str) -> None:
    request = (CORPUS / f"{name}.txt").read_text().split(" > b", 1)[1].splitlines()[0]
    sent: bytes = ast.literal_eval("b" + request)
    path = sent.split(b"/api/v1/streaming/", 1)[1].split(b" ", 1)[0].decode()
    recorded = (CORPUS / f"{name}.bin").read_bytes()
    body = recorded.split(b"\r\n\r\n", 1)[1]
    async with Server(rig()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        await server.wait_for_subscribers(1)
        for event in recorded_events(body):
            channel = CHANNELS.get(path) or channel_of(path)
            server.hub.deliver(Publication(event.event, event.data or b"", (channel,)))
        got = await read_until(reader, recorded, b"")
        writer.close()
    assert OURS.sub(b"", got) == OURS.sub(b"", recorded)


def channel_of(path: str) -> str:
    name, _, query = path.partition("?")
    media = ":media" if "only_media=" in query and "false" not in query else ""
    if name.startswith("hashtag"):
        tag = re.sub(r"\W", "", query.partition("tag=")[2].replace("%23", "")).lower()
        return f"hashtag:{tag}{':local' if name.endswith('local') else ''}"
    if name.startswith("list"):
        return "list:7"
    return name.replace("/", ":") + media


@pytest.mark.skipif(not CORPUS.exists(), reason="no recordings beside the checkout")
async def test_the_frames_of_a_websocket_are_the_recorded_bytes() -> None:
    text = (CORPUS / "ws_events_user.txt").read_text()
    sent: bytes = ast.literal_eval("b" + text.split(" > b", 1)[1].splitlines()[0])
    recorded = (CORPUS / "ws_events_user.bin").read_bytes()
    frames = recorded.split(b"\r\n\r\n", 1)[1].replace(b"\x89\x00", b"")
    async with Server(rig()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(sent)
        await server.wait_for_subscribers(1)
        await reader.readuntil(b"\r\n\r\n")
        expected = publish_recorded(server, frames)
        got = await asyncio.wait_for(reader.readexactly(len(expected)), 5)
        writer.close()
    assert got == expected


def publish_recorded(server: Server, frames: bytes) -> bytes:
    """Publish again what `frames` carry, as far as an event has a name and whole text."""
    replayed = b""
    while frames:
        size, start = frames[1], 2
        if size == 126:
            size, start = int.from_bytes(frames[2:4], "big"), 4
        one, frames = frames[: start + size], frames[start + size :]
        if b"\\ud83d lone" in one:
            continue
        envelope = msgspec.json.decode(one[start:], type=dict[str, msgspec.Raw])
        if not bytes(envelope["event"]).startswith(b'"'):
            continue
        bare = not bytes(envelope["payload"]).startswith(b'"')
        data = bytes(envelope["payload"])
        if not bare:
            data = msgspec.json.decode(data, type=str).encode()
        event = msgspec.json.decode(envelope["event"], type=str)
        server.hub.deliver(Publication(event, data, ("user:4",), bare=bare))
        replayed += one
    return replayed
