"""Corrections, parts of regions, absences and withdrawals, as offices send them: the stated outcome of each case."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from tests.landing.samples import HEADER
from warehouse.build import dbt
from warehouse.landing import land as landing
from warehouse.pipeline import build as step
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

SILENT = Progress(quiet=True)

CASES = next(
    (path for path in (REPOSITORY.parent / "shared" / "cases", REPOSITORY / "shared" / "cases") if path.is_dir()), None
)


def case(home: Home, name: str) -> None:
    """Put a case's files into the inbox, or skip where the folder of cases is missing."""
    if CASES is None or not (CASES / name).is_dir():
        pytest.skip(f"the folder of cases lacks {name}")
    for path in sorted((CASES / name).rglob("*_20*")):
        if path.is_file():
            deliver(home, path.name, path.read_bytes())


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


ATTENDANCE = ("stg_siagie__attendance", "int_attendance__months")


def build(home: Home, *models: str) -> None:
    """Build models and their tests, those of attendance where none is named, as the main job would."""
    step.begin(home)
    dbt.build(home, SILENT, ("--select", *(models or ATTENDANCE), *dbt.CAUTIOUS))


def arrive(home: Home) -> None:
    """Land what waits."""
    landing.land(home, SILENT)


def land(home: Home, name: str, content: str) -> None:
    deliver(home, name, content)
    arrive(home)


def months(home: Home) -> list[tuple]:
    """Return what is known today of attendance: month, region, rows and absences."""
    return ask(
        home,
        "select month, left(ugel_code, 2), count(*), sum(absence_days)::int from intermediate.int_attendance__months "
        "where known_until = date '9999-12-31' group by all order by all",
    )


def statuses(home: Home) -> dict[str, str]:
    return dict(ask(home, "select file, status from raw.deliveries"))


def month(year: int, number: int, regions: dict[str, int], absences: int = 0) -> str:
    """Return a month's attendance of so many pupils of each region."""
    rows = [
        f"{year}|{number}|{region}0001|{int(region):02}00001|0|{int(region) * 1000 + n}|20|{absences}|0|0"
        for region, count in regions.items()
        for n in range(count)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def sent(year: int, number: int, delivered: str, mark: str = "") -> str:
    return f"SIAGIE_ASISTENCIA_{year}{number:02}_{delivered}{mark}.txt"


LIMA, CUSCO = "15", "08"
BOTH = {LIMA: 10, CUSCO: 10}


@pytest.mark.long
def test_two_corrections_after_the_last_closed_date(home: Home) -> None:
    land(home, "SIAGIE_MATRICULA_2024_20240329.txt", samples.enrollment())
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH))
    land(home, sent(2024, 4, "20240510"), month(2024, 4, BOTH))
    qhawaq(home.root, "--quiet", "build")
    closed = ask(home, "select * from features.child_features order by all")
    assert closed
    for day, absences in (("20240415", 2), ("20240420", 3)):
        land(home, sent(2024, 3, day, "_C1"), month(2024, 3, BOTH, absences))
        qhawaq(home.root, "--quiet", "build")
    assert months(home)[1] == (3, LIMA, 10, 30)
    assert ask(home, "select * from features.child_features order by all") == closed


