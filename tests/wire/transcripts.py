"""What came through a socket, taken apart by hand: HTTP head, chunks, WebSocket frames.

Independent of the library: the bytes of a transcript must not be read by what they are to prove.
"""

from typing import NamedTuple

TEXT = 0x81
PING = 0x89
PONG = 0x8A
CLOSE = 0x88


class Answer(NamedTuple):
    """An HTTP answer, its chunks joined; `ended` tells whether the last, empty chunk came."""

    status: int
    headers: dict[str, str]
    body: bytes
    ended: bool


def read_answer(transcript: bytes) -> Answer:
    head, _, body = transcript.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    ended = False
    if headers.get("transfer-encoding") == "chunked":
        body, ended = dechunk(body)
    return Answer(int(status_line.split()[1]), headers, body, ended)


def dechunk(body: bytes) -> tuple[bytes, bool]:
    """Return the content of the chunks up to the last one or up to where they were cut off."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        if not int(size, 16):
            return content, True
        content += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return content, False


def read_frames(body: bytes) -> list[tuple[int, bytes]]:
    """Return first byte and payload of every whole frame of a server, which masks none."""
    frames = []
    while len(body) >= 2:
        length, start = body[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            length = int.from_bytes(body[2:start])
        if len(body) < start + length:
            break
        frames.append((body[0], body[start : start + length]))
        body = body[start + length :]
    return frames


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def frame(first_byte: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        length = bytes([len(payload)])
    elif len(payload) < 1 << 16:
        length = b"\x7e" + len(payload).to_bytes(2)
    else:
        length = b"\x7f" + len(payload).to_bytes(8)
    return bytes([first_byte]) + length + payload
