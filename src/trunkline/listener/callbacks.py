"""`CallbackStreamListener`: a listener made of functions, without a class of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from trunkline.errors import BadInput
from trunkline.listener.calls import ForStream, Json, log, require_plain_function
from trunkline.listener.handlers import StreamListener

__all__ = ["CallbackStreamListener"]

Callback: TypeAlias = Callable[..., object] | None

_FORWARDS: Final = {
    "on_status_update": "status_update_handler",
    "on_delete": "delete_handler",
    "on_notification": "notification_handler",
    "on_conversation": "conversation_handler",
    "on_filters_changed": "filters_changed_handler",
    "on_announcement": "announcement_handler",
    "on_announcement_reaction": "announcement_reaction_handler",
    "on_announcement_delete": "announcement_delete_handler",
    "on_notifications_merged": "notifications_merged_handler",
    "on_encrypted_message": "encrypted_message_handler",
    "on_unknown_event": "unknown_event_handler",
    "handle_heartbeat": "heartbeat_handler",
    "on_abort": "abort_handler",
    "on_gap": "gap_handler",
}
"""Which method calls which function; the two that do more are written out below."""


class CallbackStreamListener(StreamListener):
    """A listener made of functions; its keywords and their order are those of Mastodon.py 2.3.3.

    Each function gets what the handler of the same name gets. `local_update_handler` gets, after
    `update_handler`, the posts of the server's own users. `encryted_message_handler` is
    Mastodon.py's spelling of `encrypted_message_handler`. The last four, by keyword only, are
    Trunkline's additions. A function can be exchanged later by assigning the attribute of its
    name.

    Raises:
        BadInput: A handler that cannot be called, a coroutine function, or both spellings.
    """

    def __init__(
        self,
        update_handler: Callback = None,
        local_update_handler: Callback = None,
        delete_handler: Callback = None,
        notification_handler: Callback = None,
        conversation_handler: Callback = None,
        unknown_event_handler: Callback = None,
        status_update_handler: Callback = None,
        filters_changed_handler: Callback = None,
        announcement_handler: Callback = None,
        announcement_reaction_handler: Callback = None,
        announcement_delete_handler: Callback = None,
        encryted_message_handler: Callback = None,
        notifications_merged_handler: Callback = None,
        stream_error_handler: Callback = None,
        *,
        encrypted_message_handler: Callback = None,
        heartbeat_handler: Callback = None,
        abort_handler: Callback = None,
        gap_handler: Callback = None,
    ) -> None:
        self.update_handler = update_handler
        self.local_update_handler = local_update_handler
        self.delete_handler = delete_handler
        self.notification_handler = notification_handler
        self.conversation_handler = conversation_handler
        self.unknown_event_handler = unknown_event_handler
        self.status_update_handler = status_update_handler
        self.filters_changed_handler = filters_changed_handler
        self.announcement_handler = announcement_handler
        self.announcement_reaction_handler = announcement_reaction_handler
        self.announcement_delete_handler = announcement_delete_handler
        self.encrypted_message_handler = _one_of(
            encrypted_message_handler, encryted_message_handler
        )
        self.notifications_merged_handler = notifications_merged_handler
        self.stream_error_handler = stream_error_handler
        self.heartbeat_handler = heartbeat_handler
        self.abort_handler = abort_handler
        self.gap_handler = gap_handler
        for name, handler in vars(self).items():
            if name.endswith("_handler") and handler is not None:
                require_plain_function(name, handler)

    def on_update(self, status: Json, /) -> None:
        """Call `update_handler`, and `local_update_handler` if the server's own user posted."""
        if self.update_handler is not None:
            self.update_handler(status)
        if self.local_update_handler is not None and _is_local(status):
            self.local_update_handler(status)

    def on_websocket_error(self, error: Exception, for_stream: ForStream = None, /) -> None:
        """Call `stream_error_handler`."""
        if self.stream_error_handler is not None:
            self.stream_error_handler(error, for_stream)


def _forwarding(attribute: str) -> Callable[..., None]:
    def handler(self: CallbackStreamListener, *arguments: object) -> None:
        callback: Callback = getattr(self, attribute)
        if callback is not None:
            callback(*arguments)

    handler.__doc__ = f"Call `{attribute}`, if there is one."
    return handler


for _method, _attribute in _FORWARDS.items():
    setattr(CallbackStreamListener, _method, _forwarding(_attribute))


def _one_of(correct: Callback, as_in_mastodon_py: Callback) -> Callback:
    if correct is not None and as_in_mastodon_py is not None:
        raise BadInput(
            "encrypted_message_handler and encryted_message_handler are two spellings of one "
            "handler; got both. Pass encrypted_message_handler."
        )
    return as_in_mastodon_py if correct is None else correct


def _is_local(status: Json) -> bool:
    """Tell whether the author is the server's own user: those have no host in their `acct`."""
    try:
        return "@" not in status["account"]["acct"]
    except (KeyError, TypeError):
        log.warning("An update without account.acct: whether it is local cannot be told")
        return False
