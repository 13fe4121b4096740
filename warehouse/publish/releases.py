"""Releases: all serving files of one build, switched to by one relative link each; the last ones are kept."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from pathlib import Path

import duckdb

from warehouse import clock, database, files
from warehouse.build import orchestration
from warehouse.errors import HomeError
from warehouse.progress import Progress
from warehouse.publish import disclosure, serving
from warehouse.publish.serving import Edition
from warehouse.settings import Home

KEEP = 5
CURRENT = "current.duckdb"
DDL = """
create table if not exists raw.releases (
  release_id varchar, published_at timestamp, built_for date, n_files integer);
create schema if not exists ml;
create table if not exists ml.lists (
  child_key bigint, as_of_date date, outcome varchar, model_version varchar, release_id varchar);
"""
# Who was listed, once: later labels must know who was seen because of a list.
NEWLY_LISTED = """
insert into ml.lists by name
select s.child_key, s.as_of_date, s.outcome, s.model_version, ? as release_id
from intermediate.int_lists__current as s
anti join ml.lists as l using (child_key, as_of_date, outcome, model_version)
"""


def release_id(now: datetime, key: str) -> str:
    """Return a name that sorts by time and says what was built."""
    return f"{now:%Y%m%dT%H%M%S%f}-{key[:8]}"


def publish(home: Home, progress: Progress, key: str) -> tuple[str, int]:
    """Write, verify and switch every audience's files; return the release id and how many files it has.

    Raises:
        BuildFailed: a mart has a type or text that a reader must not get; nothing is switched.
    """
    release = release_id(clock.now(), key)
    with database.warehouse(home) as db:
        edition = Edition(db, home, release, serving.marts_of(db))
        targets = serving.targets(edition)
        for target in targets:
            serving.write(edition, target)
        disclosure.keep_effects(db)  # before anybody sees them
        for target in targets:
            switch(target.folder, f"{release}.duckdb")
        _note(db, release, len(targets))
    for target in targets:
        forget(target.folder)
    progress.say("published", release=release, files=len(targets))
    return release, len(targets)


def _note(db: duckdb.DuckDBPyConnection, release: str, n_files: int) -> None:
    """Note a release and who is listed in it."""
    db.execute(NEWLY_LISTED, [release])
    db.execute(
        "insert into raw.releases by name select ? as release_id, now() at time zone 'UTC' as published_at, "
        "(select today from raw.calendar) as built_for, ? as n_files",
        [release, n_files],
    )


def switch(folder: Path, name: str) -> None:
    """Make `current.duckdb` a relative link to a release: readers see the old one or the new one."""
    temporary = folder / f".{CURRENT}.tmp"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    temporary.replace(folder / CURRENT)
    files.sync(folder)


def kept(folder: Path) -> list[Path]:
    """Return the releases kept in a folder, oldest first."""
    return sorted(path for path in folder.glob("[0-9]*.duckdb"))


def forget(folder: Path, keep: int = KEEP) -> None:
    """Keep the last releases of a folder, and always the one that is current."""
    current = (folder / CURRENT).resolve()
    for path in kept(folder)[:-keep]:
        if path != current:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)


def forget_all_but_current(home: Home) -> None:
    """Remove every earlier release of every audience: they hold what has been deleted since."""
    for link in home.serving.rglob(CURRENT):
        forget(link.parent, keep=1)


def current(home: Home) -> str | None:
    """Return the release that officials read."""
    link = home.serving / "officials" / CURRENT
    return link.resolve().stem if link.is_symlink() else None


def rollback(home: Home, to: str | None = None) -> tuple[str, int]:
    """Switch every file back to an earlier release, and note it as a task is; return it and the number of files.

    Raises:
        HomeError: there is none.
        DamagedFile: it is not what its manifest states; nothing is switched.
    """
    chosen = _kept_release(home, to)
    began = clock.now()
    folders = sorted({path.parent for path in home.serving.rglob(f"{chosen}.duckdb")})
    for folder in folders:
        serving.check(folder / f"{chosen}.duckdb")
    for folder in folders:
        switch(folder, f"{chosen}.duckdb")
    orchestration.note_success(home, "rollback", chosen, began)  # the warehouse may be damaged or in use: not in it
    return chosen, len(folders)


def _before(release: str, names: list[str]) -> str:
    return max((name for name in names if name < release), default="")


def _kept_release(home: Home, to: str | None) -> str:
    """Return the named release, else the one before the current."""
    names = list(map(attrgetter("stem"), kept(home.serving / "officials")))
    chosen = to or _before(current(home) or "", names)
    if chosen not in names:
        raise HomeError(f"no such release to go back to; kept are: {', '.join(names) or 'none'}")
    return chosen
