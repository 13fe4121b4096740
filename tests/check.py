"""What a change touches, in seconds: `make check` lints it, builds its models on the small country, runs its tests.

Compared is the working tree with a revision (`python -m tests.check [REVISION]`, HEAD where none is given). Tests of the
whole country are left to `make test`; so is what no test imports by name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests import homes
from warehouse.settings import REPOSITORY, Home

BIN = Path(sys.executable).parent
JUDGES = REPOSITORY / ".judges" / "bin"
PROJECT, MODELS = "dbt_project/", "dbt_project/models/"
PACKAGES = ("warehouse", "ml", "service", "dags", "deploy", "grafana")
ALL_LEFT_OUT = 5  # pytest's exit status where the marks leave no test
QUICK = "not country and not long and not faults and not airflow and not spark"
UNIT_TESTS = """
import sys
from pathlib import Path
from warehouse.build import dbt
from warehouse.progress import Progress
from warehouse.settings import Home
print(dbt.unit_tests(Home(Path(sys.argv[1])), Progress(quiet=True), sys.argv[2:]))
"""


def changed(revision: str) -> list[str]:
    """Return what was changed or removed since a revision, or is new.

    Raises:
        SystemExit: git is not there or does not know the revision; its own words are the message.
    """
    asked = (("diff", "--name-only", "-z", "--end-of-options", revision),
             ("ls-files", "--others", "--exclude-standard", "-z"))  # fmt: skip
    found: set[str] = set()
    for one in asked:
        try:
            done = subprocess.run(["git", *one], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise SystemExit(
                "make check compares with git, which is not installed: call make lint and make test"
            ) from None
        if done.returncode:
            raise SystemExit(f"make check cannot compare with {revision!r}: {done.stderr.strip().splitlines()[0]}")
        found |= set(filter(None, done.stdout.split("\0")))
    return sorted(found)


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
    for module in changed_modules(names):
        found |= {name for name, text in texts.items() if imports(text, module)}
    return sorted(found)


def changed_modules(names: Iterable[str]) -> Iterator[str]:
    """Yield the modules that files are, and the packages that pass on what is in them."""
    for module in filter(None, map(module_of, names)):
        yield module
        package = module.rpartition(".")[0]
        passes_on = REPOSITORY / package.replace(".", "/") / "__init__.py"
        if passes_on.is_file() and imports(passes_on.read_text(encoding="utf-8"), module):
            yield package


def imports(text: str, module: str) -> bool:
    """Say whether a file imports a module, or a name from it."""
    package, _, name = module.rpartition(".")
    plain = rf"^\s*(?:import|from) {re.escape(module)}\b"
    of_package = rf"^\s*from {re.escape(package)} import (?:\([^)]*|[^(#\n]*)\b{re.escape(name)}\b"
    return bool(re.search(plain, text, re.MULTILINE) or re.search(of_package, text, re.MULTILINE))


def models_of(names: Iterable[str]) -> list[str]:
    """Return the models whose SQL or Python was changed and is there."""
    models = (name for name in names if name.startswith(MODELS) and name.endswith((".sql", ".py")))
    return sorted(Path(name).stem for name in models if (REPOSITORY / name).is_file())


def step(title: str, *command: str | Path, passing: tuple[int, ...] = (0,)) -> bool:
    """Do one step; say how long it took and, if it failed, what it said."""
    begun = time.monotonic()
    # sqlfluff compiles, for which dbt opens a warehouse: an empty one
    environment = {"QHAWAQ_HOME": str(JUDGES.parent / "home")} | os.environ
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    is_good = done.returncode in passing
    print(f"{'ok' if is_good else 'FAILED':7}{time.monotonic() - begun:5.1f} s  {title}", flush=True)
    if not is_good:
        print(done.stdout[-6000:] + done.stderr[-6000:])
    return is_good


def left_out(what: str, instead: str) -> bool:
    """Say what was not judged, and how it can be; that is no success."""
    print(f"not done       {what}: {instead}")
    return False


def judged_python(names: list[str]) -> Iterator[bool]:
    """Lint files of Python."""
    if there := [name for name in names if name.endswith(".py") and (REPOSITORY / name).is_file()]:
        yield step(f"ruff, {counted(len(there), 'file')}", BIN / "ruff", "check", *there)
        yield step("format", BIN / "ruff", "format", "--check", *there)
    if any(map(module_of, names)):
        yield step("imports", BIN / "lint-imports")
        yield step("types", BIN / "mypy")


def judged_project(names: list[str]) -> Iterator[bool]:
    """Parse the dbt project; lint changed models, build them with their tests on the small country, run their unit tests."""
    if not any(name.startswith(PROJECT) for name in names):
        return
    yield (parsed := step("dbt parses the project", BIN / "python", "-m", "warehouse.build.parsing"))
    models = models_of(names)
    if not models or not parsed:
        return
    sql = [
        name for name in names if name.startswith(MODELS) and name.endswith(".sql") and (REPOSITORY / name).is_file()
    ]
    if sql and (JUDGES / "sqlfluff").exists():
        (JUDGES.parent / "home").mkdir(exist_ok=True)
        yield step(
            f"sqlfluff, {counted(len(sql), 'file')}", JUDGES / "sqlfluff", "lint", "--disable-progress-bar", *sql
        )
    elif sql:
        yield left_out("sqlfluff", "call make lint once, which installs it")
    if (kept := homes.latest("country")) is None:
        yield left_out("models are not built", "call make test once, which makes the small country")
        return
    with tempfile.TemporaryDirectory() as folder:
        home = homes.copy(kept / "home", Home(Path(folder) / "home"))
        chosen = ("--select", " ".join(models))
        yield step(f"built {', '.join(models)}", BIN / "qhawaq", "--home", home.root, "build", *chosen)
        yield step("unit tests", BIN / "python", "-c", UNIT_TESTS, home.root, *models)


def judged_tests(tests: list[str]) -> Iterator[bool]:
    """Run the quick ones among tests."""
    if tests:
        how = ("-q", "-n", "2", "--dist", "loadfile", "-m", QUICK)
        yield step(f"tests {' '.join(tests)}", BIN / "pytest", *how, *tests, passing=(0, ALL_LEFT_OUT))


def counted(n: int, what: str) -> str:
    """Return a number of things, in words."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def main(revision: str = "HEAD") -> int:
    """Check what was changed; return 1 where something is wrong or could not be judged."""
    names = changed(revision)
    tests, models = tests_of(names), models_of(names)
    print(
        f"{counted(len(names), 'file')} changed since {revision}: {counted(len(models), 'model')}, "
        f"{counted(len(tests), 'file')} of tests"
    )
    return int(not all([*judged_python(names), *judged_project(names), *judged_tests(tests)]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
