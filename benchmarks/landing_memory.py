"""Peak memory of landing one file against the file's size, with 8 million children: flat where it is larger.

python -m benchmarks.landing_memory [--millions 2 8 32]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks import measure
from warehouse.settings import Home

CHILDREN = 8_000_000


def deliver(home: Home, rows: int) -> Path:
    """Write a synthetic month of attendance: children all new to the vault; beyond 8 million rows, in more schools."""
    path = home.inbox / "SIAGIE_ASISTENCIA_202403_20240410.txt"
    duckdb.execute(
        f"""
        copy (
            select 2024 as ID_ANIO, 3 as MES, '150101' as COD_UGEL,
                lpad((i % 7919 + 10000 * (i // {CHILDREN}))::varchar, 7, '0') as COD_MOD, '0' as ANEXO,
                1000000 + i % {CHILDREN} as ID_PERSONA, 20 as DIAS_ABIERTOS, i % 3 as FALTAS_JUSTIFICADAS,
                i % 5 as FALTAS_INJUSTIFICADAS, 0 as TARDANZAS
            from range({rows}) as r (i)
        )
        to '{path}' (header, delimiter '|')
        """
    )
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=int, nargs="+", default=[2, 8, 32])
    for millions in parser.parse_args().millions:
        root = Path(tempfile.mkdtemp(prefix="qhawaq-bench-"))
        try:
            home = Home(root / "home")
            home.claim("real")
            size = deliver(home, millions * 1_000_000).stat().st_size
            seconds, peak = measure.command("warehouse", "--home", str(home.root), "--quiet", "land")
            print(f"{millions:>3} million rows, {size / 2**20:6.0f} MiB: {seconds:6.1f} s, {peak:5.2f} GiB", flush=True)
        finally:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
