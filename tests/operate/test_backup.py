"""A backup is whole or refused; it holds no secret and nothing that has not landed; it opens again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Country, deliver, qhawaq
from tests.faults import tables
from warehouse import database
from warehouse.errors import DamagedFile, HomeError
from warehouse.operate import backup
from warehouse.settings import Home


@pytest.fixture
def copied(country: Country, tmp_path: Path) -> Home:
    return country.copy(tmp_path / "home", "compiled")  # thousands of files that no table is made of


def test_what_is_restored_is_what_was_there(copied: Home, tmp_path: Path) -> None:
    deliver(copied, "SIAGIE_MATRICULA_2025_20251205.txt", "DOCUMENTO|71234567")
    before = tables.of_home(copied)
    said = qhawaq(copied.root, "backup", "--to", str(tmp_path / "backups"), "--rehearse").stdout
    assert "the vault opens" in said
    (folder,) = (tmp_path / "backups").iterdir()
    held = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert not held & {"secrets", "inbox", "spill"}
    assert all(b"71234567" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    restored = Home(tmp_path / "again")
    qhawaq(restored.root, "restore", str(folder))
    shutil.copytree(copied.secrets, restored.secrets)
    assert tables.of_home(restored) == before
    assert restored.kind == "synthetic"


@pytest.fixture
def small(home: Home) -> Home:
    """A home of few files, whose warehouse is empty."""
    database.warehouse(home).close()
    (home.root / "serving").mkdir()
    (home.root / "serving" / "r1.duckdb").write_bytes(b"release")
    (home.root / "serving" / "current.duckdb").symlink_to("r1.duckdb")
    return home


def test_links_stay_links(small: Home, tmp_path: Path) -> None:
    written = backup.write(small, tmp_path / "backups")
    backup.restore(written.folder, tmp_path / "again")
    assert (tmp_path / "again" / "serving" / "current.duckdb").readlink() == Path("r1.duckdb")


@pytest.mark.parametrize("how", ["changed", "missing", "manifest"])
def test_a_damaged_backup_restores_nothing(small: Home, tmp_path: Path, how: str) -> None:
    folder = backup.write(small, tmp_path / "backups").folder
    file = folder / ("backup.json" if how == "manifest" else "serving/r1.duckdb")
    if how == "changed":
        file.write_bytes(b"RELEASE")
    else:
        file.unlink()
    with pytest.raises((DamagedFile, HomeError), match="backup"):
        backup.restore(folder, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_nothing_is_restored_over_something(small: Home, tmp_path: Path) -> None:
    folder = backup.write(small, tmp_path / "backups").folder
    with pytest.raises(HomeError, match="not empty"):
        backup.restore(folder, small.root)


def test_backups_do_not_lie_in_the_home(small: Home) -> None:
    with pytest.raises(HomeError, match="lies in the home"):
        backup.write(small, small.root / "backups")


def test_so_many_are_kept_and_no_more(small: Home, tmp_path: Path) -> None:
    written = [backup.write(small, tmp_path / "backups", keep=2).folder for _ in range(3)]
    assert sorted((tmp_path / "backups").iterdir()) == written[1:]


def test_nobody_writes_while_it_is_copied(small: Home, tmp_path: Path) -> None:
    """Another process holds the warehouse: then there is no backup, and no half of one counts."""
    script = tmp_path / "hold.py"
    script.write_text("import duckdb, sys\ndb = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\ninput()\n")
    import subprocess
    import sys

    holder = subprocess.Popen([sys.executable, str(script), str(small.warehouse)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)  # fmt: skip
    try:
        holder.stdout.readline()
        with pytest.raises(HomeError, match="another process"):
            backup.write(small, tmp_path / "backups")
    finally:
        holder.communicate(b"\n")
    written = backup.write(small, tmp_path / "backups")
    assert json.loads((written.folder / "backup.json").read_text())["kind"] == "real"
