"""A server that runs in the current loop: on a free port of this machine, gone at once when told.

Its state (`world`) outlives a restart, as a database does; its connections do not.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

from aiohttp import web

from trunkline.errors import Misuse
from trunkline.server.app import make_app
from trunkline.server.faults import Fault, FaultPlan
from trunkline.server.flavours import flavour_named
from trunkline.server.hub import MAX_BUFFER_BYTES, Hub
from trunkline.server.sabotage import Saboteur
from trunkline.server.site import Settings
from trunkline.server.tokens import DEMO_TOKEN
from trunkline.server.world import World

__all__ = ["Server"]

P = ParamSpec("P")
T = TypeVar("T")

_IDLE_SECONDS = 6.0


def _of_world(
    method: Callable[Concatenate[World, P], T],
) -> Callable[Concatenate[Server, P], T]:
    """Return `method` of the world as one of the server that shows it."""

    @functools.wraps(method)
    def call(server: Server, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(server.world, *args, **kwargs)

    return call


class Server:
    """A Mastodon-compatible server; use it with ``async with``.

    A world that is given is made to fit the flavour (ids, empty payloads).

    Attributes:
        world: What it shows. Its words are the server's too: `post`, `edit`, `delete` ...
        hub: What carries the events.
        flavour: Which kind of server it imitates.
        faults: What goes wrong, and how often each has struck.
        token: An access token of the user ``demo`` with the scope ``read``.
    """

    post = _of_world(World.post)
    edit = _of_world(World.edit)
    delete = _of_world(World.delete)
    boost = _of_world(World.boost)
    notify = _of_world(World.notify)
    message = _of_world(World.message)
    announce = _of_world(World.announce)
    publish = _of_world(World.publish)
    revoke_token = _of_world(World.revoke_token)

    def __init__(
        self,
        world: World | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        flavour: str = "mastodon",
        max_buffer_bytes: int = MAX_BUFFER_BYTES,
        faults: FaultPlan | Iterable[Fault] = (),
    ) -> None:
        self.world = world or World()
        self.hub = Hub(max_buffer_bytes=max_buffer_bytes)
        self.token = DEMO_TOKEN
        self.host = host
        self.port = port
        self.settings = settings or Settings()
        self.flavour = flavour_named(flavour)
        if not self.flavour.numeric_ids:
            self.world.status_ids = self.flavour.make_ids()
        self.world.sends_empty_payloads = self.flavour.sends_empty_payloads
        self.faults = faults if isinstance(faults, FaultPlan) else FaultPlan(faults)
        self._saboteur = Saboteur(
            self.faults, self.hub, restart=self._restart_soon, revoke=self.world.revoke_token
        )
        self._restarting: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The port is in use.
        """
        app = make_app(
            self.world,
            self.hub,
            settings=self.settings,
            flavour=self.flavour,
            saboteur=self._saboteur,
        )
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=_IDLE_SECONDS,
            shutdown_timeout=0.1,
        )
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self._runner.cleanup()
            raise
        self.world.listeners.append(self._saboteur.deliver)
        self.world.revocation_listeners.append(self.hub.end)

    async def stop(self) -> None:
        """Close everything at once: no last chunks, no close frames. Twice is once."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        self.world.listeners.remove(self._saboteur.deliver)
        self.world.revocation_listeners.remove(self.hub.end)
        if self._restarting is not None:
            self._restarting.cancel()
        await _turns()  # whoever waits to be accepted is lost by asyncio when it stops listening
        await self._deafen()
        await _turns()  # a socket that was just accepted is known a turn of the loop later
        _cut(runner)
        await runner.cleanup()
        await _turns()  # and one that was just cut is closed a turn later

    async def restart(self, *, downtime_seconds: float = 0.0) -> None:
        """Go down as on SIGTERM, cutting every socket in mid-air, and come back on the same port.

        Raises:
            Misuse: It does not run.
        """
        runner = self._running()
        await self._deafen()
        _cut(runner)
        await asyncio.sleep(downtime_seconds)
        await self._listen()

    def cut_connections(self, *, reset: bool = False) -> None:
        """Cut every connection in mid-air; with `reset` the clients see an RST instead of a FIN.

        Raises:
            Misuse: It does not run.
        """
        runner = self._running()
        for connection in self.hub.connections:
            connection.cut(reset=reset)
        _cut(runner)

    async def wait_for_subscribers(
        self, count: int = 1, *, channel: str | None = None, timeout_seconds: float = 30.0
    ) -> None:
        """Return once there are at least `count` subscriptions (to `channel`, if given).

        Raises:
            TimeoutError: They did not come in time.
        """
        await self.until(
            lambda: self.hub.count(channel=channel) >= count, timeout_seconds=timeout_seconds
        )

    async def until(self, condition: Callable[[], bool], *, timeout_seconds: float = 30.0) -> None:
        """Return once `condition` holds; it is asked again as `Hub.until` says.

        Raises:
            TimeoutError: It did not hold in time.
        """
        async with asyncio.timeout(timeout_seconds):
            await self.hub.until(condition)

    def _restart_soon(self, downtime_seconds: float) -> bool:
        """Cut every connection now and come back later; tell whether it was up to be cut."""
        if self._restarting is not None and not self._restarting.done():
            return False
        self.cut_connections()
        self._restarting = asyncio.get_running_loop().create_task(
            self.restart(downtime_seconds=downtime_seconds)
        )
        return True

    def _running(self) -> web.AppRunner:
        if self._runner is None:
            raise Misuse("The server does not run; use `async with Server() as server:`.")
        return self._runner

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._running(), self.host, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._site.port

    async def _deafen(self) -> None:
        site, self._site = self._site, None
        if site is not None:
            await site.stop()


async def _turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def _cut(runner: web.AppRunner) -> None:
    server = runner.server
    for handler in server.connections if server is not None else ():
        if handler.transport is not None:
            handler.transport.abort()
