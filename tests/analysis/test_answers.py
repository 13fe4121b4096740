"""Measures give the numbers that marts are made of, and those of SQL that shares nothing with them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Country
from warehouse.analysis.answers import answer
from warehouse.analysis.measures import COUNT, Measures
from warehouse.analysis.question import parse
from warehouse.errors import UsageError
from warehouse.publish.disclosure.cells import AGES, OF_YEARS

INDICATORS = ("interruption", "ebr_exit", "repetition", "over_age", "unmet_need")


@pytest.fixture(scope="module")
def measures(country: Country) -> Measures:
    return Measures.of(country.home)


@pytest.fixture(scope="module")
def db(country: Country) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:
        yield db


def asked(db: duckdb.DuckDBPyConnection, measures: Measures, text: str) -> dict[tuple, float]:
    """Return the last column of an answer by the others, without what nobody is counted in."""
    rows = answer(db, measures, parse(text)).rows
    return {tuple(key): value for *key, value in rows if value is not None}


def told(db: duckdb.DuckDBPyConnection, sql: str) -> dict[tuple, float]:
    """Return the last column of a query by the others."""
    return {tuple(key): value for *key, value in db.execute(sql).fetchall()}


@pytest.mark.parametrize("indicator", INDICATORS)
@pytest.mark.parametrize(
    ("dimension", "where"),
    [("department_code", "ugel_code is null and department_code <> '00'"), ("ugel", "ugel_code is not null")],
)
def test_an_indicator_is_that_of_the_officials_marts_before_disclosure(
    db: duckdb.DuckDBPyConnection, measures: Measures, indicator: str, dimension: str, where: str
) -> None:
    column = "ugel_code" if dimension == "ugel" else dimension
    mart = told(
        db,
        f"select school_year, level, {column}, n_cases / n_pupils from intermediate.int_indicators__counts "
        f"where indicator = '{indicator}' and {where}",
    )
    assert asked(db, measures, f"{indicator} by school_year, level, {dimension}") == mart
    assert len(mart) > 20


# What an indicator of school years is split by, beside year and level → where its cells are before disclosure.
SPLITS = {
    "level": ("counts", "level", "c.department_code = '00'"),
    "sex": ("groups", "split_part(group_name, '=', 2)", "group_name like 'sex=%' and c.department_code = '00'"),
    "grade": ("groups", "split_part(group_name, '=', 2)", "group_name like 'grade=%' and c.department_code = '00'"),
    "department": ("counts", "department_name", "ugel_code is null and c.department_code <> '00'"),
}


# in_school is no measure: its level is that of the age, and a measure's that of the enrollment.
@pytest.mark.parametrize("indicator", [one for one in OF_YEARS if one != "in_school"])
@pytest.mark.parametrize("split", SPLITS)
def test_an_indicator_of_school_years_is_its_measure(
    db: duckdb.DuckDBPyConnection, measures: Measures, indicator: str, split: str
) -> None:
    """Years and places that are not told, as this year or the departments of what is rare, are left out."""
    cells, value, where = SPLITS[split]
    mart = told(
        db,
        f"select school_year, level, {value}, n_cases / n_pupils from intermediate.int_indicators__{cells} as c "
        f"left join staging.departments as d on c.department_code = d.department_code where indicator = '{indicator}' and {where}",
    )
    number = {
        name: f"{grade:02}" for name, grade in db.execute("select grade_name, grade from star.dim_grade").fetchall()
    }
    found = asked(
        db,
        measures,
        f"{indicator} by school_year, level, {split}" if split != "level" else f"{indicator} by school_year, level",
    )
    found = {
        (year, level, number.get(*rest, *rest) if rest else level): share
        for (year, level, *rest), share in found.items()
    }
    assert {key: found.get(key) for key in mart} == pytest.approx(mart)
    is_rare = indicator not in ("promotion", "chronic_absence", *AGES)
    is_of_group = indicator in AGES and split in ("sex", "grade")  # no population is known of groups
    assert bool(mart) is not (
        is_of_group or (split == "department" and is_rare) or (split, indicator) == ("grade", "transition")
    )


@pytest.mark.parametrize("trait", ["sex", "language", "disability", "nationality", "area"])
def test_a_group_of_the_nation_is_that_of_the_officials_marts(
    db: duckdb.DuckDBPyConnection, measures: Measures, trait: str
) -> None:
    mart = told(
        db,
        "select school_year, level, nullif(replace(split_part(group_name, '=', 2), 'urban', 'urbana'), 'unknown'), "
        "n_cases / n_pupils from intermediate.int_indicators__groups where indicator = 'over_age' "
        f"and department_code = '00' and n_pupils > 0 and group_name like '{trait}=%'",
    )
    assert asked(db, measures, f"over_age by school_year, level, {trait}") == mart


FLOWS = """
with keys as (select child_key, merged_into from intermediate.int_children__merges where known_until = '9999-12-31'),
years as (
  select coalesce(merged_into, s.child_key) as child, school_year, grade, level, enrollment_state, final_result,
    recovery_result, enrolled_date
  from intermediate.int_enrollments__spells as s left join keys using (child_key)
  where known_until = '9999-12-31' and known_at <= (select today from raw.calendar)
),
last_ones as (
  select child, school_year, arg_max(grade, enrolled_date) as grade,
    bool_or(coalesce(final_result, '') = 'FALLECIDO'
    or coalesce(enrollment_state, '') = 'FALLECIDO') as has_died,
    bool_or(grade = 14 and (coalesce(final_result, '') in ('APROBADO', 'PROMOCION GUIADA')
    or coalesce(recovery_result, '') = 'APROBADO')) as is_done,
    bool_or(left(level, 1) in ('A', 'B', 'F')) as is_regular
  from years group by all
)
select l.school_year, l.grade, round(avg(cast(n.child is null and not l.is_done as integer)), 12)
from last_ones as l left join last_ones as n
  on n.child = l.child and n.school_year = l.school_year + 1 and n.is_regular
