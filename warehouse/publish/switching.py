"""Which release is current: one pointer says it for all files, and each audience's link follows it.

serving/current.json                        the pointer, which whoever reads files of several audiences follows
serving/releases/<release>.json             folder → hash of its file, and the tables in it; the corrections it shows
serving/<audience>[/<area>]/<release>/      one audience's file of a release, under a name that stays the same
serving/<audience>[/<area>]/current.duckdb  a relative link to it: what a Grafana, which has one folder mounted, follows
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from warehouse import files
from warehouse.errors import DamagedFile, HomeInUse
from warehouse.settings import Home

FILE = "qhawaq.duckdb"  # every release's: who attaches it finds one catalog name
CURRENT = "current.duckdb"
NAME = re.compile(r"\d{8}T\d+-[\w-]+")
AGAIN = "call 'qhawaq run': it publishes again"
ANOTHER = "choose another release (qhawaq rollback) or call 'qhawaq publish' again"
PATIENCE = 60.0  # seconds that another process may take to switch
Manifest = dict[str, dict[str, Any]]  # folder → hash of its file, and the tables in it


def current(home: Home) -> str | None:
    """Return the release that everybody is to read, None before the first.

    Raises:
        DamagedFile: the pointer is damaged.
    """
    return _pointed(home, "release")


def gone_back_from(home: Home) -> str | None:
    """Return the release from which somebody went back to the current one, None where nobody did.

    Raises:
        DamagedFile: the pointer is damaged.
    """
    return _pointed(home, "gone_back_from")


def _pointed(home: Home, which: str) -> str | None:
    pointer = home.serving / "current.json"
    if not pointer.exists():
        return None
    names = files.read_json(pointer, dict, AGAIN)
    if "release" not in names or not all(isinstance(one, str) and NAME.fullmatch(one) for one in names.values()):
        raise DamagedFile(f"{pointer} is damaged, it names no release: {AGAIN}")
    return names.get(which)


def file(home: Home, folder: str, release: str) -> Path:
    """Return an audience's file of a release."""
    return home.serving / folder / release / FILE


def folders(home: Home) -> set[str]:
    """Return the folders of all audiences and areas that hold a release, or a link to one."""
    inner = (path.relative_to(home.serving) for path in home.serving.rglob("*"))
    return {str(path.parent) for path in inner if path.name == CURRENT or NAME.fullmatch(path.name)}


def kept(home: Home) -> list[str]:
    """Return the releases that are whole and kept, oldest first."""
    return sorted(path.stem for path in (home.serving / "releases").glob("*.json") if NAME.fullmatch(path.stem))


def shows_erased(home: Home) -> Path:
    """Return the file that is there while the current release shows somebody who was erased since."""
    return home.serving / "shows_erased"


def write_manifest(home: Home, release: str, manifest: Manifest, rectified: Iterable[int] = ()) -> None:
    """State what a release has, after all of it is on disk: from now on it can be switched to.

    Args:
        home: the home.
        release: the release.
        manifest: what it has.
        rectified: the numbers of corrections that it shows.
    """
    (home.serving / "releases").mkdir(mode=0o700, exist_ok=True)
    stated = {"files": manifest, "rectified": sorted(rectified)}
    files.write_whole(_path(home, release), json.dumps(stated, indent=1))


def remove_manifest(home: Home, release: str) -> None:
    """Remove a release's manifest: it cannot be switched to any more."""
    _path(home, release).unlink()


def manifest(home: Home, release: str) -> Manifest:
    """Return what a release has.

    Raises:
        DamagedFile: its manifest is missing or damaged.
    """
    found = _stated(home, release).get("files")
    if not (
        isinstance(found, dict) and found and all(isinstance(one, dict) and "sha256" in one for one in found.values())
    ):
        raise DamagedFile(f"{_path(home, release)} is damaged, it states no files: {ANOTHER}")
    return found


def rectified(home: Home, release: str) -> set[int]:
    """Return the numbers of the corrections that a release shows.

    Raises:
        DamagedFile: its manifest is missing or damaged.
    """
    return set(_stated(home, release).get("rectified", ()))


