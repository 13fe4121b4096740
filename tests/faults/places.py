"""Where a command can be disturbed: seeded, distinct places of each class, and what happens at one of them.

`python -m tests.faults.places TEMPLATE ROOT COMMAND CLASS FROM TO SEED` tries them under `LD_PRELOAD` of disk.c and
writes a line for each; coverage.py calls it.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.faults import disk
from tests.faults.commands import Trial, difference, is_sentence, prepared, say

MOST_FREE = 12 << 20  # bytes: with more room no command of the template meets the end of the disk
DAMAGES = ("flip", "cut", "empty", "missing")
DATABASES = {"warehouse.duckdb", "vault.duckdb"}  # of those a whole backup is restored
FAR = 20 * 365 * 86_400  # seconds
Place = tuple[Any, ...]
Broken = list[str]


def calls(trial: Trial, total: int, chance: random.Random) -> Iterator[Place]:
    """Yield calls and how each fails."""
    yield from _shuffled(
        itertools.product(range(1, total + 1), (kind for kind in disk.KINDS if kind != "killed")), chance
    )


def kills(_: Trial, total: int, chance: random.Random) -> Iterator[Place]:
    """Yield calls at which the process is killed."""
    yield from _shuffled(((n, "killed") for n in range(1, total + 1)), chance)


def damages(trial: Trial, _: int, chance: random.Random) -> Iterator[Place]:
    """Yield files of the home with what becomes of each; the whole of a file that is cut or flipped has many places."""
    folder = trial.template / ("backups" if trial.case.content.__name__ == "of_restored" else trial.case.home)
    found = [path for path in sorted(folder.rglob("*")) if _is_judged(path, folder)]
    names = [str(path.relative_to(trial.template)) for path in found]
    whole: list[Place] = [(name, how, 0) for name in names for how in ("empty", "missing")]
    yield from _shuffled(
        [one for one in whole if one[:2] not in {(name, "missing") for name in trial.case.begin_anew}], chance
    )
    while True:
        name, how = chance.choice(names), chance.choice(("flip", "cut"))
        yield name, how, chance.randrange((trial.template / name).stat().st_size)


def _is_judged(path: Path, folder: Path) -> bool:
    """Return whether a file holds something; what waits in the inbox is the sender's."""
    inner = path.relative_to(folder).parts
    return path.is_file() and not path.is_symlink() and path.stat().st_size > 0 and inner[0] != "inbox"


