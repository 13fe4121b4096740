"""Files that replace others whole, and what a killed process leaves of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from warehouse import files

KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse import files
with files.replacing(Path(sys.argv[1])) as aside:
    aside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_was_writing_goes_and_the_old_content_stays(tmp_path: Path) -> None:
    whole = tmp_path / "below" / "scores.duckdb"
    whole.parent.mkdir()
    whole.write_text("old")
    assert subprocess.run([sys.executable, "-c", KILLED, str(whole)], check=False).returncode < 0
    (left,) = set(whole.parent.iterdir()) - {whole}
    left.with_name(f"{left.name}.wal").write_text("a database that was being written")
    assert files.remove_unfinished(tmp_path) == 2
    assert [*whole.parent.iterdir()] == [whole]
    assert whole.read_text() == "old"


def test_what_is_being_written_now_stays(tmp_path: Path) -> None:
    whole = tmp_path / "scores.json"
    with files.replacing(whole) as aside:
        aside.write_text("new")
        assert files.remove_unfinished(tmp_path) == 0
    assert whole.read_text() == "new"


@pytest.mark.parametrize("name", ["siagie_2024.csv.part", ".part", ".hidden.part", ".2147483647.parts", "a.7.part"])
def test_names_of_others_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a sender's")
    assert files.remove_unfinished(tmp_path) == 0
