"""Build a home and close its dates as `qhawaq build` does, without dbt's tests: `python -m tests.closed HOME`.

The tests take most of such a build; the country's build runs all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests import few, threads
from warehouse.build import dbt
from warehouse.pipeline import build
from warehouse.settings import Home


def close(home: Home) -> None:
    """Build features and outcomes, then close their dates."""
    few.begin(home)
    few.without_tests(home, *dbt.FEATURES)
    build.close(home, few.SILENT)


if __name__ == "__main__":
    threads.one()
    close(Home(Path(sys.argv[1])))
