"""The newest supported Python is taken; whatever is missing ends in one sentence that says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from warehouse.settings import REPOSITORY

SCRIPT = REPOSITORY / "requirements" / "find_python.sh"
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")


def python(folder: Path, name: str, version: str, venv: bool = True) -> None:
    """Put something into a folder that answers as a Python of some version does."""
    major, minor = version.split(".")
    told = f"({major}, {minor}, 0)"
    (folder / name).write_text(f"""#!/bin/sh
[ "$1" = --version ] && {{ echo "Python {version}.0"; exit 0; }}
case "$2" in
  print*) echo yes; exit 0 ;;
  *version_info*) exec {os.path.realpath("/usr/bin/env")} -i {Path(sys.executable)} -c \
"import sys; sys.version_info = {told}; exec(\\"\\"\\"$2\\"\\"\\")" ;;
  *venv*) {"echo yes" if venv else "exit 1"} ;;
esac
""")
    (folder / name).chmod(0o755)


def found(folder: Path, *named: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT, *named], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("there", [("3.11",), ("3.12", "3.11"), ("3.14", "3.13", "3.11"), SUPPORTED])
def test_the_newest_is_taken(tmp_path: Path, there: tuple[str, ...]) -> None:
    for version in there:
        python(tmp_path, f"python{version}", version)
    python(tmp_path, "python3", "3.9")
    assert found(tmp_path).stdout == f"python{max(there, key=SUPPORTED.index)}\n"


def test_one_that_is_only_called_python3_is_taken_too(tmp_path: Path) -> None:
    python(tmp_path, "python3", "3.13")
    assert found(tmp_path).stdout == "python3\n"


def test_one_without_venv_is_passed_over(tmp_path: Path) -> None:
    python(tmp_path, "python3.14", "3.14", venv=False)
    python(tmp_path, "python3.12", "3.12")
    assert found(tmp_path).stdout == "python3.12\n"


@pytest.mark.parametrize(("version", "venv", "says"), [
    (None, True, "is no Python that can be run"),
    ("3.10", True, "Python 3.10.0 is not supported"),
    ("3.15", True, "Python 3.15.0 is not supported"),
    ("3.13", False, "Python 3.13.0 has no venv module"),
])  # fmt: skip
def test_what_is_missing_is_told_in_a_sentence(tmp_path: Path, version: str | None, venv: bool, says: str) -> None:
    if version:
        python(tmp_path, "python3", version, venv)
    done = found(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    for word in (says, "Python 3.11 to 3.14", "apt install python3-venv", "dnf install", "brew install"):
        assert word in done.stderr


def test_a_named_one_is_taken_or_refused(tmp_path: Path) -> None:
    python(tmp_path, "mine", "3.12")
    python(tmp_path, "python3.14", "3.14")
    spaced = tmp_path / "my pythons"
    spaced.mkdir()
    python(spaced, "python3", "3.13")
    assert found(tmp_path, str(spaced / "python3")).stdout == f"{spaced / 'python3'}\n"
    for other in ("/bin/true", "/bin/echo", "/bin/false", str(tmp_path)):
        assert f"{other} is no Python that can be run" in found(tmp_path, other).stderr
    assert found(tmp_path, str(tmp_path / "mine")).stdout == f"{tmp_path / 'mine'}\n"
    assert "no Python that can be run" in found(tmp_path, "nowhere").stderr


def test_script_project_makefile_and_images_name_the_same_versions() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.15"
    text = SCRIPT.read_text()
    assert "(3, 11) <= sys.version_info[:2] <= (3, 14)" in text
    assert all(f"python{version}" in text for version in SUPPORTED)
    assert f"for version in {' '.join(SUPPORTED)}" in (REPOSITORY / "Makefile").read_text()


def test_the_service_is_locked_as_its_extra_says() -> None:
    """The image of the service has packages of its own list: a part of what the whole project names."""
    project = PROJECT["project"]
    whole = {*project["dependencies"], *project["optional-dependencies"]["serve"]}
    name = lambda said: said.split(";")[0].split("=")[0].split("<")[0].split(">")[0].strip()  # noqa: E731
    service = set(map(name, PROJECT["dependency-groups"]["service"]))
    assert service <= set(map(name, whole))
    assert set(map(name, project["optional-dependencies"]["serve"])) <= service
