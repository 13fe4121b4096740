"""Releases: all serving files of one build under one name; the last ones are kept to go back to."""

from __future__ import annotations

import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse import clock, database, files
from warehouse.build import orchestration
from warehouse.errors import DamagedFile, HomeError
from warehouse.progress import Progress
from warehouse.publish import corrections, disclosure, inspection, redaction, serving, switching
from warehouse.publish.serving import Edition
from warehouse.settings import Home

KEEP = 5
MOMENT = "%Y%m%dT%H%M%S%f"
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


def publish(home: Home, progress: Progress, key: str) -> tuple[str, int]:
    """Write, verify and switch every audience's files; return the release's name and how many files it has.

    Raises:
        BuildFailed: a mart has a type, text or pseudonym that a reader must not get; nothing is switched.
    """
    with database.warehouse(home) as db:
        if n_left := _remove_left(home):  # first: their room may be what this one needs
            progress.say("left by publications that were cut off, removed", folders=n_left)
        release = _name(home, db, key)
        edition = Edition(db, home, release, serving.marts_of(db))
        inspection.inspect(db, home, edition.marts)
        written = {target.folder: serving.write(edition, target) for target in serving.targets(edition)}
        switching.write_manifest(home, release, written, corrections.landed(db, home))
        disclosure.keep_effects(db)  # before anybody sees them
        _note(db, release, len(written))  # so too who is listed
        switching.point(home, release)
    if switching.shows_erased(home).exists():
        forget_all_but_current(home)
    else:
        forget(home)
    progress.say("published", release=release, files=len(written))
    return release, len(written)


def _name(home: Home, db: duckdb.DuckDBPyConnection, key: str) -> str:
    """Return a name that says when and what was built, and sorts after every earlier one, wherever the clock stands."""
    earlier = [*switching.kept(home), *database.column(db, "select max(release_id) from raw.releases")]
    last = max(filter(None, earlier), default="").partition("-")[0]
    moment = clock.stamp()
    if f"{moment:{MOMENT}}" <= last:
        moment = datetime.strptime(last, MOMENT) + timedelta(microseconds=1)  # noqa: DTZ007  UTC, as all our moments
    return f"{moment:{MOMENT}}-{key[:8]}"


def _note(db: duckdb.DuckDBPyConnection, release: str, n_files: int) -> None:
    """Note a release and who is listed in it."""
    db.execute(NEWLY_LISTED, [release])
    db.execute(
        "insert into raw.releases by name select ? as release_id, now() at time zone 'UTC' as published_at, "
        "(select today from raw.calendar) as built_for, ? as n_files",
        [release, n_files],
    )


def sweep(home: Home) -> int:
    """Remove what publications left that were killed before their release was whole; return how many folders.

    Raises:
        HomeInUse: another process has the warehouse open, and may be publishing.
    """
    files.remove_unfinished(home.serving)
    if not _left(home):
        return 0
    with database.warehouse(home):
        return _remove_left(home)


def _remove_left(home: Home) -> int:
    """Remove the folders of releases that were never whole, while nobody else publishes; return how many."""
    for path in (left := _left(home)):
        shutil.rmtree(path)
    return len(left)


def _left(home: Home) -> list[Path]:
    stay = {*switching.kept(home), *_led_to(home)}
    folders = (path for folder in switching.folders(home) for path in (home.serving / folder).iterdir())
    return [path for path in folders if _is_release(path) and path.name not in stay]


def _led_to(home: Home) -> set[str | None]:
    """Return the releases that the pointer and links lead to: a manifest may be what is lost, or the pointer."""
    links = (home.serving / folder / switching.CURRENT for folder in switching.folders(home))
    followed: set[str | None] = {link.readlink().parent.name for link in links if link.is_symlink()}
    with suppress(DamagedFile):
        followed.add(switching.current(home))
    return followed


def forget(home: Home, keep: int = KEEP) -> None:
    """Keep the last releases, and always the current one; remove what others left, those too that were never whole."""
    files.remove_unfinished(home.serving)
    known = switching.kept(home)
    stay = {*known[-keep:], switching.current(home)}
    for name in set(known) - stay:  # nobody goes back to a release whose files are being removed
        switching.remove_manifest(home, name)
    for folder in map(home.serving.joinpath, switching.folders(home)):
        for path in folder.iterdir():
            if _is_release(path) and path.name not in stay:
                shutil.rmtree(path)
            elif _is_former_release(path):
                path.unlink()


def _is_release(path: Path) -> bool:
    return path.is_dir() and switching.NAME.fullmatch(path.name) is not None


def _is_former_release(path: Path) -> bool:
    """Return whether a path is a release of former code, which had no folders."""
    return path.is_file() and not path.is_symlink() and switching.NAME.fullmatch(path.stem) is not None


def forget_all_but_current(home: Home) -> None:
    """Remove every earlier release of every audience: they hold what has been deleted since."""
    forget(home, keep=1)
    switching.shows_erased(home).unlink(missing_ok=True)


def forget_erased(home: Home) -> None:
    """Remove earlier releases, and the current one with the next publication: a person in them was erased."""
    if home.serving.is_dir():
        files.write_whole(switching.shows_erased(home), "")
        with suppress(DamagedFile):  # of the pointer: an erasure does not wait for it, the next publication removes all
            forget(home, keep=1)


def check_current(home: Home) -> None:
    """Read all files of the current release against their hashes, and have links that were left elsewhere follow.

    Raises:
        DamagedFile: the pointer, the manifest or a file is damaged or missing.
    """
    if release := switching.current(home):
        switching.check(home, release)
        switching.follow(home)


def rollback(home: Home, to: str | None = None, with_earlier_values: bool = False) -> tuple[str, int]:
    """Switch every file back to an earlier release, and note it as a task is; return it and the number of files.

    Children whose family objected since, or whom a reviewer took off, are taken off its lists first.

    Raises:
        HomeError: there is none.
        EarlierValues: it shows what was corrected since as it was before, and nobody said that it may.
        DamagedFile: it is not what its manifest states; nothing is switched.
    """
    chosen = kept_release(home, to)
    began = clock.now()
    switching.check(home, chosen)
    if not with_earlier_values:
        corrections.check(home, chosen)
    redaction.redact(home, chosen)
    switching.point(home, chosen, _later(home, chosen))
    orchestration.note_success(home, "rollback", chosen, began)  # the warehouse may be damaged or in use: not in it
    return chosen, len(switching.manifest(home, chosen))


def _later(home: Home, chosen: str) -> str | None:
    """Return the newest release that anybody read and that goes with going back to another; None where none does."""
    with suppress(DamagedFile):  # which was current is unknown
        read = (switching.current(home), switching.gone_back_from(home))
        return max((release for release in read if release and release > chosen), default=None)
    return None


def kept_release(home: Home, to: str | None) -> str:
    """Return the named release, else the one before the current."""
    names = switching.kept(home)
    chosen = max((name for name in names if name < _current(home)), default="") if to is None else to
    if chosen not in names:
        what = "there is no earlier release to go back to" if to is None else f"there is no release {to}"
        raise HomeError(f"{what}; kept are: {', '.join(names) or 'none'}")
    return chosen


def _current(home: Home) -> str:
    """Return the current release; the pointer may be what is damaged."""
    try:
        return switching.current(home) or ""
    except DamagedFile:
        raise HomeError(f"which release is current is unknown; name one of {', '.join(switching.kept(home))}") from None
