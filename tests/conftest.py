"""What every test may use: a real (empty) home and a way to deliver files into it."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from hypothesis import settings

from ml import parallel
from tests import homes, threads
from warehouse import cli, clock
from warehouse.build import parsing
from warehouse.landing import intake
from warehouse.progress import Progress
from warehouse.settings import Home

parallel.one_thread_each()
threads.one()
intake.SETTLE_SECONDS = 0.05  # what tests put into an inbox is whole
settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("any machine")
# Files whose tests take longest, the longest first: begun last, one of them would leave the other worker without work.
LONG = (
    "test_kills", "test_public_data", "test_source", "test_driver", "test_wheel", "test_retention", "test_agreement",
    "test_known_at", "test_lost_dates", "test_unfinished", "test_builds", "test_releases", "test_rows", "test_corrections",
    "test_cli", "test_history", "test_by_year", "test_left", "test_verify", "test_orchestration", "test_effects", "test_rights",
    "test_packed", "test_people", "test_scorecard", "test_linkage", "test_dashboards", "test_machine", "test_records",
    "test_notebooks", "test_backup", "test_withdrawals", "test_ends", "test_robust", "test_add_a_source", "test_hostile",
    "test_diff", "test_pipeline", "test_formulas",
)  # fmt: skip


IN_MEMORY = Path("/dev/shm")  # noqa: S108  pytest makes a folder in it that is its own
ROOM = 8 << 30  # bytes: more than the copies of the country that lie there at once


def pytest_configure() -> None:
    """Let the files of tests lie in memory where there is room: on a disk each commit waits for it, a third of the time."""
    if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))
    os.umask(0o077)  # as every command sets it: else the first that is called here says what it narrows


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A new home marked real, for files that tests write by hand."""
    found = Home(tmp_path / "home")
    found.claim("real")
    return found


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> date:
    """The clock stands at half past nine in the evening in Lima, where UTC is in the next month: the day in Lima."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 1, 2, 30, tzinfo=UTC))
    return date(2026, 2, 28)


@pytest.fixture
def silent() -> Progress:
    return Progress(quiet=True)


def deliver(home: Home, name: str, content: bytes | str, encoding: str = "latin-1") -> Path:
    """Put a file into the inbox as if it had been there for an hour."""
    path = home.inbox / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return path


@dataclass(frozen=True)
class Country:
    """A small synthetic country after the main job: for tests that read and change nothing."""

    home: Home
    truth: Path

    def ask(self, sql: str) -> list[tuple]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()

    def copy(self, to: Path, *without: str) -> Home:
        """Copy the home, without some of its folders, for a test that changes it."""
        return homes.copy(self.home.root, Home(to), *without)

    def to_build(self, to: Path) -> Home:
        """Copy what a build reads: without archive, serving files and what dbt compiled, which are most of a home."""
        return self.copy(to, "archive", "serving", "compiled")


@pytest.fixture(scope="session")
def country() -> Country:
    """2,300 children over all the years with planted traps, after the main job."""
    root = homes.get("country")
    return Country(Home(root / "home"), root / "truth")


@pytest.hookimpl(wrapper=True)  # it begins before -m reads the marks, and ends after it
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Put files with tests of the country last, since it is made meanwhile, and of all files the longest first.

    A worker takes a file at a time (`--dist loadfile`), for what its tests share. Of what is chosen then, QHAWAQ_PART
    names a part: 3/12 is every twelfth test from the third.
    """
    for item in items:
        if "country" in getattr(item, "fixturenames", ()):
            item.add_marker("country")
    last = {item.path for item in items if item.get_closest_marker("country")}
    place = {name: n for n, name in enumerate(LONG)}
    items.sort(key=lambda item: (item.path in last, place.get(item.path.stem, len(LONG))))
    yield
    if part := os.environ.get("QHAWAQ_PART"):
        number, of = map(int, part.split("/"))
        chosen = items[number - 1 :: of]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make the country where a test needs it, and look for garbage rarely: to find none took a tenth of the time."""
    gc.freeze()  # modules and tests stay until the end
    gc.set_threshold(*parsing.SELDOM)
    if any(item.get_closest_marker("country") for item in session.items) and not session.config.option.collectonly:
        homes.start("country")


def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this session share, and no other session."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def examples(n: int) -> int:
    """Return how many examples of a property are tried: so many here, QHAWAQ_EXAMPLES times as many at night."""
    return n * int(os.environ.get("QHAWAQ_EXAMPLES", "1"))


@dataclass(frozen=True)
class Said:
    """What a command wrote."""

    stdout: str
    stderr: str


def qhawaq(home: Path, *arguments: str, expect: int = 0) -> Said:
    """Call the command in this process: all of it but the start of Python."""
    out, error, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), mock.patch.dict(os.environ):
        try:
            cli.main(["--home", str(home), *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    assert code == expect, out.getvalue()[-3000:] + error.getvalue()[-3000:]
    return Said(out.getvalue(), error.getvalue())


def qhawaq_process(home: Path, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does; it may end in any way where none is expected."""
    command = [sys.executable, "-m", "warehouse", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert expect in (None, done.returncode), done.stdout[-3000:] + done.stderr[-3000:]
    return done
