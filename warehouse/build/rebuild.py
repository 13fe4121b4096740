"""What building the closed as-of dates again would change: done on a copy of a home, and compared by key."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from warehouse.build import dbt, formulas, manifest
from warehouse.build.diff import Difference, copied, table_of
from warehouse.build.manifest import Manifest
from warehouse.database import quoted
from warehouse.progress import Progress
from warehouse.settings import Home


def rebuilt(home: Home, progress: Progress) -> Difference:
    """Build all closed dates again on a copy of a home, and compare them with what the home holds.

    Raises:
        HomeError: the home has nothing built.
        BuildFailed: it does not build.
    """
    manifest.path(home)
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".diff-") as folder:
        sides = {name: copied(home, Path(folder) / name) for name in ("base", "new")}
        with progress.step("build closed dates again"):
            dbt.build(sides["new"], Progress(quiet=True), dbt.FEATURES, True, tests=False)
        dated = _dated(sides["new"])
        for side in sides.values():
            _forget_open_dates(side, dated)
        with duckdb.connect(str(home.warehouse), read_only=True) as db:
            found = formulas.changed(db)
            unknown = formulas.unknown(db)
        tables = (table_of(sides, model) for model in dated)
        return Difference(list(found), dated, list(filter(None, tables)), unknown)


def _dated(side: Home) -> list[str]:
    """Return the models that are built by date."""
    models = Manifest.read(side).of_type("model").values()
    return sorted(node["name"] for node in models if node["config"]["materialized"] == formulas.DATED)


def _forget_open_dates(side: Home, models: list[str]) -> None:
    with duckdb.connect(str(side.warehouse)) as db:
        tables = db.execute(
            "select schema_name, table_name from duckdb_tables() where list_contains(?, table_name)", [models]
        ).fetchall()
        for place in (".".join(map(quoted, names)) for names in tables):
            db.execute(f"delete from {place} where as_of_date not in (select as_of_date from raw.closed_dates)")
