"""The page at ``/``: the live timeline of this server in a browser.

Plain HTML, CSS and JavaScript modules in `assets`, served as they are: nothing is built, nothing
comes from another host. What the page shows of a post is made safe here, not there.
"""

from __future__ import annotations

from trunkline.server.page.routes import PAGE_ROUTES

__all__ = ["PAGE_ROUTES"]
