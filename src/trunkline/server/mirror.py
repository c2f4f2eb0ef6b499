"""Showing events that happened elsewhere: a recording that is replayed, a server that is relayed.

`Mirror` publishes an event on exactly the stream that told it, its bytes untouched, and keeps posts
for REST as they are now. Promises that REST never takes a post for deleted that was only forgotten.
Refuses to know where the events come from, and when.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aiohttp import web

from trunkline.entities import Conversation
from trunkline.errors import MalformedEventError
from trunkline.events import AnyEvent, ConversationChanged, Delete, Edit, Notify, Update
from trunkline.server import channels
from trunkline.server.archive import Archive, Shelf
from trunkline.server.flavours import FLAVOURS, Flavour
from trunkline.server.people import DEMO_ACCOUNT_ID, UserList
from trunkline.server.tokens import Token, Tokens
from trunkline.server.world import World
from trunkline.streams import STREAMS, Stream

__all__ = ["FixedTokens", "Mirror", "Ring", "mirror_flavour", "mirror_world"]

_REMEMBERED_ENTRIES: Final = 8
_ON_TIMELINES: Final = frozenset({"user", "list", "public", "hashtag"})


class Ring(Archive):
    """An archive of the newest posts that tells what it has forgotten from what was deleted."""

    def __init__(self, *, now: Callable[[], float], retention: int) -> None:
        super().__init__(now=now, retention=retention)
        self._most_deleted = retention
        self._deleted: OrderedDict[str, None] = OrderedDict()

    def look_up(self, key: str) -> Shelf | None:
        """Return what is kept under `key`, or ``None``, whatever the reason."""
        return super().get(key)

    def get(self, key: str) -> Shelf | None:
        """Return what is kept under `key`, or ``None`` for what was deleted.

        Raises:
            HTTPGone: It is neither kept nor known to be deleted, so it may well exist.
        """
        shelf = super().get(key)
        if shelf is None and key not in self._deleted:
            raise web.HTTPGone(
                text='{"error":"Not among the posts that are kept here"}',
                content_type="application/json",
            )
        return shelf

    def bury(self, key: str) -> None:
        """Forget the entity `key`, and remember that it was deleted."""
        self.remove(key)
        self._deleted[key] = None
        if len(self._deleted) > self._most_deleted:
            self._deleted.popitem(last=False)

    def revive(self, key: str) -> None:
        """Take note that `key` exists after all."""
        self._deleted.pop(key, None)


class FixedTokens(Tokens):
    """Tokens that were given at the start: nobody can log in to get another."""

    def add(self, token: Token) -> None:
        """Refuse.

        Raises:
            HTTPForbidden: Always.
        """
        raise web.HTTPForbidden(
            text='{"error":"This server gives out no tokens"}', content_type="application/json"
        )


def mirror_world(*, tokens: Iterable[str], retention: int) -> World:
    """Return a world without a life of its own, which `tokens` may read.

    Args:
        tokens: The values of the tokens; all are of one user.
        retention: How many posts REST keeps.
    """
    world = World(log_limit=_REMEMBERED_ENTRIES, retention=retention)
    world.archive = Ring(now=world.now, retention=retention)
    world.people.tokens = FixedTokens(
        Token(value=value, account_id=DEMO_ACCOUNT_ID) for value in tokens
    )
    world.people.lists.clear()
    world.carried = set()
    return world


def mirror_flavour(streams: Iterable[Stream]) -> Flavour:
    """Return Mastodon, with no other streams than those of the names of `streams`.

    Ids of every server are taken as they are.
    """
    names = frozenset(stream.name for stream in streams) & frozenset(STREAMS)
    return replace(FLAVOURS["mastodon"], streams=names, numeric_ids=False)


class Mirror:
    """Tells events to a world, on the streams that they came from.

    What the world shows of others would be empty, and would be taken for complete: it is refused.

    Args:
        world: Made by `mirror_world`.
        streams: What will be told, so that it can be asked for before its first event.
    """

    def __init__(self, world: World, streams: Iterable[Stream] = ()) -> None:
        if not isinstance(world.archive, Ring) or world.carried is None:
            raise TypeError("Expected a world made by `mirror_world`.")
        self._carried = world.carried
        self._world = world
        self._ring = world.archive
        self._channels: dict[Stream, str] = {}
        self._conversation_keys: dict[str, str] = {}
        for stream in streams:
            self.channel_of(stream)

    def channel_of(self, stream: Stream) -> str:
        """Return the channel of the world that carries `stream`."""
        channel = self._channels.get(stream)
        if channel is None:
            channel, *others = channels.of_stream(
                stream.name, parameter=stream.parameter, account_id=DEMO_ACCOUNT_ID
            )
            self._channels[stream] = channel
            self._carried.update((channel, *others))
            if stream.list_id is not None:
                self._world.people.lists[stream.list_id] = UserList(
                    list_id=stream.list_id, title=stream.list_id, owner_id=DEMO_ACCOUNT_ID
                )
        return channel

    def tell(self, event: AnyEvent) -> bool:
        """Keep what REST shows of `event` and publish it; false if it cannot be published.

        That is so for what was no event: a frame without a name, or a payload of several lines.
        """
        payload = _on_one_line(event)
        if payload is None:
            return False
        channel = self.channel_of(event.stream)
        self._keep(event, payload, channel)
        self._world.publish(event.name, payload, channels=(channel,))
        return True

    def _keep(self, event: AnyEvent, payload: bytes, channel: str) -> None:
        has_posts = event.stream.name.partition(":")[0] in _ON_TIMELINES
        match event:
            case Update(status_id=status_id) if has_posts and status_id:
                self._keep_post(status_id, payload, channel)
            case Edit(status_id=status_id):
                self._edit_post(status_id, payload)
            case Delete(status_id=status_id):
                self._drop_post(status_id, channel)
            case Notify(notification_id=identifier) if identifier:
                self._keep_personal(f"notification:{identifier}", payload, identifier)
            case ConversationChanged():
                with suppress(MalformedEventError):
                    self._keep_conversation(event.conversation, payload, channel)

    def _keep_post(self, status_id: str, payload: bytes, channel: str) -> None:
        """Keep a post for a stream, besides others that have told it."""
        key = f"status:{status_id}"
        kept = self._ring.look_up(key)
        told_by = dict.fromkeys((*(kept.channels if kept else ()), channel))
        raw = kept.raw if kept else payload  # it may have been edited since
        self._ring.put(key, raw, channels=told_by, list_as=status_id)
        self._ring.revive(key)

    def _edit_post(self, status_id: str, payload: bytes) -> None:
        """Keep the newest version of a post that is kept, and no other."""
        key = f"status:{status_id}"
        kept = self._ring.look_up(key)
        if kept is not None:
            self._ring.put(key, payload, channels=kept.channels, list_as=status_id)

    def _drop_post(self, status_id: str, channel: str) -> None:
        """Take a post from a stream; when it was on no other it is gone.

        Deletions on `user` are also those of mutes, which others do not concern.
        """
        key = f"status:{status_id}"
        kept = self._ring.look_up(key)
        others = [one for one in kept.channels if one != channel] if kept else []
        if kept is not None and others:
            self._ring.put(key, kept.raw, channels=others, list_as=status_id)
        else:
            self._ring.bury(key)

    def _keep_personal(self, key: str, payload: bytes, identifier: str) -> None:
        channel = channels.notifications(DEMO_ACCOUNT_ID)
        self._ring.put(key, payload, channels=(channel,), list_as=identifier)

    def _keep_conversation(self, conversation: Conversation, payload: bytes, channel: str) -> None:
        last = conversation.last_status
        listed_as = last.id if last is not None else conversation.id
        before = self._conversation_keys.get(conversation.id)
        if before is not None:
            self._ring.remove(before)
        key = self._conversation_keys[conversation.id] = f"conversation:{listed_as}"
        self._ring.put(key, payload, channels=(channel,), list_as=listed_as)


_SPACES: Final = bytes.maketrans(b"\r\n", b"  ")


def _on_one_line(event: AnyEvent) -> bytes | None:
    """Return the payload as one line, which is what an event stream can carry."""
    if not event.name or not event.name.isprintable():
        return None
    raw = event.raw
    if b"\n" not in raw and b"\r" not in raw:
        return raw
    # In JSON a line feed can only stand between the parts: inside of a string it is escaped.
    return raw.translate(_SPACES) if event.shape == "object" else None
