"""Standard output that is never in the way: a slow reader stops the writer and nothing else."""

import asyncio
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.cli.programs import COMMAND, SECONDS, environment

from trunkline.cli.output import Output, OutputError
from trunkline.testing import running_server


class Pipe:
    """A pipe whose ends a test holds."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.stream: BinaryIO = os.fdopen(writing, "wb", buffering=0)

    def hang_up(self) -> None:
        if self.reading >= 0:
            os.close(self.reading)
            self.reading = -1

    def close(self) -> None:
        self.hang_up()
        self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


async def test_a_line_of_any_length_arrives_whole(pipe: Pipe) -> None:
    line = bytes(range(32, 127)) * 10_000 + b"\n"
    received = bytearray()

    def read() -> None:
        while not received.endswith(b"\n"):
            received.extend(os.read(pipe.reading, 7_000))

    reader = threading.Thread(target=read)
    reader.start()
    await Output(pipe.stream).write(line)
    reader.join()
    assert bytes(received) == line


async def test_a_reader_who_rests_stops_the_writer_but_not_the_loop(pipe: Pipe) -> None:
    output, turns = Output(pipe.stream), 0
    writing = asyncio.ensure_future(output.write(b"x" * 1_000_000))
    while turns < 100:
        await asyncio.sleep(0)
        turns += 1
    assert not writing.done()
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert writing.cancelled()


async def test_a_reader_who_left_is_told_to_the_writer(pipe: Pipe) -> None:
    pipe.hang_up()
    with pytest.raises(BrokenPipeError):
        await Output(pipe.stream).write(b"line\n")


async def test_a_reader_who_leaves_ends_the_block_though_nothing_is_written(pipe: Pipe) -> None:
    asyncio.get_running_loop().call_soon(pipe.hang_up)
    with pytest.raises(BrokenPipeError):
        async with Output(pipe.stream).watching_reader():
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_reader_who_leaves_ends_a_write_that_waits(pipe: Pipe) -> None:
    output = Output(pipe.stream)
    writing = asyncio.ensure_future(output.write(b"x" * 1_000_000))
    await asyncio.sleep(0)
    pipe.hang_up()
    with pytest.raises(BrokenPipeError):
        await writing


async def test_a_cancelled_block_stays_cancelled(pipe: Pipe) -> None:
    async def block() -> None:
        async with Output(pipe.stream).watching_reader():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(block())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", b"new\n"), (b"old\n", b"old\nnew\n"), (b'old\n{"to', b'old\n{"to\nnew\n')],
)
async def test_a_torn_line_of_an_earlier_run_is_ended_before_the_first_of_ours(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(before)
    with path.open("ab") as appended:
        output = Output(appended)
        output.begin_line()
        await output.write(b"new\n")
    assert path.read_bytes() == after


async def test_a_file_is_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        await Output(file).write(b"line\n")
        assert path.read_bytes() == b"line\n"


async def test_a_full_disk_is_told_and_not_tried_again() -> None:
    with os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb") as file:
        output = Output(file)
        with pytest.raises(OutputError, match="No space left"):
            await output.write(b"line\n")


@pytest.mark.parametrize("redirection", ["> /dev/full", ">&-"])
def test_a_program_whose_output_cannot_be_written_says_so_in_one_line(redirection: str) -> None:
    with running_server() as server:
        server.post("<p>one</p>")
        watch = ("watch", "public", "--json", "--signals", "--server", server.url)
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *watch],
            env=environment(server.token),
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"trunkline: ")
    assert done.stderr.count(b"\n") == 1
