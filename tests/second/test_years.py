"""Every cell of the indicators of school years, before disclosure, is that of other SQL.

It starts from versions of enrollments and of the register, and asks for children of the next year by a plain join; it
shares days of attendance and who speaks an indigenous language with the star, which others test.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Country
from tests.second import compare
from tests.second.compare import report
from tests.second.indicators import NATION, Counts
from warehouse.publish.disclosure.cells import AGES, OF_YEARS

PUPILS = """
create temp table pupils as
with today as (select today from raw.calendar),
merges as (select child_key, merged_into from intermediate.int_children__merges where known_until = '9999-12-31'),
told as (
  select coalesce(merged_into, s.child_key) as child, s.*,
    coalesce(final_result, '') = 'FALLECIDO' or coalesce(enrollment_state, '') = 'FALLECIDO' as has_died,
    grade = 14 and (coalesce(final_result, '') in ('APROBADO', 'PROMOCION GUIADA')
      or coalesce(recovery_result, '') = 'APROBADO') as has_finished
  from intermediate.int_enrollments__spells as s left join merges on s.child_key = merges.child_key
  where known_until = '9999-12-31' and known_at <= (from today)
),
years as (
  select child, school_year, bool_or(has_died) as has_died, bool_or(has_finished) as has_finished,
    arg_max({grade: grade, level: level, service: service_code, entry: entry_situation}, (enrollment_state <> 'TRASLADADO', enrolled_date)) as at,
    arg_max({sex: sex, tongue: mother_tongue, disability: disability, country: birth_country, born: birth_date},
      (enrolled_date, registered_date)) as who
  from told group by all
),
days as (
  select child_key as child, school_year, sum(absence_days) as absent, sum(open_days) as open
  from star.fct_attendance_month group by all
),
schools as (
  select r.*, p.is_rural from intermediate.int_schools__registers as r
  left join intermediate.int_places__populated as p
    on r.populated_place_code = p.populated_place_code and p.known_until = '9999-12-31'
)
select y.school_year as school_year, date_part('year', age(make_date(y.school_year, 3, 31), y.who.born)) as years_old, y.at.entry as entry, schools.department_code as department_code, coalesce(schools.ugel_code, '000000') as ugel,
  y.at.level as level, y.at.grade as grade, y.has_died, y.has_finished, n.at.grade as next_grade, absent, open,
  y.who.sex = 'M' as is_female, features.speaks as speaks, y.who.disability is not null as has_disability,
  coalesce(y.who.country, 'PERU') <> 'PERU' as is_foreign, schools.is_rural as is_rural, schools.is_public as is_public
from years as y
left join years as n on n.child = y.child and n.school_year = y.school_year + 1 and left(n.at.level, 1) in ('A', 'B', 'F')
left join days on days.child = y.child and days.school_year = y.school_year
left join (select child_key, school_year, speaks_indigenous_language as speaks from star.dim_pupil) as features
  on features.child_key = y.child and features.school_year = y.school_year
join schools on schools.service_code = y.at.service and known_at <= make_date(y.school_year, 12, 31)
  and schools.known_until > make_date(y.school_year, 12, 31)
