"""The pupil system's files: yearly enrollment extracts with late corrections, monthly attendance, marks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from warehouse.country import lives, records
from warehouse.country.lives import Fate, Year
from warehouse.country.office import Office
from warehouse.country.records import Result
from warehouse.country.risk import FIRST_MONTH

# Extracts within the year: (registered up to, delivered on); the last is the snapshot of 30 November.
EXTRACTS = (((3, 25), (3, 29)), ((4, 24), (4, 28)), ((7, 24), (7, 28)), ((10, 24), (10, 28)), ((11, 30), (12, 5)))
AREAS = ("MATEMATICA", "COMUNICACION", "PERSONAL SOCIAL", "CIENCIA", "ARTE", "EDUCACION FISICA", "RELIGION", "INGLES")
FIRST_TOLD_GUIDED = 2021  # the word «PROMOCION GUIADA» is in no extract before
LEVEL = "case when y.grade < 10 then 'B0' else 'F0' end"
PERSONA = "case when y.year >= c.second_id_from then c.persona_2 else c.persona end"
HAS_DNI = "c.dni_from <= y.year and c.second_id_from <> y.year"
ENROLLMENT = f"""
select y.year as ID_ANIO, s.code as COD_MOD, '0' as ANEXO,
  case when {HAS_DNI} then 'DNI' end as TIPO_DOC, case when {HAS_DNI} then c.dni end as N_DOC,
  concat('000', lpad({PERSONA}::varchar, 11, '0')) as CODIGO_ESTUDIANTE,
  case when {HAS_DNI} then 'SI' else 'NO' end as VALIDADO_RENIEC, {PERSONA} as ID_PERSONA,
  c.father as APELLIDO_PATERNO, c.mother as APELLIDO_MATERNO, c.given_1 || ' ' || c.given_2 as NOMBRES,
  c.language as DSC_LENGUA, c.born as FECHA_NACIMIENTO,
  case when c.is_foreign then 'VENEZUELA' else 'PERU' end as DSC_PAIS,
  case when c.disability then 'INTELECTUAL' end as DSC_DISCAPACIDAD,
  case when c.girl then 'M' else 'H' end as SEXO, {LEVEL} as ID_NIVEL, y.grade as ID_GRADO,
  chr((65 + c.child % 2)::int) as ID_SECCION, v.estado as ESTADO_MATRICULA, y.situation as SITUACION_MATRICULA,
  v.final as SITUACION_FINAL, v.recovery as SF_RECUPERACION, v.enrolled_on as FECHA_MATRICULA,
  v.registered_on as FECHA_REGISTRO, case when y.hours > 0 and c.child % 3 > 0 then 'SI' else 'NO' end as TRABAJA,
  case when y.hours > 0 and c.child % 3 > 0 then y.hours end as HORAS_SEMANALES_TRABAJO,
  v.reason as JUSTIFICACION_RETIRO, case when c.household % 2 = 0 then 'MADRE' else 'PADRE' end as APODERADO_PARENTESCO,
  c.guardian as APODERADO_N_DOC, c.father || ' ' || c.mother as APODERADO_NOMBRES,
  case when c.household % 4 = 0 then 'SIN NIVEL' else 'SECUNDARIA' end as APODERADO_ESCOLARIDAD
