"""The child's records on its page: months beside the class, marks, years, services, and what only some may read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service import attendance_chart, page_records, wording
from tests.service.conftest import HERE, Asking

PAGE = f"/ficha/{HERE}"
CODES = (
    "grado 9",
    "0000001-0",
    "REPITE",
    "transferred",
    "failed",
    "absences_in_one_month",
    "additive",
    "m1-",
    "NaN",
    "None",
)


def text(asking: Asking, client: TestClient, scope: str) -> str:
    return client.get(PAGE, headers=asking.token(scope=scope)).text


def month(day: date, absent: int, opened: int = 20, of_class: float | None = None) -> dict[str, Any]:
    return {"month_start": day, "open_days": opened, "absence_days": absent, "unjustified_absence_days": 0, "late_days": 0,
            "n_classmates": 7, "class_attendance_share": of_class}  # fmt: skip


def test_attendance_is_told_beside_the_class(asking: Asking, client: TestClient) -> None:
    page = text(asking, client, "education")
    assert "2025: Faltó 11 de 40 días de clase; asistencia baja en marzo y abril." in page
    assert "2024: Faltó 0 de 20 días de clase; ningún mes con asistencia baja." in page
    assert "la mediana de su aula (hasta 6 compañeros" in page
    assert "<td>20</td><td>9</td><td>9</td><td>3</td><td>55%</td><td>no se muestra</td>" in page
    assert "<td>20</td><td>0</td><td>no consta</td><td>no consta</td><td>100%</td>" in page


def test_marks_are_letters_as_sent(asking: Asking, client: TestClient) -> None:
    page = text(asking, client, "education")
    assert page.index("Matemática") < page.index("Arte y cultura")
    for said in (
        "Primera mitad de 2025",
        "Fin de 2024",
        ">AD</span>",
        ">14</span>",
        "por debajo de lo esperado",
        "sin notas",
    ):
        assert said in page, said


def test_years_say_what_happened(asking: Asking, client: TestClient) -> None:
    page = text(asking, client, "education")
    for said in ("<strong>2025</strong> 6.° de primaria, I.E. 0000001, sección A. Repite el grado; cambió de escuela; 2 años de extraedad.",
                 "<strong>2024</strong> 6.° de primaria, escuela de código 0000009-0. Desaprobó el año.",
                 "<strong>2023</strong> 5.° de primaria, escuela de código 0000009-0, sección B. Reingresó a la escuela; aprobó el año."):  # fmt: skip
        assert said in page, said


def test_no_code_of_the_program_is_shown(asking: Asking, client: TestClient) -> None:
    page = text(asking, client, "education welfare identity feedback").partition("<main>")[2]
    assert [code for code in CODES if code in page] == []


def test_household_and_work_are_for_those_who_may_read_them(asking: Asking, client: TestClient) -> None:
    hidden = ("Derivar a JUNTOS.", "Hogar pobre.", "Transferencia JUNTOS", "el registro de hogares")
    few, all_of_it = (text(asking, client, scope) for scope in ("education", "education welfare"))
    assert [said for said in hidden if said in few] == []
    assert [said for said in hidden if said not in all_of_it] == []


def test_who_has_no_records_has_a_page(asking: Asking, client: TestClient) -> None:
    page = client.get("/ficha/222", headers=asking.token(scope="education", qhawaq_areas=["*"]))
    assert page.status_code == 200
    for said in ("Sin registros de asistencia", "Sin notas", "Sin matrículas", "Entra porque cambió el modelo."):
        assert said in page.text, said


@pytest.mark.parametrize(("absent", "is_low"), [(1, False), (2, True), (3, True)])
def test_a_month_is_low_from_ninety_percent_down(absent: int, is_low: bool) -> None:
    chart = attendance_chart.of_year([month(date(2025, 3, 1), absent)], 2025)
    assert chart["bars"][0]["is_low"] == is_low


def test_a_chart_stands_as_computed_by_hand() -> None:
    """Half of the days of 20: half of 120 high, from 8 + 60 down; a class at 0.9 is 12 below the top."""
    chart = attendance_chart.of_year([month(date(2025, 3, 1), 10, of_class=0.9), month(date(2024, 3, 1), 0)], 2025)
    (bar,) = chart["bars"]
    assert (bar["y"], bar["bar_height"], bar["class_y"], chart["points"]) == (68, 60, 20, "63,20.0")
    assert attendance_chart.of_year([month(date(2025, 3, 1), 10)], 2025)["class_note"].startswith(
        "Su aula no se muestra"
    )


@pytest.mark.parametrize(
    ("probability", "version", "said"),
    [
        (0.3, "m1", "interrumpe sus estudios al menos 1 de cada 4 (30%)"),
        (None, "m1", "no se muestra"),
        (None, "rule:abc", "regla"),
    ],
)
def test_how_sure_is_said(probability: float | None, version: str, said: str) -> None:
    listed = {"probability": probability, "model_version": version, "probability_text": "al menos 1 de cada 4"}
    assert said in wording.sureness(listed)


def test_models_are_named() -> None:
    assert wording.model("interruption-additive-2025-12-05-69d1a78a") == "modelo aditivo (versión del 05/12/2025)"
    assert wording.model("rule:over_age") == "regla «over_age»"
    assert wording.model("other") == "other"


@pytest.mark.parametrize(
    ("name", "said"),
    [("10132 JESUS DIVINO MAESTRO", "I.E. N.° 10132 Jesus Divino Maestro"), ("I.E. 0102209", "I.E. 0102209"), (None, "escuela de código s"),
     ("VIRGEN DE LA PUERTA", "Virgen de la Puerta"), ("Fe y Alegría 5", "Fe y Alegría 5")],
)  # fmt: skip
def test_a_school_is_called_by_its_name(name: str | None, said: str) -> None:
    assert wording.school(name, "s") == said


def test_what_changed_is_said_where_a_former_list_is_known() -> None:
    shown = {name: [] for name in ("months", "marks", "years", "supports", "reasons", "actions", "changes")}
    assert page_records.shown(shown, may_see_welfare=True)["change"] == ""
