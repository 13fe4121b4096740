"""docs/add-a-source.md, done word for word: one YAML and one SQL file, no line of Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests import few
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
    few.parse(copy)
    return copy


# Several commands one after the other: most of a process is the start of Python and dbt.
CALLS = """
import json, sys
from warehouse import cli
for arguments in json.loads(sys.argv[1]):
    try:
        cli.main(arguments)
    except SystemExit as ended:
        if ended.code:
            raise
    print("THE END", file=sys.stderr, flush=True)
"""


def run(home: Home, project: Path, *commands: list[str]) -> list[str]:
    """Call commands in a process that takes another dbt project; return what each said."""
    calls = json.dumps([["--home", str(home.root), *command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-u", "-c", CALLS, calls], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, cwd=REPOSITORY, env=os.environ | {"QHAWAQ_DBT_PROJECT": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout.split("THE END")[:-1]


@pytest.mark.long
def test_the_page_works_as_it_stands(page: str, project: Path, home: Home) -> None:
    content = re.search(r"```csv\n(.*?)```", page, re.DOTALL).group(1)
    path = deliver(home, FILE, content, encoding="utf-8")
    build = ["build", "--select", "stg_connectivity__schools"]
    checked, _, built = run(home, project, ["check", str(path)], ["land"], build)
    assert "line 4, column mbps: not a whole number" in checked
    assert "1 models built, 3 tests passed" in built
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute(
            "select service_code, survey_year, internet_mbps, has_internet, _line, known_at::varchar "
            "from staging.stg_connectivity__schools order by _line"
        ).fetchall() == [
            ("0412345-0", 2025, 20, True, 2, "2025-04-03"),
            ("0412346-0", 2025, None, False, 3, "2025-04-03"),
        ]  # fmt: skip
        assert db.execute("select cod_mod from raw.connectivity_schools where _line = 3").fetchone() == ("0412346",)
