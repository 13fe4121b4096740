"""Every writing command at many seeded places of every class of fault; the table of what was tried, held and failed.

`python -m tests.faults.coverage --places 100 --seed 1 --to faults.jsonl` tries; it goes on after what stands in the file
already, so that it can be interrupted. `--table faults.jsonl` prints the table alone. It needs a C compiler and root (for
disks of their own).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.faults import template
from tests.faults.cases import HEAVY, LIGHT
from tests.faults.places import CLASSES
from warehouse.settings import REPOSITORY

COMMANDS = (*LIGHT, *HEAVY)
Line = dict[str, Any]


def built(folder: Path) -> Path:
    """Build the library that lets calls fail."""
    library = folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def made(folder: Path, commands: list[str]) -> Path:
    """Write the homes that the commands need."""
    home = folder / "template"
    if set(commands) & set(LIGHT) and not (home / "home").exists():
        template.write(home)
    if set(commands) & set(HEAVY) and not (home / "country").exists():
        importlib.import_module("tests.faults.heavy").write(home)
    return home


def tried(folder: Path, library: Path, homes: Path, task: tuple[str, str, int, int, str], to: Path) -> None:
    """Try a command at places of a class; append a line for each."""
    command, class_, *_ = task
    root = folder / "at"
    given = [str(homes), str(root), *map(str, task)]
    with to.open("a") as file:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.places", *given], cwd=REPOSITORY, stdout=file, check=False,
            env=os.environ | {"LD_PRELOAD": str(library), "FAULT_ROOT": str(folder), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        if done.returncode:
            file.write(
                json.dumps({"command": command, "class": class_, "place": None, "broken": ["the trial ended"]}) + "\n"
            )


def read(path: Path) -> list[Line]:
    """Return what was tried."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(lines: list[Line]) -> str:
    """Return the table of what was tried and failed, by command and class, as Markdown."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        for key in ((line["command"], line["class"]), (line["command"], "all"), ("all", line["class"]), ("all", "all")):
            counts[key][0] += 1
            counts[key][1] += bool(line["broken"])
    rows = [command for command in (*COMMANDS, "all") if (command, "all") in counts]
    head = f"| tried (failed) | {' | '.join(CLASSES)} | all |\n|---|{'---:|' * (len(CLASSES) + 1)}"
    return "\n".join([head, *(_row(command, counts) for command in rows)])


def _row(command: str, counts: dict[tuple[str, str], list[int]]) -> str:
    cells = [counts.get((command, name), [0, 0]) for name in (*CLASSES, "all")]
    return f"| {command} | {' | '.join(f'{tried:,}' + (f' ({failed})' if failed else '') for tried, failed in cells)} |"


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", type=int, default=100)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--to", type=Path, default=Path("faults.jsonl"))
    parser.add_argument("--table", type=Path)
    parser.add_argument("--command", action="append", choices=COMMANDS)
    parser.add_argument("--class", dest="classes", action="append", choices=list(CLASSES))
    return parser.parse_args()


def main() -> None:
    """Try, and print the table."""
    asked = arguments()
    if asked.table:
        print(table(read(asked.table)))  # noqa: T201  this is its output
        return
    known = Counter((line["command"], line["class"]) for line in read(asked.to))
    commands = asked.command or list(COMMANDS)
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a folder of its own in memory
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=parent))
    try:
        library, homes = built(folder), made(folder, commands)
        for class_ in asked.classes or CLASSES:
            for command in commands:
                if (done := known[command, class_]) < asked.places:
                    tried(folder, library, homes, (command, class_, done, asked.places, asked.seed), asked.to)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(read(asked.to)))  # noqa: T201  this is its output


if __name__ == "__main__":
    main()
