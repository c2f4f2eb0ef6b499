"""The instance documents: who this server is, and where it streams."""

from __future__ import annotations

from trunkline.server.builders import Json

__all__ = ["instance_v1", "instance_v2"]

_CONFIGURATION: Json = {
    "accounts": {"max_featured_tags": 10, "max_pinned_statuses": 5},
    "statuses": {
        "max_characters": 500,
        "max_media_attachments": 4,
        "characters_reserved_per_url": 23,
    },
    "media_attachments": {"supported_mime_types": ["image/png", "image/svg+xml"]},
    "polls": {"max_options": 4, "max_characters_per_option": 50},
}
_TITLE = "Trunkline"
_ABOUT = "A Mastodon-compatible server that runs in this process"


def instance_v2(*, host: str, version: str, streaming_url: str | None, account: Json) -> Json:
    """Return the document at ``/api/v2/instance``."""
    return {
        "domain": host,
        "title": _TITLE,
        "version": version,
        "source_url": "",
        "description": _ABOUT,
        "usage": {"users": {"active_month": 1}},
        "thumbnail": {"url": f"https://{host}/headers/1.svg"},
        "icon": [],
        "languages": ["en"],
        "configuration": {
            "urls": {"streaming": streaming_url, "status": None, "about": None},
            **_CONFIGURATION,
            "translation": {"enabled": False},
            "timelines_access": {
                "live_feeds": {"local": "public", "remote": "public"},
                "hashtag_feeds": {"local": "public", "remote": "public"},
            },
        },
        "registrations": {"enabled": False, "approval_required": False, "message": None},
        "api_versions": {"mastodon": 6},
        "contact": {"email": "", "account": account},
        "rules": [],
    }


def instance_v1(*, host: str, version: str, streaming_url: str | None, account: Json) -> Json:
    """Return the document at ``/api/v1/instance``."""
    return {
        "uri": host,
        "title": _TITLE,
        "short_description": _ABOUT,
        "description": _ABOUT,
        "email": "",
        "version": version,
        "urls": {"streaming_api": streaming_url},
        "stats": {"user_count": 1, "status_count": 0, "domain_count": 1},
        "thumbnail": None,
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": _CONFIGURATION,
        "contact_account": account,
        "rules": [],
    }
