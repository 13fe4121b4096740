"""How long links of two releases are seen while one is switched to another: `python -m benchmarks.switching [FOLDER]`.

Readers of several files follow the one pointer and see none of this; a Grafana, which has one audience's folder
mounted, follows that folder's link, and every folder has its own.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from warehouse.publish import switching
from warehouse.settings import Home

FOLDERS = (46, 420)  # of `make run`'s country, and of all UGELs and provinces of Peru
RELEASES = ("20260101T000000000001-a", "20260101T000000000002-b")
ROUNDS = 20


def written(home: Home, n_folders: int) -> None:
    """Write two releases with a file in each folder."""
    folders = [f"education/{n:06}" for n in range(n_folders)]
    for release in RELEASES:
        for folder in folders:
            path = switching.file(home, folder, release)
            path.parent.mkdir(parents=True)
            path.write_bytes(b"a file")
        switching.write_manifest(home, release, {folder: {"sha256": ""} for folder in folders})


def moment(home: Home, release: str) -> float:
    """Switch; return the milliseconds from the first link's switch to the last one's."""
    replace, moments = Path.replace, []

    def timed(path: Path, target: Path) -> Path:
        replaced = replace(path, target)
        if target.name == switching.CURRENT:
            moments.append(time.perf_counter())
        return replaced

    with mock.patch.object(Path, "replace", timed):
        switching.point(home, release)
    return (moments[-1] - moments[0]) * 1000


def main(parent: Path) -> None:
    """Print a line for each number of folders."""
    for n_folders in FOLDERS:
        home = Home(Path(tempfile.mkdtemp(dir=parent)))
        home.serving.mkdir()
        try:
            written(home, n_folders)
            moments = [moment(home, RELEASES[n % 2]) for n in range(ROUNDS)]
        finally:
            shutil.rmtree(home.root)
        print(f"{n_folders} links: {statistics.median(moments):.1f} ms, the longest of {ROUNDS} {max(moments):.1f} ms")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
