"""Land, build, score and publish in one process, as `qhawaq run` does, without training.

python -m benchmarks.refresh HOME
"""

from __future__ import annotations

import sys
from pathlib import Path

from warehouse.commands import run
from warehouse.pipeline import steps
from warehouse.progress import Progress
from warehouse.settings import Home


def main() -> None:
    """Refresh."""
    home, progress = Home(Path(sys.argv[1])), Progress(quiet=True)
    run.land(home, progress, backfill=False)
    steps.build(home, progress)
    steps.score(home, progress)
    steps.publish(home, progress, "benchmark")


if __name__ == "__main__":
    main()
