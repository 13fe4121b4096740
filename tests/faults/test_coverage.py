"""Damage to any file, a full or read-only disk and a wrong clock: every writing command at a few seeded places of each."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from tests.faults import coverage, template
from tests.faults.cases import LIGHT

PLACES = int(os.environ.get("QHAWAQ_PLACES", "5"))
CLASSES = ("damage", "full disk", "clock")  # calls that fail and kills at them are in test_commands


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny homes."""
    folder = tmp_path_factory.mktemp("coverage") / "template"
    template.write(folder)
    return folder


@pytest.mark.faults
@pytest.mark.parametrize(("class_", "command"), list(itertools.product(CLASSES, LIGHT)))
def test_the_law_holds_at_seeded_places(library: Path, made: Path, tmp_path: Path, class_: str, command: str) -> None:
    if class_ == "full disk" and os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    to = tmp_path / "faults.jsonl"
    coverage.tried(tmp_path, library, made, (command, class_, 0, PLACES, "1"), to)
    lines = coverage.read(to)
    assert len(lines) == PLACES
    assert [line for line in lines if line["broken"]] == []


def test_the_table_counts_what_was_tried_and_failed() -> None:
    lines = [{"command": "land", "class": "kill", "place": [n], "broken": ["x"] * (n == 3)} for n in range(4)]
    lines += [{"command": "backup", "class": "clock", "place": [0], "broken": []}]
    assert coverage.table(lines).splitlines()[2:] == [
        "| land | 0 | 4 (1) | 0 | 0 | 0 | 4 (1) |",
        "| backup | 0 | 0 | 0 | 0 | 1 | 1 |",
        "| all | 0 | 4 (1) | 0 | 0 | 1 | 5 (1) |",
    ]
