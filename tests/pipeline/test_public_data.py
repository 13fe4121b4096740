"""With nothing but public files there is a warehouse without children: what anyone can run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import qhawaq
from warehouse.publish.disclosure import cells
from warehouse.settings import DBT_PROJECT, Home

pytestmark = pytest.mark.long
PUBLIC = ("ESCALE_PADRON", "INEI_CENTROS", "UBIGEO", "MATRICULACION", "DESERTORES", "ALIMENTACION")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """Run the main job on the public files of a synthetic country; return the home and what was said."""
    root = tmp_path_factory.mktemp("public")
    qhawaq(root / "synthetic", "simulate", "--children", "800", "--years", "2022-2025", "--truth", str(root / "truth"))
    home = Home(root / "home")
    home.claim("real")
    for path in Home(root / "synthetic").inbox.iterdir():
        if path.name.startswith(PUBLIC):
            shutil.copy2(path, home.inbox)
    return home, qhawaq(home.root, "run").stdout


def ask(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_the_main_job_ends_well_and_says_what_needs_children(public: tuple[Home, str]) -> None:
    home, said = public
    assert "not to see   Listas de prioridad por UGEL: Necesita la nómina de estudiantes" in said
    assert "Escuelas por distrito" not in said
    assert not (home.serving / "education").exists()
    status = json.loads(home.status.read_text())
    assert {topic for topic, _ in status["absent"]} >= {"Asistencia", "Casos de protección por área"}


def test_officials_see_schools_enrollment_and_dropout_by_district(public: tuple[Home, str]) -> None:
    home, _ = public
    file = home.serving / "officials" / "current.duckdb"
    held = dict(ask(file, "select topic, is_available from availability"))
    assert {topic for topic, there in held.items() if there} == {
        "published_enrollment", "published_dropout", "registered_schools", "districts",
    }  # fmt: skip
    years = ask(file, "select distinct school_year from published_enrollment order by 1")
    assert years == [(2022,), (2023,), (2024,)]  # those that the ministry had published by then
    assert ask(file, "select count(*) from published_dropout where district_name is not null")[0][0] > 0
    assert ask(file, "select count(*) from indicators") == [(0,)]
    schools = ask(file, "select sum(n_services) from registered_schools")
    assert schools == ask(home.warehouse, "select count(distinct codmod || anexo) from raw.escale_schools")


def test_a_region_has_a_bulletin_without_children(public: tuple[Home, str], tmp_path: Path) -> None:
    home, _ = public
    sql = "select left(min(district_code), 2) from published_enrollment where district_code > '01'"
    ((region,),) = ask(home.serving / "officials" / "current.duckdb", sql)
    for area in ((), ("--region", region)):
        qhawaq(home.root, "report", *area, "--to", str(tmp_path))
    assert sorted(path.name.split("-")[1] for path in tmp_path.glob("*.html")) == [region, "peru"]
    page = next(tmp_path.glob(f"boletin-{region}-*.html")).read_text()
    assert "No hay datos para esta tabla" in page
    assert "Matrícula por distrito" in page


def test_shown_counts_are_rounded_and_every_hidden_one_is_small(public: tuple[Home, str]) -> None:
    home, _ = public
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        exact = (
            "select p.school_year, coalesce(s.district_code, '000000') as district_code, p.level, sum(p.n_pupils) as n, "
            "sum(p.n_withdrawn) as w from intermediate.int_ministry__totals as p left join "
            "intermediate.int_schools__registers as s on p.service_code = s.service_code "
            "and s.known_until = date '9999-12-31' group by all"
        )
        rows = db.execute(
            f"select e.n, e.w, m.n_pupils, m.n_withdrawn from ({exact}) as e "
            "join officials.published_enrollment as m using (school_year, district_code, level)"
        ).fetchall()
        assert len(rows) == db.execute(f"select count(*) from ({exact})").fetchone()[0] > 20
    for pupils, withdrawn, shown_pupils, shown_withdrawn in rows:
        assert (shown_pupils is None) == (pupils < 10)
        assert (shown_withdrawn is None) == (withdrawn < 10 or pupils - withdrawn < 10)
        for shown, true in ((shown_pupils, pupils), (shown_withdrawn, withdrawn)):
            assert shown is None or (shown % 5 == 0 and abs(shown - true) <= 2)


def test_one_threshold_in_sql_and_in_python() -> None:
    text = (DBT_PROJECT / "dbt_project.yml").read_text()
    assert f"smallest_shown: {cells.SMALLEST} " in text
