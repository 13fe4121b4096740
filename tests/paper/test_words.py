"""Paper says grades, days, places and actions as people do."""

from __future__ import annotations

from datetime import date

import pytest

from warehouse import addresses, seeds
from warehouse.errors import UsageError
from warehouse.paper import qr, words
from warehouse.paper.words import School


@pytest.mark.parametrize(
    ("code", "said"), [(3, "5 años"), (4, "1.° de primaria"), (9, "6.° de primaria"), (10, "1.° de secundaria"), (99, ""), (None, "")]
)  # fmt: skip
def test_a_grade_is_told_in_words(code: int | None, said: str) -> None:
    assert words.grade(code) == said


def test_a_grade_without_a_section_has_no_comma() -> None:
    assert words.grade_and_section(9, "B") == "6.° de primaria, sección B"
    assert words.grade_and_section(9, None) == "6.° de primaria"
    assert words.grade_and_section(None, "B") == "sección B"


@pytest.mark.parametrize(
    ("monday", "said"),
    [
        (date(2025, 12, 1), "semana del 1 al 7 de diciembre de 2025"),
        (date(2025, 10, 27), "semana del 27 de octubre al 2 de noviembre de 2025"),
        (date(2025, 12, 29), "semana del 29 de diciembre de 2025 al 4 de enero de 2026"),
    ],
)
def test_a_week_names_month_and_year_once_where_they_are_the_same(monday: date, said: str) -> None:
    assert words.week(monday) == said


def test_places_are_written_as_people_do() -> None:
    assert words.titled("SAN JUAN DE LURIGANCHO") == "San Juan de Lurigancho"
    assert words.titled("EL AGUSTINO") == "El Agustino"


def test_a_school_has_its_name_first() -> None:
    assert words.school("0000001-0", School("I.E. 1", "COMAS", None)) == "I.E. 1, distrito Comas (código 0000001-0)"
    assert words.school("0000001-0", School(None, "COMAS", None)) == "sin nombre en el padrón, código 0000001-0"
    assert words.school("0000001-0", None) == "sin nombre en el padrón, código 0000001-0"


def test_an_action_is_told_once() -> None:
    services = [{"tutor_text": "apoyo de la escuela", "who_acts": "UGEL"}] * 2
    assert words.actions("apoyo de la escuela", services) == ["Apoyo de la escuela (UGEL)."]
    assert words.actions("conversar", services) == ["Conversar.", "Apoyo de la escuela (UGEL)."]
    assert words.actions(None, []) == []


def test_contacts_are_the_newest_first_and_few() -> None:
    cases = [
        {"assigned_on": date(2025, 3, n), "contacted_on": None, "served_on": date(2025, 4, n)} for n in range(1, 5)
    ]
    found = words.contacts(cases)
    assert [contact.on for contact in found] == [date(2025, 4, n) for n in (4, 3, 2, 1)]
    assert {contact.text for contact in found} == {"Recibió un servicio"}


def test_the_code_opens_the_childs_page_where_people_open_it() -> None:
    assert qr.page_of("111", {}) == "http://127.0.0.1:8010/ficha/111"
    assert qr.page_of("111", {addresses.PAGES: "https://qhawaq.example/ "}) == "https://qhawaq.example/ficha/111"
    for wrong in ("javascript:x", "qhawaq.example", "https://", "https://x.example/?a=1"):
        with pytest.raises(UsageError, match=addresses.PAGES):
            qr.page_of("111", {addresses.PAGES: wrong})


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_boxes_of_a_sheet_are_the_outcomes_that_a_visit_can_have(language: str) -> None:
    rows = sorted(seeds.rows("visit_outcomes"), key=lambda row: int(row["position"]))
    *boxes, other = words.texts(language)["sheet"]["outcomes"]
    assert boxes == [row[f"text_{language}"] for row in rows]
    assert other == {"es": "Otro:", "en": "Other:"}[language]


def test_paper_says_everything_in_both_languages() -> None:
    spanish, english = words.texts("es"), words.texts("en")
    for part in ("sheet", "steps"):
        assert spanish[part].keys() == english[part].keys()
    assert words.grade_and_section(9, "B", "en") == "6.° de primaria, section B"
    assert words.school("1-0", School("I.E. 1", "COMAS", None), "en") == "I.E. 1, district Comas (code 1-0)"
