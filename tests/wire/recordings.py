"""The recordings in tests/fixtures, as they are made; `python -m tests.wire.recordings` makes them.

Every one is invented: what servers of several kinds would send, in the shapes that were seen from
real ones. The bytes are kept as files so that a change of this module cannot change them unseen.
"""

import json
from pathlib import Path

from .transcripts import CLOSE, PING, TEXT, chunk, frame

FOLDER = Path(__file__).parents[1] / "fixtures"

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: private, no-store\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
)
PLAIN_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: 3Q2+7w==\r\n\r\n"
)


def post(number: int, content: str = "<p>Good morning</p>", **more: object) -> str:
    account = {"id": "11", "username": "mara", "acct": "mara@fields.example"}
    members = {
        "id": f"1160000000000000{number:02}",
        "created_at": f"2026-10-01T08:00:{number:02}.000Z",
        "content": content,
        "account": account,
    }
    return dumps(members | more)


def dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


ALL_KINDS = (
    ("update", post(1)),
    ("status.update", post(1, "<p>Good evening</p>", edited_at="2026-10-01T18:00:00.000Z")),
    ("delete", "116000000000000001"),
    ("notification", dumps({"id": "5", "type": "favourite", "account": {"id": "11"}})),
    ("conversation", dumps({"id": "3", "unread": True, "accounts": [], "last_status": None})),
    ("filters_changed", "x"),
    ("announcement", dumps({"id": "8", "content": "<p>Moving to a new cellar</p>"})),
    ("announcement.reaction", dumps({"name": "🪴", "count": 2, "announcement_id": "8"})),
    ("announcement.delete", "8"),
    ("notifications_merged", "1"),
    ("encrypted_message", dumps({"id": "2"})),
    ("harvest.begun", dumps({"fields": 3})),
)
ODD_CONTENT = "<p>a\u2028b\u2029c\u0085d \U0001faa1 \\n \x7f</p>"


def event(name: str, payload: str) -> bytes:
    """Return the two chunks in which Mastodon writes an event."""
    return chunk(f"event: {name}\n".encode()) + chunk(f"data: {payload}\n\n".encode())


def message(name: str, payload: object, *stream: str) -> bytes:
    text = dumps({"stream": stream, "event": name, "payload": payload})
    return frame(TEXT, text.encode())


def text(value: object) -> bytes:
    return frame(TEXT, (value if isinstance(value, str) else dumps(value)).encode())


OPENER = chunk(b":)\n")
THUMP = chunk(b":thump\n\n")

RECORDINGS: dict[str, bytes] = {
    "sse_all_kinds": HEAD + OPENER + THUMP.join(event(*kind) for kind in ALL_KINDS),
    "sse_odd_content": (
        HEAD
        + OPENER
        + event("update", post(1, ODD_CONTENT))
        + event("update", '{"id":"2","content":"one\ntwo"}')
        + event("update", '{"id":"3","content":"one\n\ntwo"}')
        + event("update", '{"id":"4","content":"\\ud83d alone"}')
        + event("update", "\ufeff{}")
        + event("update", " " + post(5))
        + event("delete", "01JABCDEFGHJKMNPQRSTVWXYZ0")
    ),
    "sse_thumps_of_4_5": HEAD + OPENER + chunk(b":thump\n") * 3 + event("update", post(1)),
    "sse_cut_in_mid_event": HEAD + OPENER + event(*ALL_KINDS[0]) + event("update", post(2))[:-80],
    "sse_token_killed": HEAD + OPENER + event("delete", "7") + b"0\r\n\r\n",
    "sse_large": HEAD + OPENER + event("update", post(1, "<p>" + "na " * 40_000 + "</p>")),
    "sse_other_hand": (
        PLAIN_HEAD
        + b"\xef\xbb\xbf:connected\r\n\r\nretry:5000\r\nid:9\r\nevent:update\r\ndata:"
        + post(1).encode()
        + b'\r\n\r\nevent:update\r\ndata:{"id":"2",\r\ndata:"content":"x"}\r\n\r\n'
        + b"event:ping\r\n\r\n:\r\n\r\ndata:nameless\r\n\r\n"
    ),
    "ws_all_kinds": (
        UPGRADE
        + frame(PING, b"")
        + b"".join(message(name, payload, "user") for name, payload in ALL_KINDS)
        + message("update", post(1, "<p>" + "na " * 40_000 + "</p>"), "user")
        + frame(CLOSE, b"")
    ),
    "ws_odd_payloads": (
        UPGRADE
        + message("update", post(1, ODD_CONTENT), "user")
        + message("delete", 116000000000000000, "user")
        + message("update", {"id": "2", "content": "not in a string"}, "user")
        + text({"stream": ["user"], "event": "filters_changed"})
        + message("filters_changed", "", "user")
        + text('{"stream":["user"],"event":"update","payload":"\\ud83d alone"}')
        + message("update", '{"id":"4","content":"\\ud83d alone"}', "user")
        + message("update", None, "user")
        + text('{"stream":["user"],"event":5,"payload":"x"}')
    ),
    "ws_several_streams": (
        UPGRADE
        + message("update", post(1), "user")
        + message("update", post(1), "hashtag", "Gärten")
        + message("update", post(1), "list", "7")
        + message("update", post(1), "public:local")
        + message("delete", "116000000000000001", "public:local")
        + text({"error": "Unknown stream type", "status": 400})
        + text({"error": "Not authorized to stream this list", "status": 401})
    ),
    "ws_other_hands": (
        UPGRADE
        + message("update", post(1), "user:A1b2C3")
        + message("update", post(1), "hashtag:garten")
        + message("update", post(1), "list:7")
        + text({"event": "delete", "payload": "9A1b2C"})
        + text("pong")
        + text({"event": "pleroma:respond", "payload": dumps({"result": "success"})})
        + text({"error": "no such stream"})
        + frame(CLOSE, (1001).to_bytes(2) + b"going away")
    ),
}


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, transcript in RECORDINGS.items():
        (FOLDER / f"{name}.bin").write_bytes(transcript)


if __name__ == "__main__":
    write()