where not l.has_died and l.school_year < (select max(school_year) from last_ones) group by all
"""


def test_dropout_by_grade_is_that_of_other_sql(db: duckdb.DuckDBPyConnection, measures: Measures) -> None:
    """The other SQL starts from versions of enrollments and asks for children of the next year by a plain join."""
    numbers = dict(db.execute("select grade_name, grade from star.dim_grade").fetchall())
    found = asked(db, measures, "dropout by school_year, grade")
    assert {(year, numbers[grade]): round(share, 12) for (year, grade), share in found.items()} == told(db, FLOWS)


ABSENCES = """
select year, avg(cast(absent * 10 >= open as integer)) from (
  select school_year as year, child_key, sum(absence_days) as absent, sum(open_days) as open
  from star.fct_attendance_month group by all
) group by all
"""


def test_chronic_absence_begins_at_ten_of_a_hundred_days(db: duckdb.DuckDBPyConnection, measures: Measures) -> None:
    assert asked(db, measures, "chronic_absence by school_year") == told(db, ABSENCES)
    severe = asked(db, measures, "severe_absence by school_year")
    assert all(share <= asked(db, measures, "chronic_absence by school_year")[year] for year, share in severe.items())


def test_parts_of_a_count_add_up_whatever_it_is_split_by(db: duckdb.DuckDBPyConnection, measures: Measures) -> None:
    draw = random.Random(33)
    counts = [measure for measure in measures.all.values() if measure.unit == COUNT]
    assert len(counts) > 15
    for measure in counts:
        ((_, total),) = [*asked(db, measures, measure.name).items()]
        for dimension in draw.sample(measures.dimensions(measure), 2):
            parts = asked(db, measures, f"{measure.name} by {dimension.name}")
            assert sum(parts.values()) == total, (measure.name, dimension.name)


def test_every_measure_says_what_it_is(measures: Measures) -> None:
    for measure in measures.all.values():
        assert measure.description.endswith(".")
        assert measure.unit == COUNT or {"formula", "denominator", "missing", "basis"} <= measure.definition.keys()


def test_names_and_labels_lead_to_one_measure_each(measures: Measures) -> None:
    for measure in measures.all.values():
        assert measures.find(measure.name) == measures.find(measure.label.upper()) == measure


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drpout", "did you mean dropout"),
        ("dropout by gade", "did you mean grade"),
        ("dropout by month", "did you mean|there are"),
        ("dropout where department = Cuzco", "did you mean Cusco"),
        ("dropout where level = Z9", "it has, for example, B0, F0"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(
    db: duckdb.DuckDBPyConnection, measures: Measures, text: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        answer(db, measures, parse(text))


def test_values_are_compared_without_accents_and_case_and_years_include_both_ends(
    db: duckdb.DuckDBPyConnection, measures: Measures
) -> None:
    found = asked(db, measures, "estudiantes por departamento, año donde departamento = HUANUCO desde 2020 hasta 2021")
    assert sorted(found) == [("Huánuco", 2020), ("Huánuco", 2021)]
    others = asked(
        db, measures, "estudiantes por departamento, año donde departamento != huánuco desde 2020 hasta 2021"
    )
    assert {department for department, _ in others} & {"Huánuco"} == set()
    both = sum(found.values()) + sum(others.values())
    assert both == sum(asked(db, measures, "pupils from 2020 to 2021").values())


HOSTILE = ["O'Higgins", "{{ 1 / 0 }}", "{% raw %}", "a' or '1' = '1", "{% endraw %}{{ x }}", "%", 'x\\"']


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_is_nothing_but_a_value(measures: Measures, name: str) -> None:
    with duckdb.connect(":memory:") as db:
        db.execute("attach ':memory:' as warehouse; create schema warehouse.star")
        db.execute("create table warehouse.star.dim_school (school_key varchar, school_name varchar)")
        db.execute("insert into warehouse.star.dim_school values ('a', ?), ('b', 'another')", [name])
        db.execute(
            "create table warehouse.star.fct_enrollment_year (pupil_key int, school_year int, school_key varchar)"
        )
        db.execute(
            "insert into warehouse.star.fct_enrollment_year values (1, 2024, 'a'), (2, 2024, 'b'), (3, 2024, 'b')"
        )
        text = "pupils by school_name where school_name = "
        assert answer(db, measures, parse(f'{text}"another"')).rows == [("another", 2)]
        if '"' not in name:
            assert answer(db, measures, parse(f'{text}"{name}"')).rows == [(name, 1)]


def test_every_enrollment_of_today_is_a_row_of_the_star_and_no_other(db: duckdb.DuckDBPyConnection) -> None:
    spells = """
        select distinct coalesce(m.merged_into, s.child_key), s.school_year from intermediate.int_enrollments__spells as s
        left join intermediate.int_children__merges as m on m.child_key = s.child_key and m.known_until = '9999-12-31'
        where s.known_until = '9999-12-31'
    """
    star = "select child_key, school_year from star.fct_enrollment_year"
    assert db.execute(f"({spells} except {star}) union all ({star} except ({spells}))").fetchall() == []
