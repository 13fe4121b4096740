"""docs/extend.md, done word for word on a copy of what it changes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import Country
from tests.ml.tables import wine
from warehouse.settings import REPOSITORY, Home

PAGE = REPOSITORY / "docs" / "extend.md"
FOLDERS = ("dbt_project", "grafana", "ml", "service", "warehouse", "docs")
STEP = re.compile(
    r"^In `(?P<file>[^`]+)`, (?P<how>after|before|instead of|at the end)(?: `(?P<anchor>[^`]+)`)?"
    r"(?: of `(?P<part>\w+)`)?:\n\n```\w+\n(?P<block>.*?)```",
    re.MULTILINE | re.DOTALL,
)


def parts() -> dict[str, str]:
    """Return the parts of the page by their titles."""
    _, *found = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {title: text for title, _, text in (part.partition("\n") for part in found)}


def follow(copy: Path, text: str) -> int:
    """Do what a part says to each file; return how many steps there were."""
    steps = list(STEP.finditer(text))
    for step in steps:
        path = copy / step["file"]
        path.write_text(changed(path.read_text(encoding="utf-8"), step), encoding="utf-8")
    return len(steps)


def changed(text: str, step: re.Match[str]) -> str:
    if step["how"] == "at the end":
        return text + step["block"]
    begin = text.index(f"\n{step['part']}:\n") if step["part"] else 0
    if step["how"] == "instead of":
        at = text.index(step["anchor"], begin)
        return text[:at] + step["block"].removesuffix("\n") + text[at + len(step["anchor"]) :]
    at = text.index(f"\n{step['anchor']}", begin) + 1
    at = at if step["how"] == "before" else text.index("\n", at) + 1
    return text[:at] + step["block"] + text[at:]


def call(copy: Path, *arguments: str, expect: int = 0) -> str:
    """Run a module of the copy; return what it wrote."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
    )
    assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the page changes."""
    root = tmp_path / "copy"
    for folder in FOLDERS:
        shutil.copytree(
            REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("target", "logs", "__pycache__")
        )
    return root


def test_every_step_of_the_page_is_found_and_fits_its_file(copy: Path) -> None:
    steps = {title: follow(copy, text) for title, text in parts().items()}
    assert min(steps.values()) >= 2
    assert sum(steps.values()) == PAGE.read_text(encoding="utf-8").count("\nIn `")
    for path in copy.rglob("*.yml"):
        yaml.safe_load(path.read_text(encoding="utf-8"))


def test_a_panel_and_an_alert_are_written(copy: Path) -> None:
    follow(copy, parts()["A panel"])
    follow(copy, parts()["An alert"])
    call(copy, "grafana.build")
    written = copy / "grafana" / "provisioning"
    assert "Lo más antiguo" in (written / "officials" / "dashboards" / "calidad.json").read_text(encoding="utf-8")
    rules = "".join(path.read_text(encoding="utf-8") for path in (written / "operations" / "alerting").iterdir())
    assert "alert = 'withheld_periods'" in rules
    assert "Faltan datos de una región. Pídalos a quien envía." in rules


@pytest.mark.long
def test_a_candidate_is_compared(copy: Path, tmp_path: Path) -> None:
    follow(copy, parts()["A candidate algorithm"])
    features, outcomes, contract = wine().write(tmp_path)
    given = ["--features", str(features), "--outcomes", str(outcomes), "--contract", str(contract)]
    said = call(copy, "warehouse", "--home", str(tmp_path / "home"), "backtest", *given)
    assert re.search(r"^ +extra_trees +0\.\d", said, re.MULTILINE), said


@pytest.mark.long
def test_a_measure_a_feature_a_service_and_an_alert_are_built(country: Country, copy: Path, tmp_path: Path) -> None:
    for title in ("A measure", "A feature", "A service", "An alert"):
        follow(copy, parts()[title])
    home: Home = country.to_build(tmp_path / "home")
    call(copy, "warehouse.build.feature_catalog")
    qhawaq = ("warehouse", "--quiet", "--home", str(home.root))
    call(copy, *qhawaq, "build", "--full-refresh")
    call(copy, *qhawaq, "build", "--select", "alert_thresholds alert_levels")
    assert "reentry (reincorporación): Share of pupils who returned" in call(
        copy, *qhawaq, "query", "--list", "reentry"
    )
    told = call(copy, *qhawaq, "query", "reentry by school_year, level")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        ((year, level, share),) = db.execute(
            "select school_year, level, avg(is_reentrant::int) from star.fct_enrollment_year group by all order by 3 desc limit 1"
        ).fetchall()
        assert re.search(rf"^{year} +{level} +{100 * share:.1f}%$", told, re.MULTILINE)
        ((lowest, highest, wrong),) = db.execute(
            "select min(n_years_enrolled), max(n_years_enrolled), count(*) filter (where lacks_history <> (n_years_enrolled = 1) "
            "and n_gap_years = 0) from features.child_features"
        ).fetchall()
        assert (lowest, wrong) == (1, 0)
        assert highest > 3
        ((services, new),) = db.execute(
            "select count(*) filter (where support_code = 'BIENVENIDA'), (select count(*) from features.child_features where lacks_history) "
            "from intermediate.int_supports__needs"
        ).fetchall()
        assert services == new > 0
        assert db.execute(
            "select place is not null from operations.alert_levels where alert = 'withheld_periods'"
        ).fetchall() == [(True,)]
