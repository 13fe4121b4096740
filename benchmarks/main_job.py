"""The main job step by step: seconds, peak memory, shares, and ratios to bare DuckDB on the same files, in one run.

python -m benchmarks.main_job [--children 40000]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import psutil

from warehouse import contracts
from warehouse.settings import DBT_PROJECT, Home


def measured(home: Path, *arguments: str) -> tuple[float, float]:
    """Run the command; return seconds and peak memory in GiB of it and its children."""
    command = [sys.executable, "-m", "warehouse", "--home", str(home), "--quiet", *arguments]
    begun, peak = time.monotonic(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watched = psutil.Process(process.pid)
    stop = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.1):
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    stop.set()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(arguments)} ended with {code}")
    return time.monotonic() - begun, peak / 2**30


def bare_read(inbox: Path) -> float:
    """Return the seconds that `create table as select * from read_csv(all_varchar)` takes on the same files."""
    found, begun = list(contracts.read(DBT_PROJECT).values()), time.monotonic()
    db = duckdb.connect(str(inbox.parent / "bare.duckdb"))
    for number, path in enumerate(sorted(inbox.iterdir())):
        contract = next(c for c in found if c.delivered_at(path.name))
        mixed = contract.encoding == "latin-1" and _is_mixed(path)  # plain latin-1 cannot read that one: leave it out
        if not mixed:
            db.execute(
                f"create table t{number} as select * from read_csv('{path}', all_varchar=true, header=true, "
                f"delim='{contract.separator}', encoding='{contract.encoding}', quote='\"', escape='\"')"
            )
    db.close()
    return time.monotonic() - begun


def _is_mixed(path: Path) -> bool:
    """Say whether some bytes are no latin-1 that DuckDB accepts."""
    return any(0x80 <= byte < 0xA0 for byte in path.read_bytes())


def nodes(home: Home) -> tuple[int, float]:
    """Return the last build's number of nodes and the seconds inside them."""
    results = json.loads((home.dbt / "run_results.json").read_text())["results"]
    return len(results), sum(result["execution_time"] for result in results)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=40_000)
    children = parser.parse_args().children
    root = Path(tempfile.mkdtemp(prefix="qhawaq-bench-"))
    home, rows = Home(root / "home"), []
    try:
        rows.append(("simulate", *measured(home.root, "simulate", "--children", str(children))))
        bare = bare_read(home.inbox)
        rows.append(("land", *measured(home.root, "land")))
        for step in ("build", "train", "deploy", "score", "publish"):
            rows.append((step, *measured(home.root, step)))
            if step == "build":
                n, inside = nodes(home)
    finally:
        shutil.rmtree(root)
    total = sum(row[1] for row in rows)
    print(f"{children} synthetic children, 8 school years, {psutil.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    for name, seconds, memory in rows:
        print(f"{name:<10} {seconds:7.1f} s  {memory:5.2f} GiB  {seconds / total:5.0%}")
    print(f"{'all':<10} {total:7.1f} s  {max(row[2] for row in rows):5.2f} GiB")
    print(f"landing, all of it, over a bare read of the same files: {rows[1][1] / bare:.1f}")
    print(f"features: {n} dbt nodes, {inside:.1f} s inside them")


if __name__ == "__main__":
    main()
