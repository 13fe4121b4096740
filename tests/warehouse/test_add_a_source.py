"""docs/add-a-source.md, done word for word: one YAML and one SQL file, no line of Python."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

FILE = "CONECTIVIDAD_2025_20250403.csv"


@pytest.fixture(scope="module")
def page() -> str:
    return (REPOSITORY / "docs" / "add-a-source.md").read_text(encoding="utf-8")


@pytest.fixture
def project(page: str, tmp_path: Path) -> Path:
    """The dbt project with the two files that the page shows."""
    copy = Path(shutil.copytree(DBT_PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    for name, block in re.findall(
        r"`dbt_project/(models/staging/connectivity/\S+)`:\n\n```\w+\n(.*?)```", page, re.DOTALL
    ):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(block, encoding="utf-8")
    assert len(list((copy / "models" / "staging" / "connectivity").iterdir())) == 2
    return copy


def run(home: Home, project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "warehouse", "--home", str(home.root), *arguments], capture_output=True, text=True,
        check=False, env=os.environ | {"QHAWAQ_DBT_PROJECT": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_page_works_as_it_stands(page: str, project: Path, home: Home) -> None:
    content = re.search(r"```csv\n(.*?)```", page, re.DOTALL).group(1)
    path = deliver(home, FILE, content, encoding="utf-8")
    said = run(home, project, "check", str(path))
    assert "line 4, column mbps: not a whole number" in said
    run(home, project, "land")
    built = run(home, project, "build", "--select", "stg_connectivity__schools")
    assert "1 models built, 3 tests passed" in built
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute(
            "select service_code, survey_year, internet_mbps, has_internet, _line, known_at::varchar "
            "from staging.stg_connectivity__schools order by _line"
        ).fetchall() == [
            ("0412345-0", 2025, 20, True, 2, "2025-04-03"),
            ("0412346-0", 2025, None, False, 3, "2025-04-03"),
        ]  # fmt: skip
        assert db.execute("select cod_mod from raw.connectivity_schools where _line = 3").fetchone() == ("412346",)
