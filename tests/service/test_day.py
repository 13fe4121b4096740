"""What is recorded in the service moves no home's day; every kind of access that it notes is one that marts know."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from service import home as service_home
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

BUILT_FOR = date(2025, 12, 5)
DECISION = {
    "ARCHIVO": "DEMUNA_CASOS_2025_20250620.txt",
    "LINEA": 2,
    "NINO": 1,
    "DECISION": "SEPARAR",
    "FECHA": BUILT_FOR,
}
OPERATIONS = DBT_PROJECT / "models" / "marts" / "operations" / "_operations__models.yml"


@pytest.fixture
def published(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """A home of a kind whose serving file says for which day it was built."""
    home = Home(tmp_path / "home")
    home.claim(request.param)
    if request.param == "synthetic":
        (home.root / "SYNTHETIC.json").write_text(json.dumps({"sha256": []}))
    folder = home.serving / "service"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "current.duckdb")) as db:
        db.execute("create table release as select ? as built_for", [BUILT_FOR])
    return home


@pytest.mark.parametrize("published", ["synthetic"], indirect=True)
def test_a_synthetic_home_records_on_its_own_day(published: Home) -> None:
    assert service_home.today(published) == BUILT_FOR
    service_home.decide(published, DECISION)
    (file,) = published.inbox.iterdir()
    assert file.name.startswith("REVISION_VINCULOS_2025_20251205_F")


@pytest.mark.parametrize("published", ["real"], indirect=True)
def test_a_real_home_records_on_lima_s_day(published: Home, evening: date) -> None:
    service_home.decide(published, DECISION)
    (file,) = published.inbox.iterdir()
    assert service_home.today(published) == evening
    assert file.name.startswith("REVISION_VINCULOS_2025_20260228_F")


def test_every_kind_of_access_that_is_noted_is_known_to_operations() -> None:
    noted = {
        kind
        for folder in ("service", "warehouse")
        for path in (REPOSITORY / folder).rglob("*.py")
        for kind in re.findall(r"access_log\.note\([^,]+, \"([\w-]+)\"", path.read_text(encoding="utf-8"))
    }
    models = {model["name"]: model for model in yaml.safe_load(OPERATIONS.read_text(encoding="utf-8"))["models"]}
    (column,) = [column for column in models["accesses"]["columns"] if column["name"] == "access_kind"]
    (test,) = column["data_tests"]
    assert {"child", "offices", "decision", "replay"} < noted
    assert noted | {"access", "request", "key"} == set(test["accepted_values"]["arguments"]["values"])
