"""Readers agree on one release, whatever ends a publication or a rollback and wherever."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import disk
from tests.publish.home import with_marts
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.settings import REPOSITORY, Home


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two releases."""
    home = Home(tmp_path_factory.mktemp("publishing") / "template")
    with_marts(home)
    for _ in range(2):
        releases.publish(home, Progress(quiet=True), "k" * 8)
    return home.root


def lines(library: Path, template: Path, root: Path, task: str, kind: str, *chosen: int) -> list[dict]:
    """Return what became of each try."""
    command = [
        sys.executable,
        "-m",
        "tests.faults.publishing",
        str(template),
        str(root),
        task,
        *map(str, disk.KINDS[kind]),
    ]
    done = subprocess.run(
        [*command, *map(str, chosen)], cwd=REPOSITORY, env=os.environ | {"LD_PRELOAD": str(library), "FAULT_ROOT": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    whole, *tries = map(json.loads, done.stdout.splitlines())
    assert whole["said"] == "done"
    assert tries
    if kind == "killed":
        assert all(one["ended"] == -9 for one in tries)
    return tries


@pytest.mark.parametrize("task", ["publish", pytest.param("rollback", marks=pytest.mark.long)])
def test_a_killed_one_leaves_one_release(library: Path, template: Path, tmp_path: Path, task: str) -> None:
    tries = lines(library, template, tmp_path, task, "killed", 3, 100_000, 151 if task == "publish" else 23)
    assert {one["n"]: one["broken"] for one in tries if one["broken"]} == {}


@pytest.mark.faults
@pytest.mark.parametrize(("kind", "task"), list(itertools.product(disk.KINDS, ["publish", "rollback"])))
def test_one_that_fails_anywhere_leaves_one_release(
    library: Path, template: Path, tmp_path: Path, kind: str, task: str
) -> None:
    tries = lines(library, template, tmp_path, task, kind, 0, 100_000, disk.STEP)
    assert {one["n"]: one["broken"] for one in tries if one["broken"]} == {}
