"""A backup is whole or refused; it holds no secret and nothing that has not landed; it opens again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import deliver, qhawaq
from tests.faults import tables, template
from warehouse import clock, database
from warehouse.errors import DamagedFile, HomeError
from warehouse.operate import backup, contents
from warehouse.settings import Home


@pytest.fixture(params=["tiny", pytest.param("country", marks=[pytest.mark.long, pytest.mark.country])])
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home of few deliveries, or the country without what dbt compiled: thousands of files that no table is made of."""
    if request.param == "tiny":
        return Home(request.getfixturevalue("own") / "home")
    return request.getfixturevalue("country").copy(tmp_path / "home", "compiled")


def test_what_is_restored_is_what_was_there(copied: Home, tmp_path: Path) -> None:
    deliver(copied, "SIAGIE_MATRICULA_2025_20251205.txt", "DOCUMENTO|71234567")
    before = tables.of_home(copied)
    said = qhawaq(copied.root, "backup", "--to", str(tmp_path / "backups"), "--rehearse").stdout
    assert "the vault opens" in said
    (folder,) = (tmp_path / "backups").glob("[0-9]*")
    held = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert not held & {"secrets", "inbox", "spill"}
    assert all(b"71234567" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    restored = Home(tmp_path / "again")
    qhawaq(restored.root, "restore", str(folder))
    shutil.copytree(copied.secrets, restored.secrets)
    assert tables.of_home(restored) == before
    assert restored.kind == copied.kind


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
    assert sorted((tmp_path / "backups").glob("[0-9]*")) == written[1:]


def test_the_newest_stays_where_the_clock_was_ahead_once(
    small: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    for year in (2030, 2026, 2025):
        monkeypatch.setattr(clock, "now", lambda year=year: datetime(year, 1, 2, tzinfo=UTC))
        folders.append(backup.write(small, tmp_path / "backups", keep=2).folder)
    assert set((tmp_path / "backups").glob("[0-9]*")) == set(folders[1:])


def left_by_a_dead_process(folder: Path, name: str) -> Path:
    """Write a folder as a process leaves it that was killed."""
    with subprocess.Popen(["true"]) as dead:
        pass
    left = folder / f".{name}.{dead.pid}.part"
    (left / "archive").mkdir(parents=True)
    (left / "archive" / "one.age").write_bytes(b"half")
    return left


def test_what_a_killed_backup_left_goes_with_the_next(small: Home, tmp_path: Path) -> None:
    left = [left_by_a_dead_process(tmp_path / "backups", name) for name in ("20261130T024754000000", "rehearsal")]
    backup.write(small, tmp_path / "backups")
    assert not any(path.exists() for path in left)


def test_what_a_killed_restoring_left_goes_with_the_next(small: Home, tmp_path: Path) -> None:
    folder = backup.write(small, tmp_path / "backups").folder
    left, other = (left_by_a_dead_process(tmp_path, name) for name in ("again", "another"))
    backup.restore(folder, tmp_path / "again")
    assert not left.exists()
    assert other.exists()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a home of few deliveries and two backups of it."""
    folder = tmp_path_factory.mktemp("tiny")
    template.write(folder)
    return folder


@pytest.fixture
def own(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "own", symlinks=True)


def damage(path: Path) -> None:
    """Overwrite a database from its first blocks on."""
    with path.open("r+b") as file:
        file.seek(12_288)
        file.write(b"x" * (path.stat().st_size - 12_288))


@pytest.mark.parametrize("database", ["vault.duckdb", "warehouse.duckdb"])
def test_a_damaged_home_makes_no_backup_and_no_good_one_goes(own: Path, database: str) -> None:
    before = sorted((own / "backups").iterdir())
    damage(own / "home" / database)
    said = qhawaq(own / "home", "backup", "--to", str(own / "backups"), "--keep", "1", expect=1).stderr
    assert "restore a backup" in said
    assert sorted((own / "backups").iterdir()) == before


@pytest.mark.parametrize("database", ["vault", "warehouse"])
def test_a_rehearsal_finds_other_rows_than_stated(own: Path, database: str) -> None:
    """A database that opens can still lack rows: its hash in the manifest is then that of what was copied."""
    folder = max((own / "backups").glob("[0-9]*"))
    stated = json.loads((folder / "backup.json").read_text())
    table = max(stated["rows"][database], key=stated["rows"][database].get)
    stated["rows"][database][table] += 1
    (folder / "backup.json").write_text(json.dumps(stated))
    with pytest.raises(DamagedFile, match=f"the {database} .* has other rows than stated in {re.escape(table)}"):
        backup.rehearse(Home(own / "home"), folder)
    assert [path.name for path in (own / "backups").iterdir() if path.name.startswith(".")] == []


def test_a_rehearsal_reads_every_block(own: Path) -> None:
    """Damage in any one place of the vault is found, or nobody reads that place."""
    home, found = Home(own / "home"), 0
    with contents.vault(home, home.secrets) as vault:
        whole = {
            table: vault.execute(f"from {table} order by all").fetchall() for table in contents.tables(vault, "vault")
        }
    rows = {"vault": {table: len(held) for table, held in whole.items()}}
    content = home.vault.read_bytes()
    for place in range(20_000, len(content), len(content) // 12):
        home.vault.write_bytes(content[:place] + bytes(64) + content[place + 64 :])
        try:
            contents.check(home, home.secrets, rows)
        except (DamagedFile, HomeError):
            found += 1
            continue
        with contents.vault(home, home.secrets) as vault:
            assert {table: vault.execute(f"from {table} order by all").fetchall() for table in whole} == whole
    assert found


def test_nobody_writes_while_it_is_copied(small: Home, tmp_path: Path) -> None:
    """Another process holds the warehouse: then there is no backup, and no half of one counts."""
    script = tmp_path / "hold.py"
    script.write_text("import duckdb, sys\ndb = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\ninput()\n")
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