def _stated(home: Home, release: str) -> dict[str, Any]:
    path = _path(home, release)
    if not path.exists():
        raise DamagedFile(f"{path} is missing: {ANOTHER}")
    stated = files.read_json(path, dict, ANOTHER)
    return stated if "files" in stated else {"files": stated}  # former code stated nothing else


def lost(home: Home, release: str) -> list[str]:
    """Return the folders in which a release has no file any more."""
    return [folder for folder in manifest(home, release) if not file(home, folder, release).is_file()]


def check(home: Home, release: str) -> None:
    """Read all files of a release against their hashes.

    Raises:
        DamagedFile: one is missing or another than stated.
    """
    for folder, one in manifest(home, release).items():
        path = file(home, folder, release)
        if not path.is_file():
            raise DamagedFile(f"{path} is missing: {ANOTHER}")
        if files.sha256(path) != one["sha256"]:
            raise DamagedFile(f"{path} is not what its release states: {ANOTHER}")


def point(home: Home, release: str, back_from: str | None = None) -> None:
    """Make a release the current one, and have all links follow.

    Args:
        home: the home.
        release: the release.
        back_from: the later one that somebody goes back from.
    """
    pointer = {"release": release} | ({"gone_back_from": back_from} if back_from else {})
    with _alone(home):
        files.remove_unfinished(home.serving)  # of switches that were killed
        files.write_whole(home.serving / "current.json", json.dumps(pointer))
        _follow(home, release)


def follow(home: Home) -> int:
    """Have all links lead to the current release, where a switch was interrupted; return how many did not.

    Raises:
        DamagedFile: the release lacks a file; no link is changed.
    """
    if not wrong_links(home):  # nothing is locked or written then: the home may be one that can only be read
        return 0
    with _alone(home):
        release = current(home)
        return _follow(home, release) if release else 0


def wrong_links(home: Home) -> list[str]:
    """Return the folders whose link does not lead to the current release."""
    release = current(home)
    return _wrong_links(home, release) if release else []


def _wrong_links(home: Home, release: str) -> list[str]:
    has = manifest(home, release)
    return [one for one in sorted(folders(home) | has.keys()) if _link(home, one) != _target(one in has, release)]


def _follow(home: Home, release: str) -> int:
    """Switch the links that lead elsewhere; one without a file in the release is removed, not left at another."""
    has = manifest(home, release)
    if gone := lost(home, release):
        raise DamagedFile(f"release {release} lacks its file of {', '.join(gone)}: {AGAIN}")
    wrong = _wrong_links(home, release)
    asides = [(_aside(home.serving / folder, release) if folder in has else None, folder) for folder in wrong]
    for aside, folder in asides:  # renames alone: links are of two releases for as long as these take
        link = home.serving / folder / CURRENT
        aside.replace(link) if aside else link.unlink(missing_ok=True)
    for folder in wrong:  # after all: between the first link and the last nothing waits for the disk
        files.sync(home.serving / folder)
    return len(wrong)


def _aside(folder: Path, release: str) -> Path:
    """Make a link to a release beside a folder's link, which it is to replace: readers see the old or the new one."""
    aside = folder / f".{CURRENT}.tmp"
    aside.unlink(missing_ok=True)
    aside.symlink_to(f"{release}/{FILE}")
    return aside


def _link(home: Home, folder: str) -> str | None:
    """Return where a folder's link leads: nowhere where it is a file, None where there is none."""
    link = home.serving / folder / CURRENT
    if link.is_symlink():
        return str(link.readlink())
    return "" if link.exists() else None


def _target(has: bool, release: str) -> str | None:
    return f"{release}/{FILE}" if has else None


def _path(home: Home, release: str) -> Path:
    return home.serving / "releases" / f"{release}.json"


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Switch alone: of two at once the links could follow the one and the pointer the other.

    Raises:
        HomeInUse: another process does not end.
    """
    lock = home.serving / ".switching.lock"
    try:
        with FileLock(lock, timeout=PATIENCE, mode=0o600):
            yield
    except Timeout:
        raise HomeInUse(f"{lock} is held: another process switches releases; call again when it has ended") from None
