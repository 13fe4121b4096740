"""What Airflow adds to a refresh: the same deliveries by `qhawaq` and by the DAG, from landing to published marts.

python -m benchmarks.orchestration [--children 2000] [--mode watcher]   (make airflow's environment has to be there)
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

import psutil

from benchmarks import measure
from tests.dags import scheduler
from warehouse import clock
from warehouse.settings import REPOSITORY, Home

AIMS = {"ratio": 3.0, "node": 4.0}
ENDED = {"success", "failed", "upstream_failed"}
NODES = (".run", "_run", ".seed", "_seed", "_build")  # tasks of models and seeds, not those of their tests


def by_command(home: Home) -> float:
    """Return the seconds that the steps take one after another, as `qhawaq run` does them without training."""
    return measure.command("benchmarks.refresh", str(home.root))[0]


def by_airflow(home: Home, folder: Path, mode: str) -> tuple[float, int]:
    """Return the seconds from the start of landing to the end of publishing, and how many dbt nodes were tasks."""
    with scheduler.Airflow(home, folder, QHAWAQ_AIRFLOW_MODE=mode) as airflow:
        airflow.pause("qhawaq_train", "qhawaq_deploy", "qhawaq_monitor")
        run = airflow.first("qhawaq_refresh")
        while (state := airflow.tasks("qhawaq_refresh", run).get("publish")) not in ENDED:
            time.sleep(1)
        if state != "success":
            raise SystemExit(f"the refresh failed: {folder / 'logs'}")
        tasks = {one["task_id"]: one for one in airflow.instances("qhawaq_refresh", run)}
    began = datetime.fromisoformat(tasks["land"]["start_date"])
    ended = datetime.fromisoformat(tasks["publish"]["end_date"])
    return (ended - began).total_seconds(), sum(name.endswith(NODES) for name in tasks)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=2000)
    parser.add_argument("--mode", choices=["watcher", "local"], default="watcher")
    given = parser.parse_args()
    scheduler.PYTHON = scheduler.PYTHON or str(REPOSITORY / ".airflow" / "bin" / "python")
    with tempfile.TemporaryDirectory(prefix="qhawaq-bench-") as place:
        one, other = Home(Path(place) / "one"), Home(Path(place) / "other")
        measure.command("warehouse", "--home", str(one.root), "--quiet", "simulate", "--children", str(given.children),
                        "--truth", f"{place}/truth")  # fmt: skip
        shutil.copytree(one.root, other.root)
        plain = by_command(one)
        orchestrated, nodes = by_airflow(other, Path(place) / "airflow", given.mode)
    print(f"{given.children:,} synthetic children, {psutil.cpu_count()} cores, {os.uname().machine}, "
          f"{clock.today()}")  # fmt: skip
    print(f"land to publish: command {plain:.0f} s, Airflow ({given.mode}) {orchestrated:.0f} s for {nodes} nodes")
    print(f"{(orchestrated - plain) / nodes:.1f} s a node (aim {AIMS['node']:.0f}), "
          f"{orchestrated / plain:.1f} times (aim {AIMS['ratio']:.0f})")  # fmt: skip


if __name__ == "__main__":
    main()
