"""Every table of a home as count and hash, time stamps and release id aside."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from warehouse import database, keys
from warehouse.settings import Home

# What may differ between two runs on the same inputs, and why.
ASIDE = {
    "landed_at": "when a file was landed",
    "scored_at": "when a child was scored",
    "built_at": "when a table's date was built",
    "noted_at": "when it was noted which code made a date",
    "release_id": "the name of a release says when it was published",
    "published_at": "when it was published",
    "disk_used_share": "how full the disk was by then",
    "sha256_of_model": "a model file holds memory addresses; its terms and scores are compared instead",
}
# Whole tables that say what was tried and when: a run that was killed and called again tried more.
TRIED = ("task_runs", "releases", "release_history")


def _content(db: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, tuple[int, str]]:
    found = {}
    tables = db.execute(
        "select table_schema, table_name, list(column_name order by column_name) "
        "from information_schema.columns where table_catalog = ? group by all", [catalog],
    ).fetchall()  # fmt: skip
    for schema, table, columns in tables:
        if table in TRIED:
            continue
        kept = [c for c in columns if c not in ASIDE and not (table == "model_versions" and c == "sha256")]
        listed = ", ".join(f'"{c}"' for c in kept)
        found[f"{schema}.{table}"] = db.execute(
            f'select count(*), sum(hash({listed}))::varchar from "{catalog}"."{schema}"."{table}"'
        ).fetchone()
    return found


def of_home(home: Home) -> dict[str, object]:
    """Return the content of warehouse, vault, closed dates and current serving files."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        found: dict[str, object] = dict(_content(db, "warehouse"))
    db = database.scratch(home)
    database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
    found |= {f"vault {name}": content for name, content in _content(db, "vault").items()}
    db.close()
    found |= {
        f"closed {day}": entry for day, entry in json.loads((home.features / "manifest.json").read_text()).items()
    }
    for link in sorted(home.serving.rglob("current.duckdb")):
        assert not Path(str(link.resolve()) + ".wal").exists()
        with duckdb.connect(str(link.resolve()), read_only=True) as db:
            catalog = db.execute("select current_catalog()").fetchone()[0]
            place = link.parent.relative_to(home.serving)
            found |= {f"serving {place} {name}": content for name, content in _content(db, catalog).items()}
    return found
