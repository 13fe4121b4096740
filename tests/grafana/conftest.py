"""The driver that Grafana's source embeds, compiled, as a process that answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import shared
from tests.grafana.source import CHECK, Source


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests in a real Grafana measured."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The check, compiled once for all workers."""
    made = shared(tmp_path_factory) / "plugin_check"
    with FileLock(made.with_suffix(".lock")):
        return made if made.exists() else compiled(made)


# Not optimized: what it answers is the same, and its 350 packages compile in a third of the time.
PLAINLY = ["-gcflags=all=-N -l", "-ldflags=-s -w"]


def compiled(made: Path) -> Path:
    for command in (["vet", *PLAINLY, "."], ["build", *PLAINLY, "-o", str(made), "."]):
        done = subprocess.run(["go", *command], cwd=CHECK, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return made


@pytest.fixture
def source(program: Path) -> Iterator[Source]:
    made = Source(program)
    yield made
    made.process.stdin.close()  # type: ignore[union-attr]
    assert made.process.wait(30) == 0
