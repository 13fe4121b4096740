"""A release is published, or gone back on, on a disk that fails or by a process that is killed at its n-th call.

The law: whoever follows the pointer reads one release, whole, at any moment; the next call that follows makes every link
lead to it; the next publication is like an undisturbed one. Run under `LD_PRELOAD` of disk.c by test_publishing.py.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.faults.disk import in_fork
from warehouse import machine
from warehouse.errors import QhawaqError
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.settings import Home

SILENT = Progress(quiet=True)
TASKS: dict[str, Callable[[Home], object]] = {
    "publish": lambda home: releases.publish(home, SILENT, "again000"),
    "rollback": releases.rollback,
}


def tried(task: Callable[[Home], object], home: Home, arm: Callable[[], None]) -> str:
    """Do a task; return how it ended, as a command would say it."""
    arm()
    try:
        task(home)
    except QhawaqError as error:
        return str(error)
    except Exception as error:
        return machine.sentence(error, home.root) or f"Traceback: {error!r}"
    return "done"


def seen(files: list[Path]) -> list[str]:
    """Return the releases that files say they are of, each read as its readers do."""
    found = set()
    for path in files:
        with duckdb.connect(str(path), read_only=True) as db:
            tables = [name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()]
            for table in tables:
                found |= {str(row[0]) for row in db.execute(f"select distinct release_id from {table}").fetchall()}
    return sorted(found)


def by_pointer(home: Home) -> list[str]:
    """Return the releases in the files of the current one, after all were read against their hashes."""
    release = switching.current(home)
    assert release
    switching.check(home, release)
    return seen([switching.file(home, folder, release) for folder in switching.manifest(home, release)])


def by_links(home: Home) -> list[str]:
    """Return the releases that links lead to, once they followed."""
    switching.follow(home)
    assert switching.wrong_links(home) == []
    return seen([home.serving / folder / switching.CURRENT for folder in switching.folders(home)])


def broken(home: Home, known: set[str], name: str) -> list[str]:
    """Say where the law does not hold after a task that was cut off."""
    _, first = in_fork(lambda: by_pointer(home))
    _, second = in_fork(lambda: by_links(home))
    _, back = in_fork(lambda: switching.gone_back_from(home))
    _, again = in_fork(lambda: [releases.publish(home, SILENT, "after000")[0], by_links(home), switching.kept(home)])
    wrong = []
    if not first or len(first) != 1:
        wrong.append(f"by the pointer: {first}")
    if second != first:
        wrong.append(f"links that followed: {second}, the pointer: {first}")
    if not again or again[1] != [again[0]] or not known <= {*again[2]}:
        wrong.append(f"published again: {again}, known before: {known}")
    if name == "publish" and back:
        wrong.append(f"nobody went back from {back}")
    left = [str(path) for path in home.serving.rglob("*.part*")]
    return [*wrong, *(f"left: {path}" for path in left)]


def say(what: dict[str, object]) -> None:
    """Write a line for the test."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def main(template: Path, root: Path, name: str, number: int, mode: int, chosen: slice) -> None:
    """Let each chosen call fail, one task each; write a line for each."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.fault_arm.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int)
    home, task, known = Home(root / "home"), TASKS[name], set(switching.kept(Home(template)))

    def begin() -> None:
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.copytree(template, home.root, symlinks=True)

    def counted() -> object:
        said = tried(task, home, lambda: library.fault_arm(1 << 40, number, 0))
        return {"said": said, "calls": library.fault_count()}

    begin()
    _, whole = in_fork(counted)
    say(whole)
    for n in range(1, whole["calls"] + 1)[chosen]:
        begin()
        ended, said = in_fork(lambda n=n: tried(task, home, lambda: library.fault_arm(n, number, mode)))
        wrong = broken(home, known, name)
        if said and said.startswith("Traceback"):
            wrong.append(said)
        say({"n": n, "ended": ended, "said": said, "broken": wrong})


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        Path(sys.argv[2]),
        sys.argv[3],
        int(sys.argv[4]),
        int(sys.argv[5]),
        slice(*map(int, sys.argv[6:9])),
    )