def test_two_corrections_of_a_closed_month_both_land(home: Home) -> None:
    """Both count from the day after the last closed date: the later one then."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH))
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("insert into raw.closed_dates values (date '2024-04-30')")
    for day, absences in (("20240415", 2), ("20240420", 3)):
        land(home, sent(2024, 3, day, "_C1"), month(2024, 3, BOTH, absences))
        build(home)
    held = ask(home, "select distinct absence_days, known_at::varchar, known_until::varchar "
               "from intermediate.int_attendance__months order by 2")  # fmt: skip
    assert held == [(0, "2024-04-10", "2024-05-01"), (3, "2024-05-01", "9999-12-31")]


@pytest.mark.parametrize("together", [True, False])
def test_of_two_files_of_one_day_the_later_arrival_counts(home: Home, together: bool) -> None:
    deliver(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    if not together:
        arrive(home)
    deliver(home, sent(2024, 3, "20240410", "_A" if together else "_B"), month(2024, 3, BOTH, 2))
    arrive(home)
    build(home)
    assert months(home) == [(3, CUSCO, 10, 20), (3, LIMA, 10, 20)]
    if not together:
        land(home, sent(2024, 3, "20240410", "_A"), month(2024, 3, BOTH, 3))
        build(home)
        assert months(home)[0] == (3, CUSCO, 10, 30)


def test_same_name_correction(home: Home) -> None:
    """Another content under a landed name is a new delivery that corrects the former; the same content a duplicate."""
    name = sent(2024, 3, "20240410")
    for absences in (1, 2, 3):
        land(home, name, month(2024, 3, BOTH, absences))
        build(home)
        assert months(home)[0] == (3, CUSCO, 10, 10 * absences)
    stem = name.removesuffix(".txt")
    held = {name: "superseded", f"{stem}~2.txt": "superseded", f"{stem}~3.txt": "landed"}
    assert statuses(home) == held
    for absences in (3, 1):
        deliver(home, name, month(2024, 3, BOTH, absences))
        assert "1 duplicate" in qhawaq(home.root, "--quiet", "land").stdout
    build(home)
    assert months(home)[0] == (3, CUSCO, 10, 30)
    assert not any(home.inbox.iterdir())
    assert ask(home, "select count(*), count(distinct (_file, _line)) from raw.siagie_attendance") == [(60, 60)]


def test_the_case_of_a_correction_under_the_same_name(home: Home) -> None:
    case(home, "same-name-correction")
    arrive(home)
    build(home)
    (name,) = statuses(home)
    n = ask(home, "select count(*), sum(absence_days) from intermediate.int_attendance__months")
    content = (CASES / "same-name-correction" / name).read_text(encoding="latin-1").splitlines()
    less = [line.rsplit("|", 3)[0] + "|9|0|0" for line in content[1:]]
    land(home, name, "\n".join([content[0], *less]) + "\n")
    build(home)
    assert sorted(statuses(home).values()) == ["landed", "superseded"]
    now = ask(
        home,
        "select count(*), sum(absence_days) from intermediate.int_attendance__months "
        "where known_until = date '9999-12-31'",
    )
    assert now == [(n[0][0], 9 * n[0][0])]


def test_regional_parts_on_two_days(home: Home) -> None:
    """A part replaces only its own region and month: both stand."""
    case(home, "regional-parts-on-two-days")
    arrive(home)
    build(home)
    assert [row[:3] for row in months(home) if row[0] == 4] == [(4, CUSCO, 40), (4, LIMA, 40)]
    assert set(statuses(home).values()) == {"landed"}
    assert ask(home, "select * from raw.shortfalls") == []
    assert ask(home, "select region, known_at::varchar, resolved_at::varchar from raw.withheld") == [
        (CUSCO, "2024-05-10", "2024-05-11")
    ]
    land(home, sent(2024, 4, "20240520", "_LIMA2"), month(2024, 4, {LIMA: 40}))
    build(home)
    assert [row[:3] for row in months(home) if row[0] == 4] == [(4, CUSCO, 40), (4, LIMA, 40)]


def test_correction_lacks_region(home: Home) -> None:
    """The region stays as it was, and sender and operations are told."""
    case(home, "correction-lacks-region")
    arrive(home)
    build(home, *ATTENDANCE, "withheld_periods")
    before = ask(home, "select count(*) from raw.siagie_attendance where mes = 10 and left(cod_ugel, 2) = '08' "
                 "and _file like '%1110.txt'")[0][0]  # fmt: skip
    assert before > 0
    assert [row[2] for row in months(home) if row[:2] == (10, CUSCO)] == [before]
    assert ask(home, "select region, n_missing, n_before from raw.shortfalls") == [(CUSCO, before, before)]
    (sheet,) = [path.read_text() for path in home.fault_sheets.glob("*C1*.md")]
    assert f"faltan {before} de las {before} filas del envío anterior" in sheet
    told = ask(home, "select department_code, is_missing, reason from operations.withheld_periods")
    assert told == [
        (CUSCO, False, f"missing against the former delivery: {before} rows of {before}; the former rows stay")
    ]


@pytest.mark.parametrize(("left", "stays"), [(8, False), (7, True)])
def test_what_a_correction_lacks_ends_within_the_limit(home: Home, left: int, stays: bool) -> None:
    """The contract's limit is a fifth: exactly a fifth may be absent."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    land(home, sent(2024, 3, "20240420", "_C1"), month(2024, 3, {LIMA: 10, CUSCO: left}, 2))
    build(home)
    assert months(home)[0] == ((3, CUSCO, 10, 10) if stays else (3, CUSCO, 8, 16))
    assert months(home)[1] == (3, LIMA, 10, 20)
    assert len(ask(home, "select * from raw.shortfalls")) == stays
    land(home, sent(2024, 3, "20240425", "_C2"), month(2024, 3, BOTH, 3))
    assert ask(home, "select * from raw.shortfalls where resolved_at is null") == []
    build(home)
    assert months(home)[0] == (3, CUSCO, 10, 30)


