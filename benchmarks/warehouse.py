"""The dbt build at a million children: the whole, what dbt adds to its statements, and a new month on top of it.

python -m benchmarks.warehouse [--children 1000000] [--years 2018-2022] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
from pathlib import Path

import psutil

from benchmarks import measure, nodes
from warehouse import clock
from warehouse.settings import Home

MEMORY = "8GB"  # for DuckDB; with what Python takes the process stays below 10 GiB
AIMS = {"full": 480.0, "ratio": 1.6, "month": 0.15, "memory": 10.0}


def _hold_back(home: Home, aside: Path, year: int) -> None:
    """Put aside what the last month of the last year brings: with it comes exactly one more as-of date."""
    aside.mkdir(exist_ok=True)
    late = re.compile(rf"_{year}(112\d|1130|12\d\d)[._]")
    for path in home.inbox.iterdir():
        if late.search(path.name):
            shutil.move(path, aside / path.name)


def _command(home: Home, name: str) -> tuple[float, float]:
    return measure.command("warehouse", "--home", str(home.root), "--quiet", name)


def prepare(home: Home, children: int, years: str, aside: Path, truth: Path) -> None:
    """Simulate a country and land all of it but its last month."""
    measure.command(
        "warehouse", "--home", str(home.root), "--quiet", "simulate", "--children", str(children), "--years", years,
        "--truth", str(truth),
    )  # fmt: skip
    _hold_back(home, aside, int(years[-4:]))
    _command(home, "land")


def _build(home: Home) -> tuple[float, float]:
    """Build features and outcomes, then scores and marts, with all their tests; return seconds and peak GiB."""
    return measure.command("benchmarks.build", str(home.root))


def _ratio(home: Home, work: Path) -> None:
    """Print what dbt adds to its statements."""
    built = nodes.of_last_build(home, work / "bare")
    print(
        f"features and outcomes: {built.count} nodes, {built.inside:.0f} s inside them, statements bare "
        f"{built.bare:.0f} s: {built.inside / built.bare:.2f} times (aim {AIMS['ratio']})", flush=True,
    )  # fmt: skip


def measured(landed: Home, aside: Path, work: Path) -> None:
    """Build all, then a month more, on a copy of a landed home; print both."""
    home = Home(Path(shutil.copytree(landed.root, work / "home")))
    full, peak = _build(home)
    print(f"full build with all tests: {full:.0f} s (aim {AIMS['full']:.0f}), {peak:.1f} GiB (aim {AIMS['memory']})",
          flush=True)  # fmt: skip
    _ratio(home, work)
    for path in aside.iterdir():
        shutil.copy2(path, home.inbox)
    _command(home, "land")
    month, also = _build(home)
    print(f"a new month: {month:.0f} s, {month / full:.1%} of that (aim {AIMS['month']:.0%}), {also:.1f} GiB",
          flush=True)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=1_000_000)
    parser.add_argument("--years", default="2018-2022")
    parser.add_argument("--keep", type=Path, help="Landed deliveries are kept here, and taken from here if there.")
    given = parser.parse_args()
    os.environ["QHAWAQ_MEMORY_LIMIT"] = MEMORY
    root = given.keep or Path(tempfile.mkdtemp(prefix="qhawaq-bench-"))
    landed, aside, work = Home(root / "landed"), root / "later", root / "work"
    shutil.rmtree(work, ignore_errors=True)
    if not landed.warehouse.exists():
        prepare(landed, given.children, given.years, aside, root / "truth")
    print(f"{given.children:,} synthetic children, {given.years}; {psutil.cpu_count()} cores, "
          f"{clock.today()}", flush=True)  # fmt: skip
    try:
        measured(landed, aside, work)
    finally:
        shutil.rmtree(work if given.keep else root, ignore_errors=True)


if __name__ == "__main__":
    main()
