"""Both builds in one process, as `qhawaq run` does them: features and outcomes, then scores and marts.

python -m benchmarks.build HOME
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import nodes
from warehouse.pipeline import build, score
from warehouse.progress import Progress
from warehouse.settings import Home


def main() -> None:
    """Build."""
    home, progress = Home(Path(sys.argv[1])), Progress(quiet=True)
    build.build(home, progress)
    shutil.copy(home.dbt / "run_results.json", home.dbt / nodes.FEATURES)  # scores and marts write theirs in its place
    score.score(home, progress)


if __name__ == "__main__":
    main()