def test_a_region_that_stops_sending_is_named_in_the_first_month_and_in_the_next(home: Home) -> None:
    land(home, sent(2023, 12, "20240110"), month(2023, 12, BOTH))
    for number in (3, 4):
        land(home, sent(2024, number, f"20240{number + 1}10"), month(2024, number, {LIMA: 10}))
    named = ask(home, "select period, region, n_rows, n_before from raw.withheld where resolved_at is null order by 1")
    assert named == [("202403", CUSCO, 0, 10), ("202404", CUSCO, 0, 10)]
    land(home, sent(2024, 3, "20240520", "_CUSCO"), month(2024, 3, {CUSCO: 5}))
    named = ask(home, "select period, resolved_at is null from raw.withheld order by 1")
    assert named == [("202403", False), ("202404", True)], "exactly half of the rows is enough"


REGISTERS = ("stg_escale__schools", "int_schools__registers", "departments")


def services(home: Home, level: str = "F0") -> int:
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
    ended = ask(home, "select count(*) from intermediate.int_schools__registers "
                "where known_until = date '2024-03-15' and level = 'F0'")  # fmt: skip
    assert ended == [(40,)]
    former = waiting["ESCALE_PADRON_2023_20230315.csv"]
    land(home, "ESCALE_PADRON_2021_20251210.csv", former.replace(b"1990", b"1991"))
    build(home, *REGISTERS)
    assert services(home) == 36
    assert statuses(home)["ESCALE_PADRON_2021_20251210.csv"] == "superseded"


def withdraw(home: Home, file: str, expect: int = 0) -> str:
    said = qhawaq(
        home.root, "withdraw", file, "--reason", "the office sent the wrong month", "--who", "ana", expect=expect
    )
    return said.stdout + said.stderr


