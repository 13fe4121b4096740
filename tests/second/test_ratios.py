"""Ratios to the population by other SQL: from raw projections, the ledger of what is shown, and the sentences of their definitions."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests import few
from tests.conftest import Country
from tests.second.compare import equal
from warehouse import seeds
from warehouse.build import definitions
from warehouse.settings import DBT_PROJECT, read_yaml

# The country tells of each year once.
PEOPLE = """
select anio, lpad(ubigeo, 2, '0') as ubigeo, if(edad < 12, 'B0', 'F0') as level, sum(poblacion) as people, sum(poblacion) filter (edad in (6, 12)) as beginners
from raw.inei_population where edad between 6 and 16 group by all
union all
select anio, '00', if(edad < 12, 'B0', 'F0'), sum(poblacion), sum(poblacion) filter (edad in (6, 12))
from raw.inei_population where edad between 6 and 16 group by all
"""
SHOWN = f"""
select c.school_year, c.department_code, c.level, c.indicator, c.n_pupils, c.n_cases, people::int, beginners::int
from raw.official_cells as c join ({PEOPLE}) as p
  on p.anio = c.school_year and p.ubigeo = c.department_code and p.level = c.level
where c.indicator in ('official_age', 'intake', 'in_school')
"""


def ratio(count: int | None, whole: int) -> float | None:
    """Return a ratio with 3 digits, halves away from zero."""
    return None if count is None or not whole else int(1000 * count / whole + 0.5) / 1000


def test_every_ratio_agrees(country: Country) -> None:
    mine = {}
    for *cell, indicator, pupils, cases, people, beginners in country.ask(SHOWN):
        if indicator == "in_school":
            missing = None if pupils is None or people - pupils < 10 else people - pupils
            mine[*cell, "out_of_school"] = ratio(missing, people)
            continue
        kind, whole = ("enrollment", people) if indicator == "official_age" else ("intake", beginners)
        mine[*cell, f"gross_{kind}"] = ratio(pupils, whole)
        mine[*cell, f"net_{kind}"] = ratio(cases, whole)
    told = country.ask(
        "select school_year, department_code, level, ratio, ratio_value from officials.enrollment_ratios"
    )
    theirs = {tuple(cell): value for *cell, value in told}
    assert len(mine) > 1000
    assert mine.keys() == theirs.keys()
    assert [cell for cell in mine if not equal(mine[cell], theirs[cell])] == []
    assert sum(value is not None for value in mine.values()) > 100


def test_the_nation_is_plausible(country: Country) -> None:
    """Pupils of primary are about as many as children of its ages; some begin late, so that fewer of these are in it."""
    of_nation = "from officials.enrollment_ratios where department_code = '00' and level = 'B0'"
    told = dict(country.ask(f"select ratio, median(ratio_value) {of_nation} group by ratio"))
    assert 0.9 < told["gross_enrollment"] < 1.1
    assert told["net_enrollment"] < told["gross_enrollment"]
    # the country has nobody of these ages at another level
    assert abs(told["net_enrollment"] + told["out_of_school"] - 1) < 0.02


def test_official_ages_are_those_of_the_grades() -> None:
    ages = {int(row["entry_age"]): row["stage"] for row in seeds.rows("grades")}
    assert len(ages) == 14  # an age is of one grade, so that a pupil is joined with one
    assert [age for age, stage in ages.items() if stage == "primaria"] == [*range(6, 12)]
    assert [age for age, stage in ages.items() if stage == "secundaria"] == [*range(12, 17)]


def test_each_ratio_is_defined() -> None:
    (model,) = read_yaml(DBT_PROJECT / "models" / "marts" / "officials" / "_officials_ratios__models.yml")["models"]
    (column,) = (column for column in model["columns"] if column["name"] == "ratio")
    (test,) = column["data_tests"]
    told = test["accepted_values"]["arguments"]["values"]
    assert {row["name"] for row in definitions.rows() if row["kind"] == "ratio"} == {*told}


def test_a_home_without_projections_has_no_ratios(country: Country, tmp_path: Path) -> None:
    """As one of before: such a file never came."""
    home = country.to_build(tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("delete from raw.inei_population; delete from raw.deliveries where source = 'inei.inei_population'")
    few.build(home, "int_places__populations", "indicators", "enrollment_ratios", "availability")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select count(*) from officials.enrollment_ratios").fetchone() == (0,)
        missing = "from officials.availability where topic = 'enrollment_ratios'"
        assert db.execute(f"select missing_text like 'Falta la proyección%' {missing}").fetchone() == (True,)
