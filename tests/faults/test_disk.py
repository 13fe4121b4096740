"""The disk fails at any one call while a small home lands: no delivery is gone, nothing untrue is said, the next landing ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults import disk
from tests.landing import samples
from warehouse.settings import REPOSITORY


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home before its first landing: two deliveries that land and one that is refused."""
    folder = tmp_path_factory.mktemp("disk") / "template"
    (folder / "inbox").mkdir(parents=True)
    refused = samples.ATTENDANCE.replace("202403_20240410", "202404_20240510")
    for name, content in (
        (samples.ATTENDANCE, samples.attendance()),
        (samples.ENROLLMENT, samples.enrollment()),
        (refused, samples.attendance(header=samples.HEADER.replace("MES", "MONTH"))),
    ):
        path = folder / "inbox" / name
        path.write_bytes(content.encode("latin-1"))
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    return folder


@pytest.mark.faults
@pytest.mark.parametrize("kind", disk.KINDS)
def test_the_law_holds_on_a_disk_that_fails(library: Path, template: Path, tmp_path: Path, kind: str) -> None:
    number, mode = disk.KINDS[kind]
    command = [sys.executable, "-m", "tests.faults.disk", str(template), str(tmp_path), str(number), str(mode)]
    done = subprocess.run(
        [*command, "0", "100000", str(disk.STEP)], cwd=REPOSITORY,
        env=os.environ | {"LD_PRELOAD": str(library), "FAULT_ROOT": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0]["calls"]["calls"] > 100
    broken = {line["n"]: line["broken"] for line in lines[1:] if not disk.is_known(kind, line["broken"])}
    assert {n: found for n, found in broken.items() if found} == {}
