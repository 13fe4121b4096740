"""A home that another process holds ends in a sentence; the lock is the system's, so a real second process is asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse import database, keys
from warehouse.errors import HomeError
from warehouse.settings import Home

HOLD = """
import sys
from warehouse import database, keys
from warehouse.settings import Home
home = Home.find(sys.argv[1])
db = database.warehouse(home)
vault = database.scratch(home)
database.attach_vault(vault, home, keys.load(home.secrets))
vault.execute("create table vault.held as select 1; checkpoint vault")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(home: Home) -> Iterator[Home]:
    """A home whose warehouse and vault another process has open."""
    command = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        yield home
        other.stdin.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_warehouse_in_use_is_told(held: Home, read_only: bool) -> None:
    with pytest.raises(HomeError, match="another process is using"):
        database.warehouse(held, read_only=read_only)


def test_a_vault_in_use_is_told_and_another_key_is_not_taken_for_it(held: Home) -> None:
    with database.scratch(held) as db, pytest.raises(HomeError, match=r"another process is using .*vault\.duckdb"):
        database.attach_vault(db, held, keys.load(held.secrets))


def test_a_vault_of_another_secret_is_told(home: Home, tmp_path: Path) -> None:
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets))
        db.execute("create table vault.t as select 1; checkpoint vault; detach vault")
        with pytest.raises(HomeError, match="does not open with this secret"):
            database.attach_vault(db, home, keys.load(tmp_path / "other" / "secrets"))
