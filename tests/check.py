"""What a change touches, in seconds: `make check` lints it, builds its models on the small country, runs its tests.

Compared is the working tree with a revision (`python -m tests.check [REVISION]`, HEAD where none is given). Tests of the
whole country are left to `make test`; so is what no test imports by name.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests import homes
from warehouse.settings import REPOSITORY, Home

BIN = Path(sys.executable).parent
JUDGES = REPOSITORY / ".judges" / "bin"
MODELS = "dbt_project/models/"
PACKAGES = ("warehouse", "ml", "dags", "deploy", "grafana")


def changed(revision: str) -> list[str]:
    """Return what was changed since a revision, or is new, and still there."""
    asked = (("diff", "--name-only", "--end-of-options", revision), ("ls-files", "--others", "--exclude-standard"))
    said = "".join(
        subprocess.run(["git", *one], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        for one in asked
    )
    return sorted(name for name in set(said.splitlines()) if (REPOSITORY / name).is_file())


def module_of(name: str) -> str | None:
    """Return the module that a file is, `warehouse.landing.cast`; nothing for what is none of the project's."""
    if not name.endswith(".py") or name.split("/")[0] not in PACKAGES:
        return None
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tests_of(names: Iterable[str]) -> list[str]:
    """Return the files of tests that were changed themselves or import a changed module by its name."""
    files = sorted((REPOSITORY / "tests").rglob("test_*.py"))
    texts = {str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8") for path in files}
    found = {name for name in names if name in texts}
    for module in filter(None, map(module_of, names)):
        found |= {name for name, text in texts.items() if imports(text, module)}
    return sorted(found)


def imports(text: str, module: str) -> bool:
    """Say whether a file imports a module, or a name from it."""
    package, _, name = module.rpartition(".")
    plain = rf"^\s*(?:import|from) {re.escape(module)}\b"
    of_package = rf"^\s*from {re.escape(package)} import (?:\([^)]*|.*)\b{re.escape(name)}\b"
    return bool(re.search(plain, text, re.MULTILINE) or re.search(of_package, text, re.MULTILINE))


def models_of(names: Iterable[str]) -> list[str]:
    """Return the models whose SQL or Python was changed."""
    return sorted(Path(name).stem for name in names if name.startswith(MODELS) and name.endswith((".sql", ".py")))


def step(title: str, *command: str | Path) -> bool:
    """Do one step; say how long it took and, if it failed, what it said."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    print(f"{'ok' if not done.returncode else 'FAILED':7}{time.monotonic() - begun:5.1f} s  {title}", flush=True)
    if done.returncode:
        print(done.stdout[-6000:] + done.stderr[-6000:])
    return not done.returncode


def judged_models(models: list[str], names: list[str]) -> Iterable[bool]:
    """Lint models, run their unit tests, and build them with their tests on a copy of the small country."""
    sql = [name for name in names if name.startswith(MODELS) and name.endswith(".sql")]
    if sql and (JUDGES / "sqlfluff").exists():
        yield step(f"sqlfluff {len(sql)} files", JUDGES / "sqlfluff", "lint", "--disable-progress-bar", *sql)
    kept = homes.latest("country")
    if kept is None:
        print("the small country is not made yet, so models are not built: call make test once")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = homes.copy(kept / "home", Home(Path(folder) / "home"))
        chosen = ("--select", " ".join(models))
        yield step(f"built {', '.join(models)}", BIN / "qhawaq", "--home", home.root, "build", *chosen)
        yield step("unit tests", BIN / "python", "-c", UNIT_TESTS, home.root, *models)


UNIT_TESTS = """
import sys
from pathlib import Path
from warehouse import dbt
from warehouse.progress import Progress
from warehouse.settings import Home
print(dbt.unit_tests(Home(Path(sys.argv[1])), Progress(quiet=True), sys.argv[2:]))
"""


def main(revision: str = "HEAD") -> int:
    """Check what was changed; return 1 where something is wrong."""
    names = changed(revision)
    python = [name for name in names if name.endswith(".py")]
    tests, models = tests_of(names), models_of(names)
    print(f"{len(names)} files changed since {revision}: {len(models)} models, {len(tests)} files of tests")
    good = []
    if python:
        good += [step(f"ruff {len(python)} files", BIN / "ruff", "check", *python)]
        good += [step("format", BIN / "ruff", "format", "--check", *python), step("imports", BIN / "lint-imports")]
    if models:
        good += judged_models(models, names)
    if tests:
        marks = "not country and not long and not faults and not airflow"
        good += [
            step(f"tests {' '.join(tests)}", BIN / "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", marks, *tests)
        ]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