from version as v join year as y on y.child = v.child join child as c on c.child = v.child
join service as s on s.service = v.service
"""
LATEST = "qualify row_number() over (partition by v.child, v.service order by v.registered_on desc, v.estado) = 1"


def note_year(office: Office, year: Year) -> None:
    """Create the tables `year` (a row per child) and `version` (a row per registration)."""
    rng = office.rng("siagie", year.year)
    n = len(year.child)
    january = np.datetime64(f"{year.year}-01-01")
    is_early = rng.random(n) < 0.92
    early = rng.integers(60, 84, n)
    late = rng.integers(85, 200, n)
    registered = np.where(is_early | _is_followed(year), early, late)
    leaves = year.left_month < 99
    left_on = (np.minimum(year.left_month, 12) - 1) * 30.4 + 28
    office.table(
        "year",
        year=np.full(n, year.year),
        child=year.child,
        grade=year.grade,
        situation=lives.SITUATIONS[year.situation],
        hours=year.hours,
        service=year.service,
        new_service=year.new_service,
        move_day=year.move_day,
        registered=january + registered,
        moved_on=january + year.move_day,
        left_month=year.left_month,
        left_on=january + np.where(leaves, left_on, 0).astype(int),
        fate=year.fate,
        result=year.result,
        reports=rng.random(n) < 0.7,
    )
    office.db.execute(_VERSIONS)


def _is_followed(year: Year) -> np.ndarray:
    """Return the children served because of absences, whose attendance records are therefore complete."""
    return (year.services["TUTOR"] > 0) | (year.services["VISITA"] > 0)


_VERSIONS = f"""
create or replace table version as
with registrations as (  -- during the year
  select child, service, 'DEFINITIVA' as estado, registered::date as enrolled_on, registered::date as registered_on
  from year
  union all select child, service, 'TRASLADADO', registered::date, moved_on::date + 5 from year
  where new_service >= 0 and moved_on::date < left_on::date + 400 and (left_month = 99 or move_day < left_month * 30)
  union all select child, new_service, 'DEFINITIVA', moved_on::date, moved_on::date + 12 from year
  where new_service >= 0 and (left_month = 99 or move_day < left_month * 30)
  union all select child, case when new_service >= 0 and move_day < left_month * 30 then new_service else service end,
    case when fate = {Fate.DIES} then 'FALLECIDO' else 'RETIRADO' end, registered::date, left_on::date + 25
  from year where left_month < 99 and (reports or fate = {Fate.DIES}))
select *, cast(null as varchar) as final, cast(null as varchar) as recovery, cast(null as varchar) as reason
from registrations
"""
_FINAL = f"""
create or replace table version as
with last as (
  select v.child, v.service, arg_max(v.estado, v.registered_on) as estado, min(v.enrolled_on) as enrolled_on
  from version as v group by all)
select l.child, l.service,
  case when y.left_month = 99 or l.estado = 'TRASLADADO' then l.estado
    when y.fate = {Fate.DIES} then 'FALLECIDO' else 'RETIRADO' end as estado,
  l.enrolled_on, make_date(y.year + 1, 1, 15) as registered_on,
  case when l.estado = 'TRASLADADO' then null when y.fate = {Fate.DIES} then 'FALLECIDO'
    when y.left_month < 99 then 'RETIRADO'
    when y.result = {Result.PASSED} or y.result = {Result.GUIDED} and y.year < {FIRST_TOLD_GUIDED} then 'APROBADO'
    when y.result = {Result.GUIDED} then 'PROMOCION GUIADA'
    when y.result = {Result.FAILED} then 'DESAPROBADO'
    else 'REQUIERE RECUPERACION' end as final,
  cast(null as varchar) as recovery,
  case when l.estado <> 'TRASLADADO' and y.left_month < 99 and y.fate = {Fate.LEAVES} then
    case when y.hours > 0 then 'TRABAJO INFANTIL' else 'SITUACION ECONOMICA' end
    when y.fate = {Fate.EMIGRATES} then 'VIAJE AL EXTRANJERO' end as reason
from last as l join year as y using (child)
"""


def enrollments(office: Office, year: int) -> None:
    """Deliver a year's extracts (registrations since the previous one), then the whole year, then recovery."""
    since = date(year, 1, 1)
    for upto, delivered in EXTRACTS:
        until = date(year, *upto)
        window = f"where v.registered_on > date '{since}' and v.registered_on <= date '{until}'"
        day = date(year, *delivered)
        path = office.deliver("SIAGIE_MATRICULA", str(year), day, f"{ENROLLMENT} {window} {LATEST} order by 2, 8")
        if path:
            _extract_traps(office, path, since, until, day)
        since = until
    office.db.execute(_FINAL)
    _final(office, year)
    recovered = ENROLLMENT.replace(
        "v.recovery", f"case y.result when {Result.RECOVERED} then 'APROBADO' else 'DESAPROBADO' end"
    ).replace("v.registered_on as FECHA_REGISTRO", f"date '{year + 1}-03-10' as FECHA_REGISTRO")
    office.deliver(
        "SIAGIE_MATRICULA",
        str(year),
        date(year + 1, 3, 20),
        f"{recovered} where v.final = 'REQUIERE RECUPERACION' order by 2, 8",
        mark="_RECUPERACION",
    )


