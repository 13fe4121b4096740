"""Typical questions of analysts on a star of any size: `python -m benchmarks.queries HOME [--children 1000000]`.

The star is drawn by lot, not built: facts of five years with the columns that measures read, in the sizes that a
country of so many children has. HOME is any home with measures (`qhawaq run`). Says the milliseconds of the middle
and of the 95th percentile of questions that were asked once before, and questions a second.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import product
from pathlib import Path

import duckdb
import numpy as np

from warehouse.analysis.answers import answer
from warehouse.analysis.measures import Measures
from warehouse.analysis.question import parse
from warehouse.settings import Home

YEARS = 5
PUPILS_A_SCHOOL = 80
QUESTIONS = [
    f"{measure} by {by}{where}"
    for measure, by, where in [
        *product(
            ("pupils", "dropout", "promotion", "grade_repetition", "chronic_absence"),
            ("school_year", "school_year, grade", "department", "school_year, sex", "level, area"),
            ("",),
        ),
        *product(
            ("interruption", "over_age", "repetition"),
            ("school_year", "school_year, level", "ugel", "sex, area"),
            (" from 2023",),
        ),
        *product(("attendance_rate",), ("school_month", "school_year, area"), ("", " where department = Cusco")),
        *product(("mean_mark", "failed_areas"), ("learning_area", "school_year"), (" from 2024",)),
        *product(("pupil_teacher_ratio", "meals_coverage"), ("department", "school_year"), ("",)),
        ("dropout", "grade, sex", " where department = Cusco from 2023"),
    ]
]
STAR = """
create schema star;
create table star.dim_place as select d::integer as place_key, lpad(d::varchar, 6, '0') as district_code, 'D' || d
  as district_name, 'P' || d // 10 as province_name, list_extract(['Cusco', 'Puno', 'Lima', 'Piura', 'Ica'], 1 + d %
  5) || case when d % 25 < 5 then '' else (d % 25)::varchar end as department_name, 'DRE' as dre_name from
  range(1890) t(d);
create table star.dim_school as select s::integer as school_key, 's' || s as service_code, 'E' || s as school_name,
  (s % 1890)::integer as place_key, lpad((s % 220)::varchar, 6, '0') as ugel_code, s % 3 = 0 as is_rural, s % 4 > 0
  as is_public, s % 9 = 0 as is_bilingual from range($schools) t(s);
create table star.dim_grade as select g as grade, case when g < 10 then 'primaria' else 'secundaria' end as stage,
  case when g < 10 then (g - 3) || '.° de primaria' else (g - 9) || '.° de secundaria' end as grade_name from
  range(4, 15) t(g);
create table star.fct_enrollment_year as select (256 * c + 2021 + y - 1990)::bigint as pupil_key, c as child_key,
  (2021 + y)::integer as school_year, (hash(c) % $schools)::integer as school_key, case when c % 11 < 6 then 'B0'
  else 'F0' end as level, (4 + c % 11)::integer as grade, case when y < 4 then list_extract(['promoted', 'promoted',
  'promoted', 'repeated', 'left'], (1 + hash(c, y) % 5)::integer) end as flow, 'passed' as year_result, hash(c, y) %
  30 = 0 as is_repeater, hash(c) % 2 = 0 as is_female, hash(c) % 7 = 0 as speaks_indigenous_language, hash(c) % 50 =
  0 as has_disability, false as is_foreign, (6 + c % 11)::integer as age_at_march, hash(c) % 10 = 0 as
  is_on_juntos_roll, 170::integer as open_days, (hash(y, c) % 40)::integer as absence_days from range($children)
  t(c), range(5) u(y);
create table star.fct_outcome_year as select e.pupil_key, e.child_key, e.school_year, make_date(e.school_year, 4,
  30) as as_of_date, o as outcome, hash(e.pupil_key, o) % 20 = 0 as is_case, e.school_key, e.grade, e.level, '08' as
  department_code, s.ugel_code, e.is_female, e.speaks_indigenous_language, e.has_disability, e.is_foreign,
  s.is_rural from star.fct_enrollment_year as e join star.dim_school as s using (school_key),
  unnest(['interruption', 'ebr_exit', 'repetition', 'over_age', 'unmet_need']) as t(o);
create table star.agg_attendance_month as select school_key, (2021 + y)::integer as school_year, m::integer as
  month, make_date(2021 + y, m::integer, 1) as month_start, f = 1 as is_female, 40::integer as n_pupils,
  720::integer as open_days, (hash(school_key, m) % 90)::integer as absence_days from star.dim_school, range(5)
  t(y), range(3, 13) u(m), range(2) v(f);
create table star.agg_marks_period as select school_key, (2021 + y)::integer as school_year, 'B' || b as period,
  list_extract(['MATEMATICA', 'COMUNICACION', 'CIENCIA', 'ARTE', 'INGLES', 'RELIGION', 'TUTORIA', 'SOCIAL'],
  a::integer) as learning_area, f = 1 as is_female, 40::integer as n_areas, 3::integer as n_failed_areas,
  120::integer as n_competences, (300 + hash(school_key, a) % 90)::integer as points from star.dim_school, range(5)
  t(y), range(1, 5) u(b), range(1, 9) v(a), range(2) w(f);
create table star.fct_school_year as select school_key, (2021 + y)::integer as school_year, 80::integer as n_pupils,
  4::integer as n_teachers, 6::integer as n_sections, (hash(school_key) % 90)::integer as n_rations from
  star.dim_school, range(5) t(y);
"""


def main() -> None:
    """Draw the star, ask every question twice, and say how long the second time took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--children", type=int, default=1_000_000)
    given = parser.parse_args()
    measures = Measures.of(Home(given.home))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "warehouse.duckdb")) as db:
        db.execute("set threads = 2; set memory_limit = '8GB'")
        sizes = {"children": given.children, "schools": max(1, given.children // PUPILS_A_SCHOOL)}
        for statement in STAR.split(";")[:-1]:
            named = {name: value for name, value in sizes.items() if f"${name}" in statement}
            db.execute(statement, named)
        taken = [_milliseconds(db, measures, text) for text in QUESTIONS]
    for text, spent in sorted(zip(QUESTIONS, taken, strict=True), key=lambda pair: -pair[1])[:5]:
        print(f"{spent:7.0f} ms  {text}")
    middle, late = np.percentile(taken, [50, 95])
    said = f"p50 {middle:.0f} ms, p95 {late:.0f} ms, {1000 * len(taken) / sum(taken):.1f} a second"
    print(f"{given.children:,} children: {len(taken)} questions, {said}")


def _milliseconds(db: duckdb.DuckDBPyConnection, measures: Measures, text: str) -> float:
    answer(db, measures, parse(text))
    start = time.perf_counter()
    answer(db, measures, parse(text))
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
