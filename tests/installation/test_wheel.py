"""A wheel is complete: installed alone, it does the whole job in an empty folder, and writes nothing into itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from warehouse.settings import REPOSITORY

UV = REPOSITORY / ".uv" / "bin" / "uv"
pytestmark = pytest.mark.skipif(not UV.exists(), reason="uv is not installed in .uv: call make test")


def called(*command: str | Path, cwd: Path) -> str:
    """Call a command with nothing of this process's paths in its environment."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "QHAWAQ_", "VIRTUAL_ENV", "UV_COMPILE"))
    }
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", folder)
    called(UV, *build, REPOSITORY, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


def test_what_the_project_reads_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("dbt_project", "warehouse", "ml", "service", "dags", "deploy", "grafana/provisioning"):
        there = {
            str(path.relative_to(REPOSITORY))
            for path in (REPOSITORY / folder).rglob("*")
            if path.is_file() and not {"target", "logs", "__pycache__"} & set(path.parts)
        }
        assert there <= names, sorted(there - names)[:5]
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "docs/"))]


def test_without_git_its_commit_is_unknown(tmp_path: Path) -> None:
    command = (
        UV,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        tmp_path,
    )
    subprocess.run([*command, REPOSITORY], env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, check=True)
    (made,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(made).read("warehouse/commit.txt") == b"unknown"


@pytest.mark.long
def test_it_does_the_whole_job_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    environment, folder = tmp_path / "environment", tmp_path / "empty"
    folder.mkdir()
    python = environment / "bin" / "python"
    called(UV, "venv", "--quiet", "--python", sys.executable, environment, cwd=folder)
    lock = REPOSITORY / "requirements" / "run.txt"
    into = ("pip", "install", "--quiet", "--no-deps", "--python", python)
    called(UV, *into, "--require-hashes", "-r", lock, cwd=folder)
    called(UV, *into, wheel, cwd=folder)
    qhawaq = environment / "bin" / "qhawaq"
    before = written(environment)
    assert re.fullmatch(
        r"qhawaq \S+ \(commit ([0-9a-f]{12}(-dirty)?|unknown)\)\n", called(qhawaq, "--version", cwd=folder)
    )
    called(qhawaq, "simulate", "--children", "500", "--years", "2023-2024", cwd=folder)
    assert "tests passed" in (said := called(qhawaq, "run", cwd=folder)) or "passed on" in said
    assert "landed" in called(qhawaq, "status", cwd=folder)
    assert (folder / "data" / "serving" / "officials" / "current.duckdb").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["data", "truth"]
    assert written(environment) == before


def written(environment: Path) -> dict[str, float]:
    """Return when each file of an environment was changed last, but for what Python compiles."""
    files = (path for path in environment.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path): path.stat().st_mtime for path in files}
