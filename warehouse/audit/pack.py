"""The audit pack: a zip of the documents below, with an index of hashes and dates."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import clock, contracts, database, files, keys
from warehouse.audit import register
from warehouse.build import manifest, test_results
from warehouse.registry import papers
from warehouse.settings import DBT_PROJECT, Home
from warehouse.spreadsheets import harmless

Content = bytes | None  # None where the document does not exist yet
Document = Callable[[Home], Content]


class Pack(NamedTuple):
    """A written audit pack."""

    path: Path
    n_documents: int


def _table(sql: str) -> Document:
    """Return the document of a query of the warehouse, as CSV."""

    def content(home: Home) -> Content:
        with database.warehouse(home, read_only=True) as db, suppress(duckdb.CatalogException):
            return _csv(db.execute(sql))
        return None

    return content


def _csv(query: duckdb.DuckDBPyConnection) -> bytes:
    """Return the rows of a query as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column[0] for column in query.description)
    writer.writerows([harmless(value) for value in row] for row in query.fetchall())
    return text.getvalue().encode()


def _file(folder: Callable[[Home], Path], name: str) -> Document:
    """Return the document that is a file of the home."""

    def content(home: Home) -> Content:
        path = folder(home) / name
        return path.read_bytes() if path.exists() else None

    return content


def _vault_table(table: str, order: str) -> Document:
    """Return the document of a log of the vault, as CSV: users, keys and reasons, never names."""

    def content(home: Home) -> Content:
        with database.scratch(home) as db, suppress(duckdb.CatalogException):
            database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
            return _csv(db.execute(f"select * from vault.{table} order by {order}"))
        return None

    return content


def _test_results(home: Home) -> Content:
    results = test_results.read(home)
    return json.dumps(results, indent=1).encode() if results else None


def _contracts(home: Home) -> Content:
    parts = sorted(DBT_PROJECT.rglob("_*__sources.yml"))
    return "\n".join(f"# {path.name}\n{path.read_text(encoding='utf-8')}" for path in parts).encode()


def _of_live_model(name: str) -> Document:
    """Return a document of the live model; a live rule has none."""

    def content(home: Home) -> Content:
        with database.warehouse(home, read_only=True) as db:
            file = database.value(
                db, "select file from ml.model_versions where is_live and file is not null and outcome = 'interruption'"
            )
        path = home.models / file if file else home.models
        return papers.read(path.with_name(name)) if file else None

    return content


DOCUMENTS: dict[str, Document] = {  # `make docs` writes the pages
    **{
        f"docs/{name}": _file(attrgetter("docs"), name)
        for name in ("modelos.html", "linaje.html", "diccionario.html", "tratamientos.html")
    },
    "lineage/manifest.json": _file(attrgetter("dbt"), manifest.NAME),
    "tests/results.json": _test_results,
    "contracts/sources.yml": _contracts,
    "register/tratamientos.md": lambda home: register.processing(contracts.read(DBT_PROJECT).values()).encode(),
    "register/diccionario.md": lambda home: register.dictionary(home).encode(),
    "deliveries/ledger.csv": _table("select * from raw.deliveries order by delivered_at, file"),
    "deliveries/quarantine.csv": _table("select * from quarantine.rows order by all"),
    "deliveries/withheld.csv": _table("select * from raw.withheld order by all"),
    "deliveries/shortfalls.csv": _table("select * from raw.shortfalls order by all"),
    "deliveries/standing.csv": _table("select * from raw.standing order by all"),
    "officials/cells.csv": _table("select * from raw.official_cells order by all"),
    "officials/districts.csv": _table("select * from raw.official_districts order by all"),
    "officials/effects.csv": _table("select * from raw.official_effects order by all"),
    "models/versions.csv": _table("select * from ml.model_versions order by all"),
    "models/metrics.csv": _table("select * from operations.model_performance order by all"),
    "models/terms.csv": _table("select * from ml.model_terms order by all"),
    "models/trees.csv": _table("select * from ml.model_trees order by all"),
    "models/effects.csv": _table("select * from officials.program_effects order by all"),
    "models/drift.csv": _table("select * from ml.drift order by all"),
    "models/ficha.md": _of_live_model("ficha.md"),
    "models/impacto.md": _of_live_model("impacto.md"),
    "fairness/groups.csv": _table("select * from operations.fairness order by all"),
    "features/manifest.json": _file(attrgetter("features"), "manifest.json"),
    "access/log.jsonl": _file(attrgetter("root"), "access_log.jsonl"),
    "access/anchors.csv": _table("select * from raw.access_log_anchors order by n_lines, anchored_at"),
    "access/reveals.csv": _vault_table("reveals", "revealed_at"),
    "access/requests.csv": _vault_table("requests", "requested_at"),
    "supervision/human_reviews.csv": _table("select * from raw.human_reviews order by request_number"),
    "supervision/objections.csv": _table("select * from raw.objections order by request_number"),
    "retention/proof.json": _file(attrgetter("root"), "retention.json"),
    "retention/deleted.csv": _table(
        "select file, source, period, deleted_on from raw.deliveries where deleted_on is not null order by all"
    ),
    "retention/erasures.csv": _table("select * from raw.erasures order by all"),
}


def write(home: Home, to: Path | None = None) -> Pack:
    """Write the pack.

    Raises:
        HomeError: nothing has been built yet.
    """
    manifest.path(home)
    now = clock.now()
    path = to or Path(f"audit-{clock.day_of(now):%Y%m%d}.zip")
    index: list[dict[str, object]] = []
    with files.replacing(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, document in DOCUMENTS.items():
            content = document(home)
            entry: dict[str, object] = {"document": name, "made_at": now.isoformat(timespec="seconds")}
            if content is None:
                index.append(entry | {"sha256": None, "note": "nothing of this kind yet"})
                continue
            pack.writestr(name, content)
            index.append(entry | {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)})
        pack.writestr("index.json", json.dumps({"kind": home.kind, "documents": index}, indent=1, ensure_ascii=False))
    return Pack(path, sum(entry["sha256"] is not None for entry in index))
