"""Mastodon's streaming API for Python, without lost events."""