def full(_: Trial, __: int, chance: random.Random) -> Iterator[Place]:
    """Yield how many bytes of the disk are free: few more often than many; and once a disk that can only be read."""
    yield ("read-only",)
    while True:
        yield (int(MOST_FREE ** chance.random()) // 4096 * 4096,)


def clocks(_: Trial, __: int, chance: random.Random) -> Iterator[Place]:
    """Yield by how many seconds the clock is ahead, or behind: by minutes as often as by years."""
    while True:
        yield (int(FAR ** chance.random()) * chance.choice((1, -1)),)


def _shuffled(places: Any, chance: random.Random) -> list[Place]:
    found = list(places)
    return chance.sample(found, len(found))


def at_call(trial: Trial, place: Place) -> Broken:
    """Let a call fail, or end the process there."""
    n, kind = place
    _, broken = trial.at(n, *disk.KINDS[kind])
    return [] if disk.is_known(kind, broken) else broken


def at_damage(trial: Trial, place: Place) -> Broken:
    """Damage a file; what is refused goes on once the file is put back, what is done is true or found by `verify`."""
    name, how, offset = place
    trial.fresh()
    path = trial.root / name
    damaged = _damage(path, how, offset)
    _, shown = trial.call("status")
    code, said = trial.call(*trial.case.arguments)
    wrong = [f"the process ended with {code}"] if code else []
    wrong += [f"{what}: {one}" for what, one in (("status", shown), ("said", said)) if not _is_answer(one)]
    is_done = bool(said) and said["code"] == 0
    put_back = _held(path) == damaged and (not is_done or name in trial.left)
    if put_back:
        _copy_of(trial.template / name, path)
    if not is_done:
        return wrong if path.name in DATABASES else wrong + trial.again()
    if (found := trial.content()) == trial.made:
        return wrong
    if put_back and damaged is None:
        path.unlink()
    elif put_back:
        path.write_bytes(damaged)
    _, verified = trial.call("verify")
    is_found = verified and verified["code"] == 1 and "Traceback" not in verified["error"]
    return wrong if is_found else [*wrong, f"taken for true: {difference(found, trial.made)}"]


def _is_answer(said: Any) -> bool:
    return bool(said) and (said["code"] == 0 or is_sentence(said["error"]))


def _held(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _copy_of(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, path)


def _damage(path: Path, how: str, offset: int) -> bytes | None:
    """Damage a file; return what it holds then."""
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
        return None
    flipped = content[:offset] + bytes([content[offset] ^ 1 << offset % 8]) + content[offset + 1 :]
    damaged = {"flip": flipped, "cut": content[:offset], "empty": b""}[how]
    path.write_bytes(damaged)
    return damaged


def on_small_disk(trial: Trial, place: Place) -> Broken:
    """Call the command on a disk of its own with so much room, and again with more."""
    root = trial.root
    with _mounted(root.with_name("disk")) as disk_of_its_own:
        trial.root = disk_of_its_own / "at"
        try:
            return (
                _read_only(trial, disk_of_its_own) if place == ("read-only",) else _full(trial, disk_of_its_own, *place)
            )
        finally:
            trial.root = root


@contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    """Yield a folder in memory that is a file system of its own."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _full(trial: Trial, folder: Path, free: int) -> Broken:
    trial.fresh()
    system = os.statvfs(folder)
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(system.f_bavail * system.f_bsize - free, 1))
    code, said = trial.call(*trial.case.arguments)
    filler.unlink()
    wrong = [f"the process ended with {code}"] if code not in (0, -6) else []  # -6: DuckDB, where its log cannot be cut
    return wrong + trial.judged(said) + trial.again()


def _read_only(trial: Trial, folder: Path) -> Broken:
    trial.fresh()
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    code, said = trial.call(*trial.case.arguments)
    _, shown = trial.call("status")
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    wrong = [f"the process ended with {code}"] if code else []
    if not shown or (shown["code"] and not is_sentence(shown["error"])):
        wrong.append(f"status: {shown}")
    return wrong + trial.judged(said) + trial.again()


def at_clock(trial: Trial, place: Place) -> Broken:
    """Call the command while the clock is wrong, and again with the right one."""
    trial.fresh()
    code, said = trial.call(*trial.case.arguments, arm=lambda: trial.library.fault_clock(*place))
    wrong = [f"the process ended with {code}"] if code else []
    return wrong + trial.judged(said) + trial.again()


Class = tuple[Callable[[Trial, int, random.Random], Iterator[Place]], Callable[[Trial, Place], Broken]]
CLASSES: dict[str, Class] = {
    "failed call": (calls, at_call),
    "kill": (kills, at_call),
    "damage": (damages, at_damage),
    "full disk": (full, on_small_disk),
    "clock": (clocks, at_clock),
}


def distinct(places: Iterator[Place], how_many: int) -> list[Place]:
    """Return so many distinct places, or all there are."""
    found: dict[Place, None] = {}
    for place in itertools.islice(places, how_many * 20):
        found[place] = None
        if len(found) == how_many:
            break
    return list(found)


def main(template: Path, root: Path, name: str, class_: str, chosen: slice, seed: str) -> None:
    """Try a command at the chosen ones of the distinct places of a class; write a line for each."""
    find, attempt = CLASSES[class_]
    with ExitStack() as stack:
        trial = prepared(template, root, name, stack)
        total = trial.counted()
        for place in distinct(find(trial, total, random.Random(f"{seed} {name} {class_}")), chosen.stop)[chosen]:
            say({"command": name, "class": class_, "place": place, "broken": attempt(trial, place)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4],
         slice(*map(int, sys.argv[5:7])), sys.argv[7])  # fmt: skip
