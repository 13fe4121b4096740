"""What tests of erasures do and ask."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from unittest import mock

import duckdb

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import database, keys
from warehouse.settings import Home

WHY = ("--reason", "Solicitud de la familia por escrito", "--who", "mesa de partes")
DOCUMENT = "71234560"


def in_vault(home: Home, sql: str) -> list[tuple]:
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return db.execute(sql).fetchall()


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def key_of(home: Home, document: str = DOCUMENT) -> int:
    return int(in_vault(home, f"select child_key from vault.aliases where value = '{document}'")[0][0])


def land(home: Home, name: str, **changes: str) -> None:
    deliver(home, name, samples.enrollment(**changes))
    qhawaq(home.root, "--quiet", "land")


def copied(home: Home, to: Path) -> Home:
    """Copy a home with its backups."""
    shutil.copytree(home.root.parent, to)
    own = Home(to / "home")
    own.backed_up.write_text(json.dumps([str(to / "backups")]))
    return own


def erase(home: Home, child: int) -> str:
    return qhawaq(home.root, "--quiet", "subject", "erase", str(child), *WHY, "--yes").stdout


def prove(home: Home, child: int, *more: str, code: int = 0) -> str:
    with mock.patch("click.termui.hidden_prompt_func", return_value=DOCUMENT):
        return qhawaq(home.root, "--quiet", "subject", "prove", str(child), *WHY, *more, expect=code).stdout
