"""Land, build, score and publish in one process, as `qhawaq run` does, without training.

python -m benchmarks.refresh HOME
"""

from __future__ import annotations

import sys
from pathlib import Path

from warehouse.pipeline import build, land, publish, score
from warehouse.progress import Progress
from warehouse.settings import Home


def main() -> None:
    """Refresh."""
    home, progress = Home(Path(sys.argv[1])), Progress(quiet=True)
    land.land(home, progress)
    build.build(home, progress)
    score.score(home, progress)
    publish.publish(home, progress, "benchmark")


if __name__ == "__main__":
    main()