def test_a_withdrawn_correction_gives_back_what_it_replaced(home: Home) -> None:
    """It was known until then, closed dates stay, and the same content can be delivered again."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    wrong = sent(2024, 3, "20240420", "_C1")
    land(home, wrong, month(2024, 3, BOTH, 9))
    build(home)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("insert into raw.closed_dates values (date '2024-04-30')")
    known_then = "select * from intermediate.int_attendance__months where {day} >= known_at and {day} < known_until"
    past = known_then.format(day="date '2024-04-30'").replace("*", "child_key, absence_days") + " order by all"
    before = ask(home, past)
    assert "count until 2024-05-01 and no longer" in withdraw(home, wrong)
    build(home)
    assert months(home) == [(3, CUSCO, 10, 10), (3, LIMA, 10, 10)]
    assert ask(home, past) == before
    held = ask(home, "select * from intermediate.int_attendance__months order by all")
    dbt.build(home, SILENT, ("--select", *ATTENDANCE, *dbt.CAUTIOUS), full_refresh=True)
    assert ask(home, "select * from intermediate.int_attendance__months order by all") == held
    assert ask(home, "select status, withdrawn_by, withdrawn_on::varchar from raw.deliveries where withdrawn_on is not null"
               ) == [("withdrawn", "ana", "2024-05-01")]  # fmt: skip
    assert "withdrawn: it has no rows that count" in withdraw(home, wrong, expect=2)
    assert "no delivery is called" in withdraw(home, "NO_FILE.txt", expect=2)
    land(home, wrong, month(2024, 3, BOTH, 9))
    build(home)
    assert months(home) == [(3, CUSCO, 10, 90), (3, LIMA, 10, 90)]


GRADES = ("stg_siagie__grades", "int_grades__areas")


def marks(first: str, second: str) -> str:
    header = "ID_ANIO|PERIODO|COD_MOD|ANEXO|ID_PERSONA|AREA|NL_C1|NL_C2|NL_C3"
    rows = [f"2024|A|0100001|0|70{n}|COMUNICACION|{mark}||" for n, mark in ((1, first), (2, second))]
    return "\n".join([header, *rows]) + "\n"


def test_a_withdrawn_file_of_rows_gives_back_only_what_it_named(home: Home) -> None:
    """Where a file replaces the rows that it names: of three versions the one in the middle goes."""
    names = [f"SIAGIE_NOTAS_2024A_202408{day}.txt" for day in (10, 11, 12)]
    for name, content in zip(names, (marks("A", "B"), marks("C", "C"), marks("AD", "X")), strict=True):
        land(home, name, content)
    build(home, *GRADES)
    now = "select points, known_at::varchar from intermediate.int_grades__areas where known_until = date '9999-12-31' order by 1"
    assert ask(home, now) == [(1, "2024-08-11"), (4, "2024-08-12")]
    withdraw(home, names[1])
    build(home, *GRADES)
    assert ask(home, now) == [(2, "2024-08-12"), (4, "2024-08-12")]
    held = ask(home, "select * from intermediate.int_grades__areas order by all")
    dbt.build(home, SILENT, ("--select", *GRADES, *dbt.CAUTIOUS), full_refresh=True)
    assert ask(home, "select * from intermediate.int_grades__areas order by all") == held


SPELLS = ("stg_siagie__enrollments", "int_enrollments__spells")


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


REGISTER_HEADER = (
    "consulta_ubigeo,consulta_ugel,codMod,anexo,codlocal,codinst,cenEdu,dirCen,gestion,fechareg,cenPob,codccpp,nlatIE,"
    "nlongIE,area,distrito,ugel,nivelModalidad,estadistica_nivelModalidad,estadistica_totalAlumnos,"
    "estadistica_totalDocentes,estadistica_totalSecciones,estadistica_esEIB"
)
SCHOOL = "150101,150001,0100001,0,100000,200000,X,Y,Privada,1990-03-01,X,1501010001,-12,-77,,,,,B0,100,5,6,"


@pytest.mark.parametrize(("absent", "enrolled", "mark"), [(2, 8, "_FINAL"), (3, 10, "_FINAL"), (2, 8, ""), (9, 10, "")])
def test_pupils_absent_from_a_later_whole_extract_are_enrolled_no_longer(
    home: Home, absent: int, enrolled: int, mark: str
) -> None:
    """Within a fifth of the region; beyond it the former rows stay. Known from that delivery on."""
    land(home, "ESCALE_PADRON_2024_20240301.csv", f"{REGISTER_HEADER}\n{SCHOOL}\n")
    land(home, "SIAGIE_MATRICULA_2024_20240329.txt", pupils(range(10)))
    land(home, f"SIAGIE_MATRICULA_2024_20241215{mark}.txt", pupils(range(10 - absent), SITUACION_FINAL="APROBADO"))
    build(home, *SPELLS)
    known = "select count(*) from intermediate.int_enrollments__spells where {0} >= known_at and {0} < known_until"
    assert ask(home, known.format("date '2024-12-14'")) == [(10,)]
    assert ask(home, known.format("date '2024-12-15'")) == [(enrolled,)]
    passed = "select count(*) from intermediate.int_enrollments__spells where final_result = 'APROBADO'"
    assert ask(home, passed) == [(10 - absent,)]
    assert len(ask(home, "select * from raw.shortfalls")) == (mark != "" and enrolled == 10)


def test_a_service_not_given_after_all_is_taken_back(home: Home) -> None:
    header = "ID_PERSONA|SERVICIO|FECHA|RESULTADO"
    for day, result in (("20240501", "REALIZADO"), ("20240601", "NO REALIZADO")):
        land(home, f"SERVICIOS_RECIBIDOS_2024_{day}.txt", f"{header}\n7001|TUTOR|2024-04-20|{result}\n")
    build(home, "stg_minedu__services", "stg_feedback__case_events", "services", "int_supports__received")
    held = ask(home, "select known_at::varchar, known_until::varchar from intermediate.int_supports__received")
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
    held = ask(home, "select as_of_date::varchar, is_class_expired from features.child_household "
               "where as_of_date in (date '2024-10-31', date '2024-11-30') order by 1")  # fmt: skip
    assert held == [("2024-10-31", False), ("2024-11-30", True)]
