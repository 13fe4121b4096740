"""What dbt parses of the project: done once for each version of it and kept, since all homes get the same.

`python -m warehouse.build.parsing` does it at installation. It lies in $QHAWAQ_CACHE, else in the user's cache
folder, and may be removed at any time.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse import files
from warehouse.build import code
from warehouse.errors import BuildFailed
from warehouse.settings import DBT_PROJECT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

HASH = hashlib.sha256().digest_size
# As an orchestrator names them: what dbt parsed for the one is then parsed for the other.
PROFILE = ("--profile", "qhawaq", "--target", "local")
SELDOM = (100_000, 50, 100)  # Python's thresholds for looking for garbage


def places(project: Path, target: Path) -> list[str]:
    """Return dbt's arguments that say where the project is, and where to write what is compiled and logged."""
    return [
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        *PROFILE,
        "--target-path",
        str(target),
        "--log-path",
        str(target),
        "--log-level",
        "none",
        "--log-level-file",
        "info",
    ]


def manifest(project: Path = DBT_PROJECT) -> Manifest:
    """Return dbt's manifest of a project.

    Raises:
        BuildFailed: the project cannot be parsed; the message is dbt's.
    """
    check_importable()
    from dbt.contracts.graph.manifest import Manifest

    as_read = version_of(project)
    path = _cache() / f"{as_read}.msgpack"
    if (content := _kept(path)) is None:
        content = _parse(project)
        if version_of(project) == as_read:  # else somebody edits it just now: nobody knows what was parsed
            _keep(path, content)
    parsed = Manifest.from_msgpack(content)
    parsed.build_flat_graph()  # what macros read of it; dbt does not keep that
    return parsed


def check_importable() -> None:
    """Say in a sentence why dbt cannot be imported: on Python 3.14 pip installs a mashumaro that is too old for it.

    Raises:
        BuildFailed: it cannot.
    """
    installed = version("mashumaro")
    if sys.version_info >= (3, 14) and tuple(map(int, installed.split(".")[:2])) < (3, 23):
        raise BuildFailed(
            f"on Python 3.14 dbt needs mashumaro 3.23, and {installed} is installed: install from requirements/run.txt "
            "with --no-deps, call 'pip install \"mashumaro>=3.23\"', or use Python 3.13"
        )


def _kept(path: Path) -> bytes | None:
    """Return what was kept, None where there is nothing or not what was written: it ends in its hash."""
    content = path.read_bytes() if path.exists() else b""
    parsed = content[:-HASH]
    digest = content[-HASH:]
    return parsed if digest == hashlib.sha256(parsed).digest() else None


def _parse(project: Path) -> bytes:
    """Let dbt parse a project, and return the content of the file that it writes for itself."""
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as folder, rarely_collecting():
        result = dbtRunner().invoke(["--quiet", "parse", *places(project, Path(folder))])
        if result.exception is not None:
            raise BuildFailed(f"dbt cannot parse the project: {result.exception}")
        return (Path(folder) / "partial_parse.msgpack").read_bytes()


def noted(what: str, as_read: str) -> str | None:
    """Return what was noted of a version of a project, None where nothing was."""
    path = _cache() / f"{as_read}.{what}"
    return path.read_text(encoding="utf-8") if path.exists() else None


def note(what: str, project: Path, as_read: str, content: str) -> None:
    """Note something of a version of a project, if the folder can be written to.

    Of a project that was changed since it was read as this version nothing is noted: what was found may be of either.
    """
    if version_of(project) != as_read:
        return
    with suppress(OSError):
        _cache().mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_whole(_cache() / f"{as_read}.{what}", content)


def _keep(path: Path, parsed: bytes) -> None:
    """Keep what was parsed, if the folder can be written to."""
    with suppress(OSError):  # a folder that cannot be written to costs time only
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_whole(path, parsed + hashlib.sha256(parsed).digest())


def _cache() -> Path:
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qhawaq"
    return Path(os.environ.get("QHAWAQ_CACHE") or usual)


def version_of(project: Path) -> str:
    """Return a hash of whatever decides what dbt parses: the project, where it is, and dbt."""
    versions = f"{project.absolute()} {version('dbt-core')} {version('dbt-duckdb')} {version('mashumaro')}"
    return hashlib.sha256(f"{versions} {code.project_hash(project)}".encode()).hexdigest()[:24]


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Look for garbage rarely: dbt's graph lives as long as its run, and going through it takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


if __name__ == "__main__":
    manifest()
