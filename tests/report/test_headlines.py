"""The sentences that open a bulletin: chosen by rule from its tables, on both sides of each rule's bound."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from warehouse.report import headlines
from warehouse.report.figures import Bulletin
from warehouse.report.tables import BulletinTable

Rows = list[dict[str, Any]]


def bulletin(is_internal: bool = False, **tables: Rows) -> Bulletin:
    found = tuple(
        BulletinTable(key, tuple(rows[0]) if rows else (), tuple(tuple(row.values()) for row in rows))
        for key, rows in tables.items()
    )
    return Bulletin("x", "x", is_internal, False, date(2025, 12, 5), "r", datetime(2025, 12, 5, tzinfo=UTC), found)


def indicator(name: str = "over_age", year: int = 2024, share: float = 0.3, change: float | None = None, n: int = 10_000,
              **gaps: float | None) -> dict[str, Any]:  # fmt: skip
    return {
        "indicator": name,
        "level": "B0",
        "school_year": year,
        "case_share": share,
        "change_share": change,
        "n_pupils": n,
    } | gaps


def year(name: str, at: int, share: float) -> dict[str, Any]:
    return {"indicator": name, "level": "B0", "school_year": at, "case_share": share}


def change(rows: Rows, years: Rows) -> str:
    return headlines.largest_change(bulletin(indicators=rows, years=years))


def test_the_largest_change_is_told_with_both_years() -> None:
    rows = [indicator(change=0.1), indicator("interruption", share=0.05, change=-0.15)]
    years = [year("over_age", 2023, 0.2), year("interruption", 2023, 0.2)]
    told = change(rows, years)
    assert told == ("El mayor cambio: la interrupción en primaria bajó 15.0 puntos porcentuales, de 20.0% en 2023 "
                    "a 5.0% en 2024.")  # fmt: skip


@pytest.mark.parametrize(("at", "before"), [(2021, 2019), (2022, 2021), (2020, 2019), (2024, 2020)])
def test_years_without_open_schools_are_compared_with_none(at: int, before: int) -> None:
    told = change([indicator(year=at, change=0.1)], [year("over_age", before, 0.2)])
    assert told == "Ningún indicador tiene una cifra anterior con la que compararse."


def test_a_year_after_a_gap_is_compared_with_the_last_known() -> None:
    assert "de 20.0% en 2019 a" in change([indicator(year=2022, change=0.1)], [year("over_age", 2019, 0.2)])


@pytest.mark.parametrize(("n", "is_chance"), [(1600, True), (1700, False)])
def test_a_change_within_two_standard_errors_may_be_chance(n: int, is_chance: bool) -> None:
    """At 50% and a change of 3.5 points, two standard errors are 3.5 points of some 1,633 pupils."""
    told = change([indicator(share=0.5175, change=0.035, n=n)], [year("over_age", 2023, 0.4825)])
    assert ("azar" in told) == is_chance


def test_one_point_is_said_in_the_singular() -> None:
    assert "1.0 punto porcentual," in change([indicator(share=0.31, change=0.01)], [year("over_age", 2023, 0.3)])


def test_a_change_that_would_be_shown_as_nothing_is_none() -> None:
    assert change([indicator(change=0.0004)], [year("over_age", 2023, 0.3)]).startswith("Ningún")


def test_without_a_change_that_is_told() -> None:
    assert change([], []).startswith("Ningún")
    assert change([indicator(change=None)], [year("over_age", 2023, 0.3)]).startswith("Ningún")


def test_similar_ugels_come_before_the_country() -> None:
    rows = [indicator(share=0.3, gap_to_nation=0.2, gap_to_similar=-0.05)]
    told = headlines.position(bulletin(indicators=rows))
    assert told.startswith("Frente a las UGEL más parecidas: el atraso escolar en primaria")
    assert "está 5.0 puntos porcentuales por debajo (35.0%)" in told
    rows = [indicator(share=0.3, gap_to_nation=0.2, gap_to_similar=None)]
    assert "país" in headlines.position(bulletin(indicators=rows))
    assert "por encima (10.0%)" in headlines.position(bulletin(indicators=rows))
    assert headlines.position(bulletin(indicators=[indicator()])).startswith("Ninguna cifra")


def department(name: str, share: float, level: str = "B0") -> dict[str, Any]:
    return {"department_name": name, "level": level, "school_year": 2024, "case_share": share}


def test_the_level_with_the_widest_spread_is_told() -> None:
    rows = [
        department("Puno", 0.05),
        department("Lima", 0.02),
        department("Lima", 0.01, "F0"),
        department("Ica", 0.09, "F0"),
    ]
    told = headlines.spread(bulletin(departments=rows))
    assert "secundaria de 2024 va de 1.0% (Lima) a 9.0% (Ica)" in told
    assert headlines.spread(bulletin(departments=rows[:1])).startswith("Ningún departamento")


def test_what_is_missing_is_named_and_the_rest_counted() -> None:
    topic = {"topic_name": "Asistencia", "is_available": False}
    gone = {"source": "siagie.siagie_enrollments", "period_start": date(2025, 3, 1), "department_name": "Loreto"}
    assert headlines.missing(bulletin(available=[topic])) == "Falta recibir: asistencia."
    told = headlines.missing(bulletin(available=[topic], missing=[gone] * 3))
    assert "asistencia; " in told
    assert "(Loreto, 03/2025)" in told
    assert told.endswith(" y 1 más.")
    assert headlines.missing(bulletin(available=[topic | {"is_available": True}])) == "No falta ninguna entrega."


def cases(year: int, n: int, contacted: int) -> dict[str, Any]:
    return {"school_year": year, "n_cases": n, "n_contacted": contacted}


def test_cases_without_contact_are_those_of_the_newest_year() -> None:
    rows = [cases(2025, 1200, 0), cases(2025, 34, 0), cases(2024, 9, 9)]
    told = headlines.without_contact(bulletin(cases=rows))
    assert told == "De los 1,234 casos de 2025 no consta todavía ningún contacto."
    told = headlines.without_contact(bulletin(cases=[cases(2025, 10, 4)]))
    assert told == "De los 10 casos de 2025, en 4 consta un contacto."
    assert headlines.without_contact(bulletin(cases=[])) == "No hay casos abiertos."


def test_every_indicator_can_stand_in_a_sentence() -> None:
    from warehouse.report.wording import catalog, texts

    ages = {"official_age", "intake", "in_school"}
    assert set(texts()["subjects"]) == set(catalog()["values"]["indicator"]) - ages
