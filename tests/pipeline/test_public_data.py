"""With nothing but public files there is a warehouse without children: what anyone can run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.publish.disclosure import cells
from warehouse.settings import DBT_PROJECT, Home

pytestmark = pytest.mark.long
PUBLIC = ("ESCALE_PADRON", "INEI_CENTROS", "UBIGEO", "MATRICULACION", "DESERTORES", "ALIMENTACION")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """Run the main job on the public files of a synthetic country; return the home and what was said."""
    root = tmp_path_factory.mktemp("public")
    qhawaq(root / "synthetic", "simulate", "--children", "800", "--years", "2022-2025", "--truth", str(root / "truth"))
    downloads = root / "downloads"
    downloads.mkdir()
    for path in Home(root / "synthetic").inbox.iterdir():
        if path.name.startswith((*PUBLIC, "SIAGIE_ASISTENCIA_202503")):
            shutil.copy2(path, downloads)
    return Home(root / "home"), qhawaq(root / "home", "run", "--public", str(downloads)).stdout


@pytest.fixture(scope="module")
def without_register(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """Run the main job on two years of the ministry's totals, in their real headers, and on nothing else."""
    root = tmp_path_factory.mktemp("no_register")
    (root / "downloads").mkdir()
    for year, result in ((2021, "PromocionGuiada"), (2023, "Desaprobado")):
        path = root / "downloads" / f"MATRICULACION_TRAYECTORIA_{year}_{year + 1}0615.csv"
        path.write_text(trajectories(result), encoding="utf-8")
    return Home(root / "home"), qhawaq(root / "home", "run", "--public", str(root / "downloads")).stdout


def trajectories(result: str) -> str:
    """Return the ministry's totals of schools of many levels, with the column that the year has."""
    header = (
        "cod_mod,anexo,Nombre,gestion,id_nivel,dsc_nivel,Edad,TipoDiscaIntegrada,TotalEstudiantes,Discapacidad,Mujer,"
        "Hombre,Venezolanos,Peruanos,Extranjeros,DNI_validado,DNI_SinValidar,No_DNI,Aprobado,"
        f"{result},Retirado,Fallecido,RequiereRecuperacion,Matriculado,PostergaEvaluacion,tot_atraso"
    )
    rows = [
        f"{300000 + n},0,SANTA ROSA,Pública de gestión directa,{level},x,{'' if n == 0 else '7.0'},,40,0,20,20,0,40,0,"
        "40,0,0,20,2,12,0,6,0,0,11"
        for n, level in enumerate(["B0", "F0", "A2", "E0", "D2", "T0"] * 3)
    ]
    return "\n".join([header, *rows]) + "\n"


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


def test_only_public_files_are_brought(public: tuple[Home, str]) -> None:
    home, said = public
    assert ask(home.warehouse, "select count(*) from raw.siagie_attendance") == [(0,)]
    assert "not whole    Matrícula, retiro y atraso por distrito: Faltan los años 2021." in said
    assert "nothing new" in qhawaq(home.root, "run", "--public", str(home.root.parent / "downloads")).stdout
    assert ask(home.warehouse, "select count(*) from raw.deliveries where status = 'duplicate'") == [(0,)]


def test_levels_that_the_warehouse_is_not_about_are_counted_as_such(public: tuple[Home, str]) -> None:
    home, _ = public
    file = home.serving / "officials" / "current.duckdb"
    sql = "select level, is_covered, sum(n_services), sum(n_public_services) from registered_schools group by all"
    found = {level: rest for level, *rest in ask(file, sql)}
    assert found["D2"] == [False, 30, 30]
    assert found["T0"] == [False, 30, 0]  # private institutes
    assert {level for level, (covered, _, _) in found.items() if covered} == {"B0", "F0"}
    assert ask(file, "select count(*) from reconciled_totals where level in ('D2', 'T0')") == [(0,)]


def test_without_a_register_there_is_what_there_is(without_register: tuple[Home, str]) -> None:
    home, said = without_register
    assert "not to see   Escuelas por distrito: Falta el padrón" in said
    assert "not to see   Nombres y altitud de los distritos: Falta la lista" in said
    assert "not whole    Matrícula, retiro y atraso por distrito: Faltan los años 2022." in said
    file = home.serving / "officials" / "current.duckdb"
    counts = "select school_year, level, district_code, n_services, n_pupils, n_withdrawn from published_enrollment"
    found = ask(file, f"{counts} order by all")
    assert found == [
        (year, level, "999999", 3, 120, 35) for year in (2021, 2023) for level in ("A2", "B0", "D2", "E0", "F0", "T0")
    ]
    assert ask(file, "select count(*) from registered_schools") == [(0,)]


def test_a_failed_pupil_is_unknown_where_the_year_does_not_tell(without_register: tuple[Home, str]) -> None:
    home, _ = without_register
    sql = "select left(_file, 30), min(n_failed), max(n_failed) from staging.stg_minedu__trajectories group by 1 order by 1"
    failed = {name[-4:]: rest for name, *rest in ask(home.warehouse, sql)}
    assert failed == {"2021": [None, None], "2023": [2, 2]}


def test_a_home_with_children_is_not_for_public_files_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.claim("real")
    deliver(home, samples.ATTENDANCE, samples.attendance())
    for _ in range(2):  # while the file waits, and once it has landed
        said = qhawaq(home.root, "run", "--public", str(tmp_path), expect=1).stderr
        assert "is not for public files alone" in said
        land.land(home, Progress(quiet=True))


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
    assert "Todas las cifras de este lugar se ocultan por pequeñas" in page
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