def _extract_traps(office: Office, path: Path, since: date, until: date, day: date) -> None:
    if until == date(2019, 3, 25):
        office.rewrite(path, _mix_encodings, day)
        office.trap("latin-1 and UTF-8 mixed", path.name, "APELLIDO_PATERNO like '%Ñ%'")
    if since > date(since.year, 1, 1):
        office.trap("late enrollment rows", path.name, "SITUACION_MATRICULA is not null")


def _final(office: Office, year: int) -> None:
    """Deliver the whole year with results; in 2020 first with a renamed column, corrected ten days later."""
    final = date(year + 1, 1, 25)
    if year == 2020:
        wrong = ENROLLMENT.replace("as SEXO", "as GENERO")
        path = office.deliver("SIAGIE_MATRICULA", str(year), final, f"{wrong} order by 2, 8", mark="_FINAL")
        office.trap("a year's file with a renamed column", path.name if path else "", "true")
        final = date(year + 1, 2, 4)
    office.deliver("SIAGIE_MATRICULA", str(year), final, f"{ENROLLMENT} order by 2, 8", mark="_FINAL")


def _mix_encodings(content: bytes) -> bytes:
    """Convert every third line to UTF-8, as if two computers had written the file."""
    lines = content.split(b"\n")
    lines[1::3] = [line.decode("latin-1").encode("utf-8") for line in lines[1::3]]
    return b"\n".join(lines)


