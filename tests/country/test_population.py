"""Projections of the synthetic country: of every department, year, sex and age, and of the children who live in it."""

from __future__ import annotations

from tests.conftest import Country

YEARS = range(2018, 2026)


def test_every_department_has_each_age_of_both_sexes(country: Country) -> None:
    rows = "count(*), count(distinct ubigeo), min(edad), max(edad), count(distinct sexo)"
    told = country.ask(f"select anio, {rows} from raw.inei_population group by anio order by anio")
    assert told == [(year, 25 * 15 * 2, 25, 3, 17, 2) for year in YEARS]


def test_as_many_live_in_it_as_are_of_these_ages(country: Country) -> None:
    """Who died or went abroad in an earlier year is no more of them, which few did."""
    children = f"read_parquet('{country.truth}/children.parquet')"
    people = "select anio, sum(poblacion)::int as people from raw.inei_population where edad >= 6 group by anio"
    age = "anio - year(born) - (born > make_date(year(born), 6, 30))::int"
    told = country.ask(
        f"select anio, any_value(people), count(*) filter ({age} between 6 and 17) from ({people}) cross join {children} "
        "group by anio order by anio"
    )
    assert [year for year, _, _ in told] == [*YEARS]
    assert told[0][1] == told[0][2]
    assert all(0.98 * drawn < people <= drawn for _, people, drawn in told)
    assert told[-1][1] < told[-1][2]


def test_those_at_school_are_among_them(country: Country) -> None:
    """Children of a department go to school in another too, but of the nation no more than there are."""
    of_nation = "where department_code = '00'"
    at_school = f"select * from intermediate.int_indicators__counts {of_nation} and indicator = 'in_school'"
    at_school = f"select school_year, sum(n_pupils) as n from ({at_school}) group by school_year"
    people = f"select * from intermediate.int_places__populations {of_nation}"
    people = f"select calendar_year, sum(n_of_official_age) as people from ({people}) group by calendar_year"
    shares = country.ask(f"select n / people from ({at_school}) join ({people}) on school_year = calendar_year")
    assert len(shares) == 7
    assert all(0.8 < share < 0.95 for (share,) in shares)
