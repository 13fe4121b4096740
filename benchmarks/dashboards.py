"""How quickly each panel answers on the published files of a home, opened as Grafana's plugin opens them.

python -m benchmarks.dashboards HOME [--times 20]
Aims: p95 of 100 ms on make run's country and of 300 ms on 1,000,000 children.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from grafana import build
from tests.grafana import runner
from warehouse.publish.switching import CURRENT
from warehouse.settings import Home

MOST_QUERIES = 12


def largest(home: Home, audience: str) -> Path:
    """Return the audience's file that is largest: of a UGEL's or an area's, the slowest."""
    return max((home.serving / audience).rglob(CURRENT), key=lambda path: path.stat().st_size)


def asked(made: dict[str, Any]) -> int:
    """Return how many queries a first paint sends: one a panel, one a choice."""
    choices = sum(one["type"] == "query" for one in made.get("templating", {}).get("list", []))
    return len(made["panels"]) + choices


def measured(file: Path, made: dict[str, Any], times: int) -> dict[str, float]:
    """Return panel → 95th percentile of milliseconds, over first and last of every choice."""
    found: dict[str, list[float]] = {}
    with runner.opened(file) as db:
        every = list(runner.choices(db, made))
        for _ in range(times):
            for chosen in every:
                for panel in made["panels"]:
                    sql, begun = runner.put_in(panel["targets"][0]["rawSql"], chosen), time.perf_counter()
                    db.execute(sql).fetchall()
                    found.setdefault(panel["title"], []).append(1000 * (time.perf_counter() - begun))
    return {title: float(np.percentile(taken, 95)) for title, taken in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home")
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    slowest = 0.0
    for module in build.modules():
        made, file = build.written(module), largest(Home(Path(given.home)), module.AUDIENCE)
        taken = measured(file, made, given.times)
        title, worst = max(taken.items(), key=lambda one: one[1])
        slowest = max(slowest, worst)
        print(
            f"{made['title']:24} {asked(made):2} queries (aim {MOST_QUERIES}), {file.stat().st_size / 2**20:5.1f} MiB; "
            f"slowest p95 {worst:6.1f} ms: {title}", flush=True,
        )  # fmt: skip
    print(f"every panel's p95 is at most {slowest:.1f} ms (aims: 100 on make run's country, 300 on 1,000,000 children)")


if __name__ == "__main__":
    main()