def attendance(office: Office, year: Year) -> None:
    """Deliver ten monthly files; a month lacks a region, and another is corrected later."""
    rng = office.rng("attendance", year.year)
    n = len(year.child)
    whole = _is_followed(year)
    exactly = (np.arange(n) % 211 == 0) & (year.year not in records.PANDEMIC) & ~whole  # attendance exactly at 90 %
    for month in range(year.open_days.shape[1]):
        calendar = month + FIRST_MONTH
        office.table(
            "month",
            child=year.child,
            opened=np.where(exactly, 20, year.open_days[:, month]),
            justified=np.where(exactly, 1, year.justified[:, month]),
            unjustified=np.where(exactly, 1, year.unjustified[:, month]),
            late=year.late[:, month],
            blank=(rng.random(n) < 0.01) & ~whole,
        )
        following = date(year.year + calendar // 12, calendar % 12 + 1, 10)
        sql = _ATTENDANCE.format(year=year.year, month=calendar, where="true")
        _deliver_month(office, year.year, calendar, following, sql)
    if exactly.any():
        office.trap("attendance exactly at 90%", f"SIAGIE_ASISTENCIA_{year.year}*", "DIAS_ABIERTOS = 20")


_ATTENDANCE = """
select y.year as ID_ANIO, {month} as MES,
  case when s.is_split and y.year >= 2022 then left(s.ugel, 4) || '90' else s.ugel end as COD_UGEL,
  s.code as COD_MOD, '0' as ANEXO,
  case when y.year >= c.second_id_from then c.persona_2 else c.persona end as ID_PERSONA,
  m.opened as DIAS_ABIERTOS, case when not m.blank then m.justified end as FALTAS_JUSTIFICADAS,
  case when not m.blank then m.unjustified end as FALTAS_INJUSTIFICADAS, m.late as TARDANZAS
from month as m join year as y using (child) join child as c using (child)
join service as s on s.service = case when y.new_service >= 0 and y.move_day < {month} * 30
  and (y.left_month = 99 or y.move_day < y.left_month * 30) then y.new_service else y.service end
where y.left_month > {month} and y.registered <= last_day(make_date(y.year, {month}, 1)) and {where} order by 3, 4, 6
"""
SMALLEST_REGION = "(select department from service group by 1 order by count(*), 1 limit 1)"


@dataclass(frozen=True)
class WrongMonth:
    """A month whose first delivery is wrong."""

    trap: str
    change: tuple[str, str]  # right SQL, wrong SQL
    rows: str  # SQL of the rows that the trap touches
    corrected_on: date


WRONG_MONTHS = {
    "202306": WrongMonth(
        trap="a month of attendance missing for one region",
        change=("and true", f"and s.department <> {SMALLEST_REGION}"),
        rows=SMALLEST_REGION,
        corrected_on=date(2023, 8, 15),
    ),
    "202209": WrongMonth(
        trap="a corrected file delivered later",
        change=("m.unjustified end", "m.unjustified // 2 end"),
        rows="true",
        corrected_on=date(2022, 11, 20),
    ),
}


def _deliver_month(office: Office, year: int, month: int, delivered: date, sql: str) -> None:
    """Deliver a month of attendance, and its correction where the first delivery is wrong."""
    period = f"{year}{month:02d}"
    stem = "SIAGIE_ASISTENCIA"
    wrong = WRONG_MONTHS.get(period)
    path = office.deliver(stem, period, delivered, sql.replace(*wrong.change) if wrong else sql)
    if path is None:
        return
    if wrong:
        office.trap(wrong.trap, path.name, wrong.rows)
        office.deliver(stem, period, wrong.corrected_on, sql, mark="_C1")
    elif year in records.PANDEMIC:
        office.trap("a feature whose meaning shifts in 2020-2021", path.name, "true")
    if month == 5:
        office.trap("null attendance that is not zero", path.name, "FALTAS_JUSTIFICADAS is null")


def _competences(marks: np.ndarray) -> dict[str, np.ndarray]:
    """Return marks of shape (child, area, competence) as a column per competence."""
    return {f"c{k + 1}": marks[:, :, k].reshape(-1) for k in range(marks.shape[2])}


def grades(office: Office, year: Year) -> None:
    """Deliver marks for the first half and for the whole year, some written carelessly."""
    rng = office.rng("grades", year.year)
    shape = year.marks.shape
    numeric = year.year == 2018
    for half, period in enumerate("AB"):
        delivered = date(year.year, 8, 10) if half == 0 else date(year.year + 1, 1, 20)
        rows = shape[0] * shape[2]
        office.table(
            "mark",
            child=np.repeat(year.child, shape[2]),
            area=np.tile(np.arange(shape[2]), shape[0]),
            dirt=rng.integers(0, 1000, rows),
            **_competences(year.marks[:, half]),
        )
        letters = ", ".join(f"{_letter(f'm.c{k + 1}', numeric, k)} as NL_C{k + 1}" for k in range(shape[3]))
        areas = ", ".join(f"'{area}'" for area in AREAS)
        path = office.deliver(
            "SIAGIE_NOTAS",
            f"{year.year}{period}",
            delivered,
            f"select y.year as ID_ANIO, '{period}' as PERIODO, s.code as COD_MOD, '0' as ANEXO, "
            f"{PERSONA} as ID_PERSONA, "
            f"([{areas}])[m.area + 1] as AREA, {letters} from mark as m join year as y using (child) "
            "join child as c using (child) join service as s on s.service = y.service "
            f"where y.left_month > {6 if half == 0 else 12} order by 3, 5, 6",
        )
        if path:
            office.trap("letter grades with spaces", path.name, "NL_C1 in ('A D', 'AA', ' b', 'c ')")


def _letter(mark: str, numeric: bool, competence: int) -> str:
    """Return SQL for a mark as written: a letter, a number in the last grade of a year, some with a slip of the pen."""
    clean = f"(['C', 'B', 'A', 'AD'])[{mark} + 1]"
    written = (
        f"case when y.grade = 14 then ([9, 12, 15, 19])[{mark} + 1]::varchar else {clean} end" if numeric else clean
    )
    if competence:
        return written
    slip = f"case {mark} when 3 then 'A D' when 2 then 'AA' when 1 then ' b' else 'c ' end"
    return f"case when m.dirt < 8 then {slip} when m.dirt < 11 then null else {written} end"
