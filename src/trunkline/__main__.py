"""``python -m trunkline`` is the demo; everything else is the command ``trunkline``."""

import sys

from trunkline.cli.starting import main

sys.exit(main(["demo", *sys.argv[1:]]))
