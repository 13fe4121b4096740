"""Extracts for analysts: pupils of some places by year, without names and keys, until a day; and their end.

A row is a pupil in a school year, and nothing leads from one year to the next. Scores, protection, poverty, language,
disability and nationality are none of its columns. Of school, grade, sex and age it says no more than at least
SMALLEST pupils of the year share: what fewer share is told coarser, and what stays rare is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import database, files
from warehouse.audit import access_log
from warehouse.database import transaction
from warehouse.errors import UsageError
from warehouse.settings import Home

DDL = """
create table if not exists raw.analyst_extracts (
  number bigint, analyst varchar, purpose varchar, areas varchar[], written_on date, valid_until date, folder varchar,
  sha256 varchar, n_rows bigint, n_left_out bigint, ended_on date, ended_because varchar);
create table if not exists raw.analyst_extract_pupils (number bigint, child_key bigint);
"""
SMALLEST = 5  # pupils of a year that share what is told of school, grade, sex and age
LONGEST_DAYS = 366  # after which an extract has to be asked for again
ACTION = "analysts' extract"
PUPILS = "pupils.parquet"
SCHOOLS = "schools.parquet"
README = "LEEME.txt"

# What is told of who and where, the finest first. What fewer than SMALLEST share passes to the next.
TOLD = (
    ("department_code", "ugel_code", "service_code", "stage", "grade", "sex", "age"),
    ("department_code", "ugel_code", "service_code", "stage", "grade", "sex"),
    ("department_code", "ugel_code", "service_code", "stage", "grade"),
    ("department_code", "ugel_code", "stage", "grade", "sex", "age"),
    ("department_code", "ugel_code", "stage", "grade", "sex"),
    ("department_code", "ugel_code", "stage", "grade"),
    ("department_code", "stage", "sex"),
)
COLUMNS = TOLD[0]
MEASURES = (
    "year_result",
    "is_repeater",
    "flow",
    "open_days",
    "absence_days",
    "mean_mark",
    "n_failed_areas",
    "n_services",
)
_MARKS = """
select pupil_key, round(sum(points) / sum(n_competences), 1) as mean_mark,
  count(*) filter (where is_failed) as n_failed_areas
from star.fct_marks_period group by pupil_key
"""
_WAITING = f"""
create or replace temp table waiting as
select e.child_key, e.school_year, s.department_code, s.ugel_code, e.service_code, g.stage, e.grade,
  case when p.is_female then 'mujer' when not p.is_female then 'varón' end as sex, p.age_at_march as age,
  e.year_result, e.is_repeater, e.flow, e.open_days, e.absence_days, m.mean_mark,
  coalesce(m.n_failed_areas, 0) as n_failed_areas, coalesce(r.n, 0) as n_services
from star.fct_enrollment_year as e
join star.dim_school as s using (school_key) join star.dim_pupil as p using (pupil_key)
left join star.dim_grade as g on e.grade = g.grade left join ({_MARKS}) as m using (pupil_key)
left join (select pupil_key, count(*) as n from star.fct_service group by pupil_key) as r using (pupil_key)
where list_has_any($areas, [s.department_code, s.ugel_code])
"""
_LEEME = """Extracto {number} para {analyst}: {purpose}
Vale hasta el {until}. Entonces se borra, y antes si lo pide el administrador (una persona que figura en él puede
haber pedido la supresión de sus datos).{synthetic}

pupils.parquet   una fila por estudiante y año escolar; nada une a un estudiante de un año con el del siguiente
schools.parquet  los servicios educativos del extracto, como los nombra el padrón hoy

