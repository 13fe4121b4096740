"""Commands that are killed, or whose disk fails, at any one call: what was begun is ended, nothing untrue is said."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults import disk, template
from warehouse.settings import REPOSITORY

COMMANDS = (
    "retain",
    "erase",
    "oppose",
    "part",
    "withdraw",
    "codes map",
    "parameters",
    "deploy",
    "rotate-secret",
    "collect",
    "notify",
    "backup",
    "restore",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny home and its backups."""
    folder = tmp_path_factory.mktemp("commands") / "template"
    template.write(folder)
    return folder


def tried(library: Path, made: Path, root: Path, name: str, kind: str, chosen: str) -> list[dict[str, Any]]:
    """Let a command fail at the chosen calls, one after the other; return a line for each."""
    number, mode = disk.KINDS[kind]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.commands", str(made), str(root), name, str(number), str(mode), *chosen.split()],
        cwd=REPOSITORY, env=os.environ | {"LD_PRELOAD": str(library), "FAULT_ROOT": str(root)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()][1:]


@pytest.mark.faults
@pytest.mark.parametrize(("name", "kind"), list(itertools.product(COMMANDS, disk.KINDS)))
def test_the_law_holds_for_every_command(library: Path, made: Path, tmp_path: Path, name: str, kind: str) -> None:
    lines = tried(library, made, tmp_path / "at", name, kind, f"0 100000 {disk.STEP}")
    assert lines
    assert {
        line["n"]: line["broken"] for line in lines if line["broken"] and not disk.is_known(kind, line["broken"])
    } == {}


@pytest.mark.long
def test_a_killed_replacement_of_the_secret_is_ended_by_the_same_command(
    library: Path, made: Path, tmp_path: Path
) -> None:
    lines = tried(library, made, tmp_path / "at", "rotate-secret", "killed", "15 500 40")
    assert len(lines) > 1
    assert [line["broken"] for line in lines if line["broken"]] == []


@pytest.mark.long
def test_a_killed_erasure_is_ended_by_the_next_command(library: Path, made: Path, tmp_path: Path) -> None:
    lines = tried(library, made, tmp_path / "at", "erase", "killed", "40 120 45")
    assert [line["broken"] for line in lines] == [[], []]
