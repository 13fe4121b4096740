"""What the main job has done for what it was given: resuming after a crash, and nothing to do when nothing is new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import duckdb

from warehouse.settings import DBT_PROJECT, REPOSITORY, Home, write_whole

CODE = ("warehouse", "ml")
PROJECT = ("*.sql", "*.yml", "*.csv", "*.py", "*.md")


@dataclass
class State:
    """The key of the inputs and the steps that are done for it, each with what it found."""

    key: str = ""
    done: dict[str, dict[str, object]] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> State:
        """Read the state; none is the beginning."""
        return cls(**json.loads(home.state.read_text())) if home.state.exists() else cls()

    def write(self, home: Home) -> None:
        """Write the state whole."""
        write_whole(home.state, json.dumps(asdict(self), indent=1, default=str))


def inputs_key(db: duckdb.DuckDBPyConnection, today: str) -> str:
    """Return a hash of the ledger, the day and the code: the same key must give the same tables."""
    digest = hashlib.sha256(today.encode())
    rows = db.execute("select file, sha256, status, source from raw.deliveries order by all").fetchall()
    for table in ("raw.objections", "raw.human_reviews"):  # a family's word changes the lists without a delivery
        rows += db.execute(f"select * from {table} order by all").fetchall()
    digest.update(repr(rows).encode())
    digest.update(code_hash().encode())
    return digest.hexdigest()


def code_hash() -> str:
    """Return a hash of whatever decides what a build makes of its inputs."""
    sources = [path for package in CODE for path in (REPOSITORY / package).rglob("*.py")]
    return hash_of_files([*sources, *_project_files(DBT_PROJECT)])


def project_hash(project: Path) -> str:
    """Return a hash of a dbt project's files."""
    return hash_of_files(_project_files(project))


def hash_of_files(paths: Iterable[Path]) -> str:
    """Return a hash of files' names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _project_files(project: Path) -> list[Path]:
    return [path for kind in PROJECT for path in project.rglob(kind) if "target" not in path.parts]
