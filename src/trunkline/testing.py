"""What you need to test a bot: a running server, entities, and events.

`running_server` runs a Mastodon-compatible server in a thread, for tests without asyncio; `serving`
runs one in the current loop. Neither needs a network, a file or a free port of your choice.

    with running_server() as server:
        bot = Bot(server.url, access_token=server.token)
        server.wait_for_subscribers(1)
        server.post("<p>hello</p>", tags=["python"])

Events for a unit test come from `make_update` and its like: the values that a stream yields.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from trunkline.errors import Misuse
from trunkline.events import Delete, Edit, Notify, Update
from trunkline.server import builders
from trunkline.server.builders import Json
from trunkline.server.faults import FAULT_KINDS, Fault, FaultPlan
from trunkline.server.ids import SnowflakeIds
from trunkline.server.publication import encode_payload
from trunkline.server.running import Server
from trunkline.server.site import Settings
from trunkline.server.world import World
from trunkline.streams import Stream

__all__ = [
    "FAULT_KINDS",
    "Fault",
    "FaultPlan",
    "RunningServer",
    "Settings",
    "make_account",
    "make_delete",
    "make_edit",
    "make_notification",
    "make_notify",
    "make_status",
    "make_update",
    "running_server",
    "serving",
]

P = ParamSpec("P")
T = TypeVar("T")

_HOST = "trunkline.example"
_NOW = 1_795_000_000.0
_ids = SnowflakeIds()


def _in_world(
    method: Callable[Concatenate[World, P], T],
) -> Callable[Concatenate[RunningServer, P], T]:
    """Return `method` of the world as one that may be called from any thread."""

    @functools.wraps(method)
    def call(server: RunningServer, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return server.call(lambda: method(server.server.world, *args, **kwargs))

    return call


class RunningServer:
    """A server in a thread of its own; its methods may be called from any other thread.

    Attributes:
        server: The server itself, which belongs to its thread; use `call` to touch it.
    """

    post = _in_world(World.post)
    edit = _in_world(World.edit)
    delete = _in_world(World.delete)
    boost = _in_world(World.boost)
    notify = _in_world(World.notify)
    message = _in_world(World.message)
    announce = _in_world(World.announce)
    publish = _in_world(World.publish)
    revoke_token = _in_world(World.revoke_token)

    def __init__(self, make: Callable[[], Server]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="trunkline-test-server", daemon=True)
        self.server: Server

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.server = self.call(self._make)
            self.run(self.server.start())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.run(self.server.stop())
        finally:
            self._close()

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return self.server.url

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.server.port

    @property
    def token(self) -> str:
        """An access token of the user ``demo`` with the scope ``read``."""
        return self.server.token

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong, and how often each has struck."""
        return self.server.faults

    @property
    def world(self) -> World:
        """What the server shows; read it freely, change it only inside `call`."""
        return self.server.world

    def call(self, function: Callable[[], T]) -> T:
        """Call `function` in the thread of the server and return what it returns.

        Raises:
            Misuse: Called from the thread of the server itself, or when it is over.
        """

        async def calling() -> T:
            return function()

        return self.run(calling())

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        """Run `coroutine` in the loop of the server and return what it returns.

        Raises:
            Misuse: Called from the thread of the server itself, or when it is over.
        """
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            coroutine.close()
            raise Misuse(
                "The server does not run, or this is its own thread; use"
                " `with running_server() as server:` and call it from outside."
            )
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def restart(self, *, downtime_seconds: float = 0.0) -> None:
        """Go down, cutting every socket in mid-air, and come back on the same port."""
        self.run(self.server.restart(downtime_seconds=downtime_seconds))

    def cut_connections(self, *, reset: bool = False) -> None:
        """Cut every connection in mid-air; with `reset` the clients see an RST."""
        self.call(lambda: self.server.cut_connections(reset=reset))

    def wait_for_subscribers(
        self, count: int = 1, *, channel: str | None = None, timeout_seconds: float = 30.0
    ) -> None:
        """Return once there are at least `count` subscriptions.

        Raises:
            TimeoutError: They did not come in time.
        """
        waiting = self.server.wait_for_subscribers(
            count, channel=channel, timeout_seconds=timeout_seconds
        )
        self.run(waiting)

    def until(self, condition: Callable[[], bool], *, timeout_seconds: float = 30.0) -> None:
        """Return once `condition` holds; it is asked again whenever something happens.

        Raises:
            TimeoutError: It did not hold in time.
        """
        self.run(self.server.until(condition, timeout_seconds=timeout_seconds))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def running_server(
    world: World | None = None,
    *,
    port: int = 0,
    settings: Settings | None = None,
    flavour: str = "mastodon",
    faults: FaultPlan | Iterable[Fault] = (),
) -> RunningServer:
    """Return a server that runs in a thread; use it with ``with``.

    Args:
        world: What it shows; by default a new world.
        port: Where it listens; by default on a free port.
        settings: Heartbeats, rate limits and the like.
        flavour: Which kind of server it imitates, such as ``gotosocial``.
        faults: What goes wrong, and when; ask `RunningServer.faults.unfired()` at the end.
    """
    return RunningServer(
        lambda: Server(world, port=port, settings=settings, flavour=flavour, faults=faults)
    )


