"""Say what a recording holds and write it as a page: `python report.py toots.db report.html`.

The recording is one in SQLite, as examples/record_to_sqlite.py makes it; a recorder may be writing
it. Nothing is asked of any server.
"""

import sys
from pathlib import Path

from trunkline.report import measure, render_page


def main(recording: Path, page: Path) -> None:
    report = measure(recording)
    totals = report.totals
    print(f"{totals.events} events, {totals.posts} posts by {totals.authors} accounts")
    if report.lag is not None:
        print(f"half of them were here within {report.lag.median_seconds:.1f} s")
    for gap in report.gaps:
        if not gap.complete:
            print(f"{gap.stream} misses {', '.join(gap.missing)}: {gap.reason}")
    for tag in report.tags.top[:10]:
        print(f"#{tag.name}: {tag.posts} posts")
    page.write_text(render_page(report), encoding="utf-8")
    print(f"wrote {page}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