De escuela, grado, sexo y edad, cada fila dice solo lo que comparten al menos {smallest} estudiantes de ese año: donde
son menos, una celda queda vacía. {left_out} filas no se incluyen. No publique cifras de menos de 10 estudiantes.
Edad: años cumplidos al 31 de marzo. flow: dónde está el estudiante un año después (docs/star.md).
"""


@dataclass(frozen=True)
class ExtractRequest:
    """What an analyst is given: pupils of which departments (2 digits) and UGELs (6), for what, until when."""

    analyst: str
    purpose: str
    areas: tuple[str, ...]
    until: date
    folder: Path | None = None


class Extract(NamedTuple):
    """An extract as the ledger knows it."""

    number: int
    analyst: str
    purpose: str
    valid_until: date
    folder: str
    n_rows: int
    n_left_out: int
    ended_on: date | None
    ended_because: str | None


def write(home: Home, asked: ExtractRequest, today: date) -> Extract:
    """Write an extract, after the access log has noted every child in it.

    Raises:
        UsageError: the day is past or too far, an area has no pupils, or the folder exists.
    """
    if not 0 < (asked.until - today).days <= LONGEST_DAYS:
        raise UsageError(f"--until: a day after today and at most {LONGEST_DAYS} days from it")
    with database.warehouse(home) as db:
        db.execute(DDL)
        number = int(database.value(db, "select coalesce(max(number), 0) + 1 from raw.analyst_extracts"))
        folder = (asked.folder or home.root / "extracts" / f"{number:04}").absolute()
        if folder.exists():
            raise UsageError(f"{folder} exists: an extract is written into a folder of its own")
        _check_areas(db, asked.areas)
        db.execute(_WAITING, {"areas": list(asked.areas)})
        n_left_out = _coarsen(db)
        with files.new_folder(folder) as aside:  # it takes its name only once it is noted and logged
            _write_files(db, aside, _readme(home, number, asked, n_left_out))
            children = database.column(db, "select distinct child_key from told order by 1")
            access_log.note_all(home, ACTION, children, f"extract {number}, {asked.purpose}", asked.analyst)
            _note(db, number, asked, today, (str(folder), files.sha256(aside / PUPILS), n_left_out))
        return listed(db)[-1]


def _check_areas(db: duckdb.DuckDBPyConnection, areas: Sequence[str]) -> None:
    known = database.column(
        db, "select department_code from star.dim_school union select ugel_code from star.dim_school"
    )
    if unknown := sorted({*areas} - {*known}):
        raise UsageError(f"--areas: no school is in {', '.join(unknown)}; departments have 2 digits, UGELs 6")


def _coarsen(db: duckdb.DuckDBPyConnection) -> int:
    """Move rows from `waiting` to `told`, each as fine as enough others share it; return how many stay behind."""
    db.execute("create or replace temp table told as select * from waiting where false")
    for columns in TOLD:
        shared = ", ".join(("school_year", *columns))
        hidden = ", ".join(f"null as {name}" for name in COLUMNS if name not in columns)
        replaced = f" replace ({hidden})" if hidden else ""
        enough = f"qualify count(*) over (partition by {shared}) >= {SMALLEST}"
        db.execute(f"create or replace temp table enough as select *, rowid as row from waiting {enough}")
        db.execute(f"insert into told by name select * exclude (row){replaced} from enough")
        db.execute("delete from waiting where rowid in (select row from enough)")
    return int(database.value(db, "select count(*) from waiting"))


def _note(
    db: duckdb.DuckDBPyConnection, number: int, asked: ExtractRequest, today: date, written: tuple[str, str, int]
) -> None:
    """Note an extract in the ledger; written: its folder, the hash of its pupils, the rows that were left out."""
    with transaction(db):
        db.execute(
            "insert into raw.analyst_extracts (number, analyst, purpose, areas, written_on, valid_until, folder, "
            "sha256, n_left_out, n_rows) select ?, ?, ?, ?, ?, ?, ?, ?, ?, count(*) from told",
            [number, asked.analyst, asked.purpose, list(asked.areas), today, asked.until, *written],
        )
        db.execute("insert into raw.analyst_extract_pupils select distinct ?::bigint, child_key from told", [number])


def _write_files(db: duckdb.DuckDBPyConnection, folder: Path, readme: str) -> None:
    """Write the files, only their owner's to read; the order of rows tells nothing."""
    shown = ", ".join(("school_year", *COLUMNS, *MEASURES))
    shuffled = f"select {shown} from (select *, random() as place from told) order by school_year, place"
    database.write_rows(db, shuffled, folder / PUPILS, "format parquet")
    database.write_rows(
        db,
        "select service_code, school_name, level, ugel_code, department_code, district_code, is_rural, is_public, "
        "is_bilingual from star.dim_school where service_code in (select service_code from told) "
        "and valid_until = '9999-12-31' order by 1",
        folder / SCHOOLS,
        "format parquet",
    )
    files.write_whole(folder / README, readme, mode=0o600)


def _readme(home: Home, number: int, asked: ExtractRequest, n_left_out: int) -> str:
    synthetic = "\nDATOS SINTÉTICOS: no son de personas." if home.synthetic.exists() else ""
    return _LEEME.format(
        number=number,
        analyst=asked.analyst,
        purpose=asked.purpose,
        until=asked.until,
        smallest=SMALLEST,
        left_out=n_left_out,
        synthetic=synthetic,
    )


def listed(db: duckdb.DuckDBPyConnection) -> list[Extract]:
    """Return all extracts that were ever written, oldest first."""
    columns = ", ".join(Extract._fields)
    return [
        Extract(*row) for row in db.execute(f"select {columns} from raw.analyst_extracts order by number").fetchall()
    ]


def end(db: duckdb.DuckDBPyConnection, numbers: Iterable[int], because: str, today: date) -> list[str]:
    """Delete the files of extracts that have not ended, and note it; return what is not where it was written.

    Args:
        db: the warehouse.
        numbers: the extracts.
        because: why, for the ledger.
        today: the day.
    """
    wanted = set(numbers)
    moved = []
    for extract in listed(db):
        if extract.number not in wanted or extract.ended_on:
            continue
        found = _delete(Path(extract.folder))
        if not found:
            moved.append(f"extract {extract.number} of {extract.analyst}, written to {extract.folder}")
        why = because if found else f"{because}; its files were moved away: ask for them"
        with transaction(db):
            db.execute("delete from raw.analyst_extract_pupils where number = ?", [extract.number])
            db.execute(
                "update raw.analyst_extracts set ended_on = ?, ended_because = ? where number = ?",
                [today, why, extract.number],
            )
    return moved


def _delete(folder: Path) -> bool:
    """Delete what was written into a folder, and the folder where nothing else is in it; say if it was there."""
    found = (folder / PUPILS).exists()
    for name in (PUPILS, SCHOOLS, README):
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return found


def of_children(db: duckdb.DuckDBPyConnection, children: Iterable[int]) -> list[int]:
    """Return the extracts that hold one of some children and have not ended."""
    if not _has_tables(db):
        return []
    return database.column(
        db,
        "select distinct number from raw.analyst_extract_pupils where list_contains(?::bigint[], child_key) order by 1",
        [list(children)],
    )


def expired(db: duckdb.DuckDBPyConnection, today: date) -> list[int]:
    """Return the extracts whose day has come."""
    if not _has_tables(db):
        return []
    return [one.number for one in listed(db) if one.ended_on is None and one.valid_until < today]


def _has_tables(db: duckdb.DuckDBPyConnection) -> bool:
    """Return whether extracts can have been written: a home of former code on a read-only disk lacks the tables."""
    return bool(database.column(db, "select 1 from duckdb_tables() where table_name = 'analyst_extracts'"))
