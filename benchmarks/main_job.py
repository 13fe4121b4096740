"""The main job step by step: seconds, peak memory, shares, and ratios to bare DuckDB on the same files, in one run.

python -m benchmarks.main_job [--children 40000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import psutil

from benchmarks import landing, measure, nodes
from warehouse import clock
from warehouse.settings import Home

ALLOWED_BESIDE = 0.060  # seconds a dbt node may take besides its statement


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=40_000)
    children = parser.parse_args().children
    root = Path(tempfile.mkdtemp(prefix="qhawaq-bench-"))
    home, report, rows = Home(root / "home"), root / "landing.json", []

    def step(name: str, *arguments: str) -> None:
        command = ("warehouse", "--home", str(home.root), "--quiet", name, *arguments)
        rows.append((name, *measure.command(*command)))

    try:
        step("simulate", "--children", str(children), "--truth", str(root / "truth"))
        files = sorted(home.inbox.iterdir())
        size = sum(path.stat().st_size for path in files)
        bare = landing.bare(home.inbox, root / "bare.duckdb")
        rows.append(("land", *measure.command("benchmarks.landing", str(home.root), str(report))))
        parts = json.loads(report.read_text())
        step("build")
        built = nodes.of_last_build(home, root / "copy")
        for name in ("train", "deploy", "score", "publish"):
            step(name)
    finally:
        shutil.rmtree(root)
    total = sum(row[1] for row in rows)
    memory = psutil.virtual_memory().total / 2**30
    print(f"{children} synthetic children, 8 school years, {len(files)} files, {size / 2**20:.0f} MiB; "
          f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {clock.today()}")  # fmt: skip
    for name, seconds, peak in rows:
        print(f"{name:<10} {seconds:7.1f} s  {peak:5.2f} GiB  {seconds / total:5.0%}")
    print(f"{'all':<10} {total:7.1f} s  {max(row[2] for row in rows):5.2f} GiB")
    core = parts["all"] - parts["vault"] - parts["archive"]
    print(f"landing before vault and archive over a bare read of the same files: {core / bare:.1f} "
          f"({core:.1f} s over {bare:.1f} s); vault {parts['vault']:.1f} s, archive {parts['archive']:.1f} s, "
          f"all of it {parts['all'] / bare:.1f}")  # fmt: skip
    beside = max(0, built.inside - 1.5 * built.bare) / built.count
    print(f"dbt, features and outcomes: {built.count} nodes, {built.inside:.1f} s inside them, statements bare "
          f"{built.bare:.1f} s; beyond 1.5 times that a node takes {1000 * beside:.0f} ms "
          f"(allowed {1000 * ALLOWED_BESIDE:.0f}); outside the nodes "
          f"{1000 * (built.whole - built.inside) / built.count:.0f} ms a node")  # fmt: skip


if __name__ == "__main__":
    main()
