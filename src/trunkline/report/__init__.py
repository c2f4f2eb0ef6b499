"""A recording at a glance: how many of what, how late, what was missed, who spoke of what.

`measure` reads the numbers of a recording in SQLite, `render_page` makes one HTML file of them.
"""

from trunkline.report.numbers import measure
from trunkline.report.page import render_page
from trunkline.report.values import Report

__all__ = ["Report", "measure", "render_page"]
