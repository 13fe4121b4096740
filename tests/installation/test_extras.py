"""The main job needs nothing that only an extra brings; what does says which one."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from warehouse import cli
from warehouse.settings import REPOSITORY

# Modules of each extra, and all that only commands of that extra call.
OF_EXTRAS = re.compile(r"(ml\.judging\.pictures|warehouse\.report|warehouse\.audit\.pages)\b")
BLOCKED = """
import importlib, sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Lacking())
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def modules() -> list[str]:
    """Return the modules of the main job."""
    files = [path for package in ("warehouse", "ml") for path in (REPOSITORY / package).rglob("*.py")]
    names = [".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in files]
    return sorted(name for name in names if not OF_EXTRAS.match(name) and not name.endswith("__main__"))


def imported(packages: list[str], *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED, ",".join(packages), *names]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_the_main_job_imports_nothing_of_an_extra() -> None:
    lock = (REPOSITORY / "requirements" / "run.txt").read_text().replace("-", "_")
    only = [
        one for packages in cli.EXTRAS.values() for one in packages if not re.search(rf"^{one}==", lock, re.MULTILINE)
    ]
    assert {"pandas", "altair", "fastapi"} <= set(only)
    done = imported(only, *modules())
    assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.parametrize("name", ["ml.judging.pictures", "warehouse.report.charts", "service.api"])
def test_what_is_left_out_does(name: str) -> None:
    done = imported([one for packages in cli.EXTRAS.values() for one in packages], name)
    assert "ModuleNotFoundError" in done.stderr
