"""Time of landing a file against its number of bad and blank lines: four times the lines take four times as long.

python -m benchmarks.landing_lines [--thousands 25 100]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.settings import Home

HEADER = (
    "ID_ANIO|MES|COD_UGEL|COD_MOD|ANEXO|ID_PERSONA|DIAS_ABIERTOS|FALTAS_JUSTIFICADAS|FALTAS_INJUSTIFICADAS|TARDANZAS"
)
AFTER_EACH = {"blank": "\n", "bad": "no row\n"}


def seconds(lines: int, after_each: str) -> float:
    """Return how long a file lands that has so many rows, and a line that is none after each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.claim("real")
        path = home.inbox / "SIAGIE_ASISTENCIA_202403_20240410.txt"
        rows = (f"2024|3|150101|0100001|0|{7000 + n}|20|0|0|0\n{after_each}" for n in range(lines))
        path.write_text(f"{HEADER}\n{''.join(rows)}", encoding="latin-1")
        os.utime(path, (0, 0))
        began = time.monotonic()
        land.land(home, Progress(quiet=True))
        return time.monotonic() - began


def main() -> None:
    """Print times and their ratio for each kind of line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--thousands", type=int, nargs=2, default=[25, 100])
    few, many = parser.parse_args().thousands
    for kind, after_each in AFTER_EACH.items():
        first, second = (seconds(1000 * thousands, after_each) for thousands in (few, many))
        print(f"{kind}: {first:.1f} s for {few},000, {second:.1f} s for {many},000: {second / first:.1f} times")


if __name__ == "__main__":
    main()
