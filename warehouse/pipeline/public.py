"""Public files for a home without children: what anyone can download, brought into the inbox."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from warehouse import contracts, database, files
from warehouse.contracts import Contract
from warehouse.deliveries import HAS_ROWS
from warehouse.errors import HomeError
from warehouse.landing import intake
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

GUIDE = "docs/public-data.md"


def bring(home: Home, progress: Progress, folder: Path) -> int:
    """Copy the public files of a folder into the inbox, without those that landed before; return how many.

    Raises:
        HomeError: the home is not for public files alone: it holds people, or files about people wait in it.
    """
    home.claim(home.kind or "real")
    sources = contracts.read(DBT_PROJECT)
    _refuse_people(home, sources.values())
    landed = _landed(home)
    brought = 0
    for path in _offered(folder):
        contract = _source(path, sources.values())
        if contract is None or not contract.is_public:
            why = "is about people" if contract else f"has no name of a public file (see {GUIDE})"
            progress.say(f"{intake.shown(path.name)} {why}: left where it is")
        elif files.sha256(path) not in landed:
            files.copied(path, home.inbox / path.name)
            brought += 1
    progress.say("public files brought into the inbox", files=brought)
    return brought


def _offered(folder: Path) -> list[Path]:
    """Return the data files of a folder: those that landing could know, by their kind."""
    kinds = (".csv", ".gz", ".txt", ".zip", ".dbf")
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in kinds)


def _source(path: Path, sources: Iterable[Contract]) -> Contract | None:
    """Return the contract that a file's name is of."""
    return next((contract for contract in sources if contract.stated(path.name)), None)


def _refuse_people(home: Home, sources: Iterable[Contract]) -> None:
    """Refuse a home that is not for public files alone.

    Raises:
        HomeError: it holds people, or files about people wait in it.
    """
    about_people = {contract.name for contract in sources if not contract.is_public}
    held = {source for source, _ in _deliveries(home)} & about_people
    waiting = {path.name for path in intake.waiting(home.inbox) if _is_about_people(path, sources)}
    if found := sorted(held or waiting):
        raise HomeError(
            f"{home.root} is not for public files alone ({', '.join(found)}): "
            "use another --home, or 'qhawaq run' without --public"
        )


def _is_about_people(path: Path, sources: Iterable[Contract]) -> bool:
    """Return whether a file's name is of a source that is not public."""
    contract = _source(path, sources)
    return contract is not None and not contract.is_public


def _landed(home: Home) -> set[str]:
    """Return the hashes of the files that landed."""
    return {sha256 for _, sha256 in _deliveries(home)}


def _deliveries(home: Home) -> list[tuple[str, str]]:
    """Return source and hash of each delivery whose rows are there."""
    if not home.warehouse.exists():
        return []
    with database.warehouse(home) as db:
        known = database.value(
            db, "select count(*) from duckdb_tables() where schema_name || '.' || table_name = 'raw.deliveries'"
        )
        return db.execute(f"select source, sha256 from raw.deliveries where {HAS_ROWS}").fetchall() if known else []
