"""A home on a disk that can only be read: whatever only reads works, whatever writes says so in a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import qhawaq_process
from tests.faults import cases, template
from tests.faults.commands import is_sentence
from tests.landing import samples
from warehouse.settings import Home

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts a disk"),
]
# Of a small home whose main job never ran: exit 0 or a sentence that says which earlier step is missing.
READING = (
    ("status",), ("status", "--json"), ("verify",), ("codes", "list"), ("parameters", "list"),
    ("check", "{delivery}"), ("audit", "trace", "raw.deliveries", "x"), ("audit", "unused"),
    ("explain", "{child}", "2024-04-30"), ("replay", "2024-04-30"), ("access-log", "verify"), ("access-log", "head"),
    ("report", "--to", "{out}"), ("retain", "--today", "2037-01-02"),
)  # fmt: skip
WORKING = {
    "status",
    "verify",
    "codes",
    "parameters",
    "check",
    "access-log",
    "retain",
}  # of those: what has all that it needs here
WRITING = (
    ("run",), ("build",), ("check-history",), ("subject", "access", "{child}", *cases.WHY), ("train",), ("score",), ("effects",), ("drift",), ("backtest",), ("tune",),
    ("simulate", "--children", "500"), ("notify",), ("reidentify", "{child}", *cases.WHY),
    ("audit", "pack", "--to", "{out}/pack.zip"), ("access-log", "of", "{child}", "--reason", "a test of what is left"),
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reading") / "template"
    template.write(folder)
    return folder


@pytest.fixture
def mounted(made: Path, tmp_path: Path) -> Iterator[Path]:
    """The template on a file system of its own that can only be read."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)], check=True)
    try:
        shutil.copytree(made, disk / "at", symlinks=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        yield disk / "at"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def called(mounted: Path, home: str, out: Path, *arguments: str) -> tuple[int, str, str]:
    """Call a command as a user does; return how it ended and what it said."""
    delivery = out / samples.ATTENDANCE
    delivery.write_text(samples.attendance())
    child = cases.child(mounted)
    words = {"{child}": child, "{out}": str(out), "{delivery}": str(delivery), "{root}": str(mounted)}
    given = [words.get(word, word.replace("{root}", str(mounted)).replace("{out}", str(out))) for word in arguments]
    done = qhawaq_process(mounted / home, "--quiet", *given, expect=None)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_what_only_reads_works(mounted: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said, error = called(mounted, "home", tmp_path, *arguments)
    assert "Traceback" not in error, error[-2000:]
    assert "can only be read" not in error, error
    assert code == 0 or is_sentence(error), error[-2000:]
    if arguments[0] in WORKING:
        assert code == 0, said + error


@pytest.mark.parametrize("name", cases.LIGHT)
def test_what_writes_says_that_it_cannot(mounted: Path, tmp_path: Path, name: str) -> None:
    case = cases.cases(mounted)[name]
    code, said, error = called(mounted, case.home, tmp_path, *case.arguments)
    assert (code in (1, 2) and is_sentence(error)) or (name == "collect" and "no API" in said + error), said + error


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_other_commands_that_write_say_so_too(mounted: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, error = called(mounted, "home", tmp_path, *arguments)
    assert code in (0, 1, 2), error[-2000:]
    assert "Traceback" not in error, error[-2000:]
    assert code == 0 or is_sentence(error), error[-2000:]


def test_a_home_of_which_only_the_disk_is_wrong_is_as_before(mounted: Path, made: Path) -> None:
    held = {path.relative_to(mounted): path.read_bytes() for path in mounted.rglob("*") if path.is_file()}
    assert held == {path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    assert Home(mounted / "home").kind == "real"
