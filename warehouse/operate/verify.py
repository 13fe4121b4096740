"""A whole home, read against what is stated of it: databases, deliveries, closed dates, releases and models."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import database, keys, machine
from warehouse.audit import access_log, anchors
from warehouse.build import closing
from warehouse.deliveries import Status
from warehouse.errors import DamagedFile, HomeInUse, QhawaqError
from warehouse.landing import archive, journal
from warehouse.operate import contents, damage
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.registry import papers, waivers
from warehouse.settings import Home

DELIVERIES = """
select file, sha256, status, file in (select file from raw.erasures) from raw.deliveries
where deleted_on is null order by all
"""
STATED = ("sha256", "files_sha256", "waiver_sha256")  # of a model's file, of the list of its others, of its waiver
RESEND = "send the same delivery again, or restore the file from a backup"
Found = Iterator[str | None]  # of each thing that was read: what is wrong with it, or None


class Verified(NamedTuple):
    """How many things of each part were read, and a sentence for each that is wrong."""

    read: dict[str, int]
    wrong: list[str]


def verify(home: Home, progress: Progress) -> Verified:
    """Read all of a home; nothing is changed.

    Raises:
        HomeError: another process has the warehouse open.
    """
    wrong = damage.found(home)
    read = {}
    for name, part in PARTS.items():
        with progress.step(name):
            found = list(_told(part, home))
        read[name] = len(found)
        wrong += filter(None, found)
    return Verified(read, list(dict.fromkeys(wrong)))


def _told(part: Callable[[Home], Found], home: Home) -> Found:
    """Yield what a part finds; where it cannot go on, why."""
    try:
        yield from part(home)
    except HomeInUse:
        raise
    except QhawaqError as error:
        yield str(error)
    except (OSError, duckdb.Error) as error:
        yield machine.sentence(error, home.root)


def _tables(home: Home) -> Found:
    """Read every value of the warehouse and the vault: their engine compares each block with its checksum."""
    with database.warehouse(home, read_only=True) as db:
        yield from _read(db, "warehouse", home.warehouse)
    if home.vault.exists():
        with contents.vault(home, home.secrets) as db:
            yield from _read(db, "vault", home.vault)


def _read(db: duckdb.DuckDBPyConnection, catalog: str, place: Path) -> Found:
    for table in contents.tables(db, catalog):
        try:
            contents.read(db, table)
        except duckdb.Error as error:
            yield f"{place}: table {table} cannot be read ({type(error).__name__}): {machine.RESTORE}"
        else:
            yield None


def _deliveries(home: Home) -> Found:
    """Open every archived delivery; one of which lines were erased is another than was sent, and is only opened."""
    with database.warehouse(home, read_only=True) as db:
        deliveries = db.execute(DELIVERIES).fetchall()
    secret = keys.load(home.secrets)
    for file, sha256, status, is_erased in deliveries:
        path = _archived(home, Status(status), file, sha256)
        if path is None:
            yield f"{home.archive} lacks {file} ({status}): {RESEND}"
            continue
        found = archive.held(path, secret)
        yield None if found and (is_erased or found == sha256) else f"{path} is damaged: {RESEND}"


def _archived(home: Home, status: Status, file: str, sha256: str) -> Path | None:
    """Return where the archive holds a delivery, under its own name or without one."""
    paths = (archive.archived(home, status, name, sha256) for name in (file, archive.UNNAMED))
    return next(filter(Path.exists, paths), None)


def _dates(home: Home) -> Found:
    """Read every file of a closed date."""
    for day, entry in closing.kept(home).items():
        yield closing.fault(home, day, entry)


def _releases(home: Home) -> Found:
    """Read every file of every release that is kept."""
    current = switching.current(home)
    for release in switching.kept(home):
        try:
            switching.check(home, release)
        except DamagedFile as error:
            earlier = (
                "" if release == current else f" (nobody reads release {release}; only going back to it is refused)"
            )
            yield f"{error}{earlier}"
        else:
            yield None


def _access_log(home: Home) -> Found:
    """Read the access log against its seals and the warehouse's anchors."""
    with database.warehouse(home, read_only=True) as db:
        kept = anchors.kept(db)
    checked = anchors.check(access_log.of(home, keys.load(home.secrets)), kept)
    yield from checked.wrong
    yield from itertools.repeat(None, checked.head.n_lines)


def _visits(home: Home) -> Found:
    """Open every visit of the journal."""
    secret = keys.load(home.secrets)
    for path in journal.paths(home):
        try:
            journal.read(path, secret)
        except DamagedFile as error:
            yield str(error)
        else:
            yield None


def _models(home: Home) -> Found:
    """Read every model's files: the model, its cards and figures, and the waiver by which it went live."""
    with database.warehouse(home, read_only=True) as db:
        models = db.execute("select * from ml.model_versions where file is not null order by file").to_arrow_table()
    for model in models.to_pylist():
        yield "; ".join(_faults(home.models / model["file"], model)) or None


def _faults(path: Path, model: Mapping[str, object]) -> list[str]:
    """Say what is wrong with a model's file and those beside it; of a home of former code less is stated."""
    named = zip((path, path.with_name(papers.NAME), path.with_name(waivers.NAME)), STATED, strict=True)
    found = [papers.fault(one, str(model[name])) for one, name in named if model.get(name)]
    return list(dict.fromkeys(filter(None, [*found, *papers.faults(path.parent)])))


PARTS: dict[str, Callable[[Home], Found]] = {
    "tables": _tables,
    "deliveries": _deliveries,
    "closed dates": _dates,
    "releases": _releases,
    "models": _models,
    "visits": _visits,
    "lines of the access log": _access_log,
}