where y.school_year < (select max(school_year) from years)
"""
LEVEL_OF_AGE = "case when years_old between 6 and 11 then 'B0' when years_old between 12 and 16 then 'F0' end"
# Indicator → who counts, who is a case; «finished» first, since who finished is in no grade a year later.
JUDGED = {
    "promotion": ("not has_died", "coalesce(next_grade > grade, has_finished)"),
    "grade_repetition": ("not has_died", "coalesce(next_grade <= grade, false)"),
    "dropout": ("not has_died", "next_grade is null and not has_finished"),
    "transition": ("not has_died and level = 'B0' and grade = 9", "coalesce(next_grade >= 10, false)"),
    "chronic_absence": ("open is not null", "absent / open >= 0.1"),
    "severe_absence": ("open is not null", "absent / open >= 0.2"),
    "official_age": ("true", f"coalesce({LEVEL_OF_AGE} = level, false)"),
    "intake": ("grade = 4 and entry not in ('REPITE', 'REENTRANTE')", "coalesce(years_old = 6, false)"),
    "in_school": (f"{LEVEL_OF_AGE} is not null", f"level = {LEVEL_OF_AGE}"),
}
TRAITS = {
    "sex": "if(is_female, 'mujer', 'varón')",
    "language": "if(speaks, 'originaria', 'castellano')",
    "disability": "if(has_disability, 'con', 'sin')",
    "nationality": "if(is_foreign, 'extranjera', 'peruana')",
    "area": "case is_rural when true then 'rural' when false then 'urban' else 'unknown' end",
    "management": "case is_public when true then 'pública' when false then 'privada' else 'unknown' end",
    "grade": "printf('%02d', grade)",
}
COARSE = {"disability", "nationality"}  # of these traits only what is frequent is told
IN_PLACES = {"sex", "language", "area"}
PLACES = {NATION: f"'{NATION}', null", "department": "department_code, null", "ugel": "department_code, ugel"}


def places(indicator: str, trait: str = "") -> list[str]:
    """Return how deep an indicator is counted: what is rare of the nation alone, but promotion of departments."""
    if indicator == "chronic_absence" and (not trait or trait in IN_PLACES):
        return list(PLACES)
    return [NATION, "department"] if indicator in ("promotion", *AGES) and not trait else [NATION]


def traits(indicator: str) -> list[str]:
    if indicator in AGES:
        return []
    found = TRAITS.keys() - (set() if indicator == "chronic_absence" else COARSE)
    return sorted(found - ({"grade"} if indicator == "transition" else set()))


def counted(db: duckdb.DuckDBPyConnection, indicator: str, trait: str = "") -> Iterator[tuple[tuple, tuple[int, int]]]:
    of, case = JUDGED[indicator]
    named = f"'{indicator} of {trait}=' || {TRAITS[trait]}" if trait else f"'{indicator}'"
    level, at = (LEVEL_OF_AGE, "true") if indicator == "in_school" else ("level", "level in ('B0', 'F0')")
    for place in places(indicator, trait):
        cell = f"school_year, {PLACES[place]}, {level} as of_level, {named}"
        sql = f"select {cell}, count(*), count(*) filter ({case}) from pupils where {at} and {of}"
        for *cell, pupils, cases in db.execute(f"{sql} group by all").fetchall():
            yield tuple(cell), (pupils, cases)


@pytest.fixture(scope="module")
def db(country: Country) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:
        db.execute(PUPILS)
        yield db


def of_years(cells: Counts) -> Counts:
    """Leave out the indicators of April."""
    return {cell: n for cell, n in cells.items() if cell[-1].split(" of ")[0] in OF_YEARS}


def test_every_cell_of_places_agrees(country: Country, db: duckdb.DuckDBPyConnection) -> None:
    theirs = of_years(compare.cells(country.home.warehouse, "int_indicators__counts"))
    mine = dict(one for indicator in JUDGED for one in counted(db, indicator))
    assert len(mine) > 900
    found = list(compare.counts(theirs, mine))
    assert not found, report(found)


def test_every_cell_of_groups_agrees(country: Country, db: duckdb.DuckDBPyConnection) -> None:
    theirs = of_years(
        compare.cells(country.home.warehouse, "int_indicators__groups", "indicator || ' of ' || group_name")
    )
    mine = dict(one for indicator in JUDGED for trait in traits(indicator) for one in counted(db, indicator, trait))
    assert len(mine) > 2000
    found = list(compare.counts(theirs, mine))
    assert not found, report(found)


def test_who_is_enrolled_at_which_age_is_nested(country: Country) -> None:
    """What the attack takes to be known has to be true, of the nation and of each department."""
    cells = (
        "intermediate.int_indicators__counts where indicator in ('promotion', 'official_age', 'intake', 'in_school')"
    )
    of = "max(n_{0}) filter (indicator = '{1}')".format
    nested = (
        f"{of('pupils', 'promotion')} <= {of('pupils', 'official_age')} "
        f"and coalesce({of('pupils', 'intake')} <= {of('pupils', 'official_age')}, true) "
        f"and coalesce({of('cases', 'intake')} <= {of('cases', 'official_age')}, true) "
        f"and coalesce({of('cases', 'in_school')}, 0) = {of('cases', 'official_age')}"
    )
    by_place = (
        f"select {nested} as nested from {cells} and ugel_code is null group by school_year, level, department_code"
    )
    assert country.ask(f"select nested, count(*) > 100 from ({by_place}) group by all") == [(True, True)]


def test_flows_part_all_pupils_and_severe_absence_is_chronic(country: Country) -> None:
    """What the attack takes to be known has to be true."""
    cells = "intermediate.int_indicators__groups where department_code = '00'"
    flows = f"select sum(n_cases) = any_value(n_pupils) as whole from {cells} and indicator in ('promotion', 'grade_repetition', 'dropout')"
    assert country.ask(f"select distinct whole from ({flows} group by school_year, level, group_name)") == [(True,)]
    pairs = f"from {cells} and indicator in ('chronic_absence', 'severe_absence') and split_part(group_name, '=', 1) not in ('disability', 'nationality')"
    nested = "arg_max(n_cases, indicator) <= arg_min(n_cases, indicator) and min(n_pupils) = max(n_pupils)"
    assert country.ask(
        f"select distinct n from (select {nested} as n {pairs} group by school_year, level, group_name)"
    ) == [(True,)]
