"""Killed at any moment, any step, and run again: the same tables, row by row, as an undisturbed run."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import qhawaq_process as qhawaq
from tests.conftest import shared
from tests.faults import tables
from warehouse import keys
from warehouse.settings import Home

# Fewer files, but of each kind: enrollments with corrections, a superseded month, a withheld region.
KEPT = r"SIAGIE_MATRICULA|ESCALE|UBIGEO|INEI|SIAGIE_ASISTENCIA_(202209|20230[56])|SIAGIE_NOTAS_2022A|SISFOH|JUNTOS|CEM"


@dataclass(frozen=True)
class Undisturbed:
    """Deliveries not yet landed, and what an undisturbed run makes of them."""

    template: Path
    content: dict[str, object]
    seconds: float


def start(home: Path) -> subprocess.Popen[bytes]:
    """Start the main job in a process group of its own."""
    command = [sys.executable, "-m", "tests.faults.job", "--home", str(home), "--quiet", "run"]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(home: Path) -> None:
    """Run the main job to its end."""
    job = start(home)
    _, error = job.communicate(timeout=600)
    assert job.returncode == 0, error.decode()[-3000:]


def undisturbed(root: Path, children: int, years: str, kept: str | None = None) -> Undisturbed:
    """Make the template and run it once, for all workers."""
    template, home = root / "template", root / "undisturbed"
    with FileLock(str(root) + ".lock"):
        if not (root / "seconds").exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            qhawaq(template, "simulate", "--children", str(children), "--years", years, "--truth", str(root / "truth"))
            for path in (template / "inbox").iterdir():
                if kept and not re.match(kept, path.name):
                    path.unlink()
            keys.load(Home(template).secrets)  # the same secret gives the same keys
            shutil.copytree(template, home)
            begun = time.monotonic()
            finish(home)
            (root / "seconds").write_text(str(time.monotonic() - begun))
    return Undisturbed(template, tables.of_home(Home(home)), float((root / "seconds").read_text()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Five school years: enough that a model is trained too."""
    return undisturbed(shared(tmp_path_factory) / "whole", 600, "2014-2018")


@pytest.fixture(scope="module")
def slice_(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Two school years: too few for a model, so the best rule ranks; a run takes a third of the time."""
    return undisturbed(shared(tmp_path_factory) / "slice", 500, "2022-2023", KEPT)


def killed_and_run_again(state: Undisturbed, home: Path, seed: int, kills: int) -> None:
    """Kill the job at random moments, each time it is run again, then let it end."""
    moments = random.Random(seed)
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(state.template, home)
    for _ in range(kills):
        job = start(home)
        time.sleep(moments.uniform(0.02, 0.95) * state.seconds)
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
        job.communicate()
    finish(home)
    found = tables.of_home(Home(home))
    assert sorted(found) == sorted(state.content)
    assert {name: value for name, value in found.items() if state.content[name] != value} == {}


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of this worker's homes, one after the other."""
    return tmp_path_factory.mktemp("killed") / "home"


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(5))
def test_a_killed_job_ends_in_the_same_tables(whole: Undisturbed, one_home: Path, seed: int) -> None:
    killed_and_run_again(whole, one_home, seed, kills=1)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(7, marks=pytest.mark.long),
        *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(100, 140)),
    ],
)
def test_a_killed_slice_ends_in_the_same_tables(slice_: Undisturbed, one_home: Path, seed: int) -> None:
    killed_and_run_again(slice_, one_home, seed, kills=2 if seed % 4 == 0 else 1)
