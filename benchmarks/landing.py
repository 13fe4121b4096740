"""Landing, with the seconds of its parts: what the vault and the archive cost beside reading, typing and writing.

python -m benchmarks.landing HOME REPORT.json
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from warehouse import contracts
from warehouse.identity import people, vault
from warehouse.landing import archive, land
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

PARTS = ((people, "resolve", "vault"), (vault, "store_identities", "vault"), (archive, "keep", "archive"))


def timed(seconds: dict[str, float], part: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the seconds inside a function to its part."""

    def measured(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401  any function
        begun = time.monotonic()
        try:
            return function(*arguments, **named)
        finally:
            seconds[part] += time.monotonic() - begun

    return measured


def bare(inbox: Path, database: Path) -> float:
    """Return the seconds that `create table as select * from read_csv(all_varchar)` takes on the same files."""
    found, begun = list(contracts.read(DBT_PROJECT).values()), time.monotonic()
    db = duckdb.connect(str(database))
    for number, path in enumerate(sorted(inbox.iterdir())):
        contract = next(c for c in found if c.stated(path.name))
        try:
            db.execute(
                f"create table t{number} as select * from read_csv('{path}', all_varchar=true, header=true, "
                f"delim='{contract.separator}', encoding='{contract.encoding}', quote='\"', escape='\"')"
            )
        except duckdb.InvalidInputException:  # the planted file whose lines are in two encodings
            continue
    db.close()
    database.unlink()
    return time.monotonic() - begun


def main(root: str, report: str) -> None:
    """Land what waits in a home and report its parts."""
    seconds: dict[str, float] = defaultdict(float)
    for module, name, part in PARTS:
        setattr(module, name, timed(seconds, part, getattr(module, name)))
    begun = time.monotonic()
    land.land(Home(Path(root)), Progress(quiet=True))
    seconds["all"] = time.monotonic() - begun
    Path(report).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