def serving(
    world: World | None = None,
    *,
    port: int = 0,
    settings: Settings | None = None,
    flavour: str = "mastodon",
    faults: FaultPlan | Iterable[Fault] = (),
) -> Server:
    """Return a server that runs in the current loop; use it with ``async with``.

    The arguments are those of `running_server`.
    """
    return Server(world, port=port, settings=settings, flavour=flavour, faults=faults)


def make_account(
    username: str = "alice", *, domain: str | None = None, **overrides: object
) -> Json:
    """Return an account as the API gives it."""
    return builders.make_account("2", username=username, host=_HOST, domain=domain, **overrides)


def make_status(content: str = "<p>Hello</p>", **overrides: object) -> Json:
    """Return a post as the API gives it, with a new id."""
    status = builders.make_status(
        _ids.next(int(_NOW * 1000)),
        account=make_account(),
        created_at=builders.timestamp(_NOW),
        host=_HOST,
        content=content,
    )
    return status | overrides


def make_notification(
    type: str = "mention",  # noqa: A002  # the API's own word
    **overrides: object,
) -> Json:
    """Return a notification as the API gives it, with a post."""
    notification = builders.make_notification(
        "68739215",
        type=type,
        account=make_account("bob", domain="remote.example"),
        created_at=builders.timestamp(_NOW),
        status=make_status(),
    )
    return notification | overrides


E = TypeVar("E", Update, Edit, Delete, Notify)


def _event(kind: type[E], payload: object, stream: Stream | None, default: Stream) -> E:
    return kind(
        stream=stream or default,
        server=f"https://{_HOST}",
        received_at=datetime.fromtimestamp(_NOW, UTC),
        raw=encode_payload(payload),
    )


def make_update(
    content: str = "<p>Hello</p>", *, stream: Stream | None = None, **overrides: object
) -> Update:
    """Return the event of a new post; `overrides` are members of the post."""
    return _event(Update, make_status(content, **overrides), stream, Stream.public())


def make_edit(
    content: str = "<p>Hello, edited</p>", *, stream: Stream | None = None, **overrides: object
) -> Edit:
    """Return the event of an edited post; `overrides` are members of the post."""
    edited: Json = {"edited_at": builders.timestamp(_NOW + 60.0), **overrides}
    return _event(Edit, make_status(content, **edited), stream, Stream.public())


def make_delete(status_id: str = "109348677773283527", *, stream: Stream | None = None) -> Delete:
    """Return the event of a deletion."""
    return _event(Delete, status_id, stream, Stream.public())


def make_notify(
    type: str = "mention",  # noqa: A002  # the API's own word
    *,
    stream: Stream | None = None,
    **overrides: object,
) -> Notify:
    """Return the event of a notification; `overrides` are members of the notification."""
    return _event(Notify, make_notification(type, **overrides), stream, Stream.user())
