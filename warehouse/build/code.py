"""Hashes of the code: whether what was built is still what would be built."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from warehouse.settings import DBT_PROJECT, REPOSITORY

# What decides which tables a build makes of what has landed: help texts, reports and messages do not.
CODE = (
    "ml",
    "warehouse/addresses.py",
    "warehouse/build",
    "warehouse/publish",
    "warehouse/registry",
    "warehouse/pipeline",
    "warehouse/audit/access_log.py",
    "warehouse/audit/accesses.py",
    "warehouse/audit/anchors.py",
    "warehouse/audit/looks.py",
    "warehouse/clock.py",
    "warehouse/contracts",
    "warehouse/database.py",
    "warehouse/modes.py",
    "warehouse/reasons.py",
    "warehouse/seeds.py",
    "warehouse/settings.py",
)
PROJECT = ("*.sql", "*.yml", "*.csv", "*.py", "*.md")


def code_hash() -> str:
    """Return a hash of whatever decides what a build makes of its inputs."""
    return hashlib.sha256(f"{hash_of_files(sources(), REPOSITORY)} {project_hash(DBT_PROJECT)}".encode()).hexdigest()


def sources() -> list[Path]:
    """Return the Python files, and the settings beside them, that decide what a build makes of its inputs."""
    return list(chain.from_iterable(_files(REPOSITORY / place) for place in CODE))


def _files(place: Path) -> list[Path]:
    """Return a file, or the Python and YAML files of a folder."""
    return [place] if place.is_file() else [*place.rglob("*.py"), *place.rglob("*.yml")]


def project_hash(project: Path) -> str:
    """Return a hash of a dbt project's files."""
    paths = (path for kind in PROJECT for path in project.rglob(kind) if "target" not in path.parts)
    return hash_of_files(paths, project)


def hash_of_files(paths: Iterable[Path], root: Path) -> str:
    """Return a hash of the contents of files and of where they are under a folder."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in paths):
        content = path.read_bytes()
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()
