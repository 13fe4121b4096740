"""What a later file says no more or says otherwise: schools, pupils, services and results that end or change."""

from __future__ import annotations

import duckdb
import pytest

from tests.cases.deliveries import arrive, ask, build, case, land, statuses
from tests.cases.home import CASES
from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse.settings import Home

REGISTERS = ("stg_escale__schools", "int_schools__registers", "departments")
SPELLS = ("stg_siagie__enrollments", "int_enrollments__spells")
REGISTER_HEADER = (
    "consulta_ubigeo,consulta_ugel,codMod,anexo,codlocal,codinst,cenEdu,dirCen,gestion,fechareg,cenPob,codccpp,nlatIE,"
    "nlongIE,area,distrito,ugel,nivelModalidad,estadistica_nivelModalidad,estadistica_totalAlumnos,"
    "estadistica_totalDocentes,estadistica_totalSecciones,estadistica_esEIB"
)
SCHOOL = "150101,150001,0100001,0,100000,200000,X,Y,Privada,1990-03-01,X,1501010001,-12,-77,,,,,B0,100,5,6,"


def services(home: Home, level: str = "F0") -> int:
    """Return how many services of a level the newest register has."""
    sql = "select count(*) from intermediate.int_schools__registers where known_until = date '9999-12-31' and level = ?"
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql, [level]).fetchone()[0]


def test_register_two_years_closed_school(home: Home) -> None:
    """Four services left the register: closed from then on, whichever year's arrives last."""
    case(home, "register-two-years-closed-school")
    waiting = {path.name: path.read_bytes() for path in home.inbox.iterdir()}
    arrive(home)
    build(home, *REGISTERS)
    assert services(home) == 36
    ended = ask(
        home,
        "select count(*) from intermediate.int_schools__registers "
        "where known_until = date '2024-03-15' and level = 'F0'",
    )
    assert ended == [(40,)]
    former = waiting["ESCALE_PADRON_2023_20230315.csv"]
    land(home, "ESCALE_PADRON_2021_20251210.csv", former.replace(b"1990", b"1991"))
    build(home, *REGISTERS)
    assert services(home) == 36
    assert statuses(home)["ESCALE_PADRON_2021_20251210.csv"] == "superseded"


def pupils(numbers: range, registered: str = "2024-03-12", **values: str) -> str:
    """Return an extract of these pupils of one school."""
    header, line, *_ = samples.enrollment(FECHA_REGISTRO=registered, **values).splitlines()
    columns = header.split("|")
    rows = []
    for n in numbers:
        row = dict(zip(columns, line.split("|"), strict=True))
        row |= {"N_DOC": f"7123{n:04}", "CODIGO_ESTUDIANTE": f"0000{n}", "ID_PERSONA": f"9{n:03}", "NOMBRES": f"ANA{n}"}
        rows.append("|".join(row.values()))
    return "\n".join([header, *rows]) + "\n"


# School year → how many of ten pupils a later extract lacks, how many are enrolled after it, how its name ends.
ABSENT = {2021: (2, 8, "_FINAL"), 2022: (3, 10, "_FINAL"), 2023: (2, 8, ""), 2024: (9, 10, "")}


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """All of it in one home, built once: each case has a school year of its own."""
    home = Home(tmp_path_factory.mktemp("later") / "home")
    home.claim("real")
    deliver(home, "ESCALE_PADRON_2021_20210301.csv", f"{REGISTER_HEADER}\n{SCHOOL}\n")
    for year, (absent, _, mark) in ABSENT.items():
        of_year = {
            "ID_ANIO": str(year),
            "FECHA_MATRICULA": f"{year}-03-12",
            "FECHA_NACIMIENTO": f"{year - 9}-05-06",
        }
        for day, n, more in (("0329", 10, {}), (f"1215{mark}", 10 - absent, {"SITUACION_FINAL": "APROBADO"})):
            deliver(
                home, f"SIAGIE_MATRICULA_{year}_{year}{day}.txt", pupils(range(n), f"{year}-03-12", **of_year, **more)
            )
    header = "ID_PERSONA|SERVICIO|FECHA|RESULTADO"
    for day, result in (("20240501", "REALIZADO"), ("20240601", "NO REALIZADO")):
        deliver(home, f"SERVICIOS_RECIBIDOS_2024_{day}.txt", f"{header}\n9000|TUTOR|2024-04-20|{result}\n")
    arrive(home)
    build(
        home,
        *SPELLS,
        "stg_minedu__services",
        "stg_feedback__case_events",
        "services",
        "int_cases__told",
        "int_supports__received",
    )
    return home


@pytest.mark.parametrize("year", ABSENT)
def test_pupils_absent_from_a_later_whole_extract_are_enrolled_no_longer(later: Home, year: int) -> None:
    """Within a fifth of the region; beyond it the former rows stay. Known from that delivery on."""
    absent, enrolled, mark = ABSENT[year]
    spells = f"select count(*) from intermediate.int_enrollments__spells where school_year = {year} and "
    known = spells + "{0} >= known_at and {0} < known_until"
    assert ask(later, known.format(f"date '{year}-12-14'")) == [(10,)]
    assert ask(later, known.format(f"date '{year}-12-15'")) == [(enrolled,)]
    assert ask(later, spells + "final_result = 'APROBADO'") == [(10 - absent,)]
    shortfalls = ask(later, f"select * from raw.shortfalls where period = '{year}'")
    assert len(shortfalls) == (mark != "" and enrolled == 10)


def test_a_service_not_given_after_all_is_taken_back(later: Home) -> None:
    held = ask(later, "select known_at::varchar, known_until::varchar from intermediate.int_supports__received")
    assert held == [("2024-05-01", "2024-06-01")]


@pytest.mark.long
def test_repeater_failed_then_passed_elsewhere(home: Home) -> None:
    case(home, "repeater-failed-then-passed-elsewhere")
    arrive(home)
    later = (CASES / "repeater-failed-then-passed-elsewhere" / "SIAGIE_MATRICULA_2023_20240125_FINAL.txt").read_bytes()
    land(
        home,
        "SIAGIE_MATRICULA_2023_20240320_RECUPERACION.txt",
        later.replace(b"2023-12-28", b"2024-03-10").decode("latin-1"),
    )
    qhawaq(home.root, "--quiet", "build")
    labels = ask(home, "select distinct label, label_status from outcomes.child_outcomes where outcome = 'repetition'")
    assert labels == [(False, "final")]


@pytest.mark.long
def test_class_three_years_less_a_day(home: Home) -> None:
    case(home, "class-three-years-less-a-day")
    arrive(home)
    qhawaq(home.root, "--quiet", "build", "--today", "2024-11-30")
    held = ask(
        home,
        "select as_of_date::varchar, is_class_expired from features.child_household "
        "where as_of_date in (date '2024-10-31', date '2024-11-30') order by 1",
    )
    assert held == [("2024-10-31", False), ("2024-11-30", True)]
