"""The child's page: what it shows, to whom, and what it takes in."""

from __future__ import annotations

import re

import duckdb
import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import HERE, Asking

PAGE = f"/ficha/{HERE}"
EVERYTHING = {"scope": "education identity feedback"}


def seal(client: TestClient, headers: dict[str, str]) -> str:
    """Return the seal of the page's own forms: that of signing out stands before them."""
    return re.findall(r'name="seal" value="([0-9a-f]{64})"', client.get(PAGE, headers=headers).text)[-1]


def test_the_page_says_what_is_known_and_not_who(asking: Asking, client: TestClient) -> None:
    page = client.get(PAGE, headers=asking.token(**EVERYTHING))
    assert page.status_code == 200
    assert 'lang="es-PE"' in page.text
    for said in ("Datos sintéticos", "al menos 1 de cada 4 (30%)", "Visita domiciliaria", "abril de 2025",
                 "6.° de primaria, I.E. 0000001, sección A", "(San Juan, 2025)", "riesgo de interrumpir",
                 "Preguntar qué pasó en abril.", "Según su registro de asistencia: faltó 9 de 20 días en abril.",
                 "Está en el puesto 1 de la lista de su UGEL del 31 de octubre de 2025", "Faltó mucho.", "Pesa mucho.",
                 "21 de octubre de 2025 (hace 10 días)", "Ya estaba en la lista anterior.", "28 de febrero de 2026"):  # fmt: skip
        assert said in page.text, said
    assert "Ficticia" not in page.text
    assert "<script" not in page.text
    assert "ficha" in asking.settings.access_log.read_text()


def test_a_child_that_only_a_rule_found_is_said_why(asking: Asking, client: TestClient) -> None:
    page = client.get("/ficha/333", headers=asking.token()).text
    assert "Necesita una visita ahora" in page
    assert "Acumula 31 días de falta." in page
    assert "Necesita una visita ahora" not in client.get(PAGE, headers=asking.token()).text


def test_forms_are_shown_to_those_who_may_send_them(asking: Asking, client: TestClient) -> None:
    looked = client.get(PAGE, headers=asking.token(scope="education")).text
    assert "/nombre" not in looked
    assert "/seguimiento" not in looked


def test_another_area_has_no_page(asking: Asking, client: TestClient) -> None:
    for path in (PAGE, f"{PAGE}/hoja"):
        assert client.get(path, headers=asking.token(qhawaq_areas=["ugel:080101"])).status_code == 404


def test_the_name_is_shown_for_a_reason_and_whatever_is_typed_is_text(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    sent = {"seal": seal(client, headers), "why": "visita acordada <b>hoy</b>"}
    page = client.post(f"{PAGE}/nombre", data=sent, headers=headers)
    assert page.status_code == 200
    assert "Ficticia &lt;script&gt;" in page.text
    assert "&lt;b&gt;hoy" in page.text
    assert '"what": "identity"' in asking.settings.access_log.read_text()
    assert asking.revealed == [int(HERE)]


@pytest.mark.parametrize("why", ["", "  corto ", "x" * 501])
def test_a_reason_that_says_nothing_comes_back_beside_its_field(asking: Asking, client: TestClient, why: str) -> None:
    headers = asking.token(**EVERYTHING)
    sent = {"seal": seal(client, headers), "why": why}
    page = client.post(f"{PAGE}/nombre", data=sent, headers=headers)
    assert page.status_code == 422
    assert 'aria-describedby="why-error"' in page.text
    assert f'value="{why}"' in page.text
    said = client.post(f"{PAGE}/nombre", data=sent, headers=headers | {"Accept": "application/json"})
    assert (said.status_code, said.headers["content-type"]) == (422, "application/problem+json")
    assert asking.revealed == []


def test_a_browser_reads_what_went_wrong_and_a_machine_gets_json(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    browser = client.get("/ficha/999", headers=headers | {"Accept": "text/html,*/*"})
    assert (browser.status_code, "nada publicado" in browser.text) == (404, True)
    assert client.get("/ficha/999", headers=headers).json()["status"] == 404
    assert client.get("/v1/children/999", headers=headers | {"Accept": "text/html"}).json()["status"] == 404


def test_a_form_from_elsewhere_is_not_believed(asking: Asking, client: TestClient) -> None:
    headers, why = asking.token(**EVERYTHING), {"why": "visita acordada con la dirección"}
    good = seal(client, headers)
    for sent, more in (({"seal": "0" * 64}, {}), ({"seal": good}, {"Origin": "https://evil.example"})):
        assert client.post(f"{PAGE}/nombre", data=why | sent, headers=headers | more).status_code == 403
    other = asking.token(**EVERYTHING, sub="otra")
    assert client.post(f"{PAGE}/nombre", data=why | {"seal": good}, headers=other).status_code == 403
    assert asking.revealed == []


def test_a_sheet_to_print_holds_no_name(asking: Asking, client: TestClient) -> None:
    sheet = client.get(f"{PAGE}/hoja", headers=asking.token())
    assert "Hoja de visita" in sheet.text
    assert "Ficticia" not in sheet.text


def test_the_sheet_says_school_and_grade_as_people_do_and_has_the_code_of_the_page(
    asking: Asking, client: TestClient
) -> None:
    sheet = client.get(f"{PAGE}/hoja", headers=asking.token()).text
    for told in ("6.° de primaria, sección A", "0000001-0", "<svg", "Línea 100", "28 de febrero de 2026"):
        assert told in sheet, told
    assert "grado 9" not in sheet


def test_the_sheet_has_the_name_only_after_it_was_revealed_for_a_reason(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    given = {"seal": seal(client, headers), "why": "visita acordada con la dirección"}
    assert client.post(f"{PAGE}/hoja/nombre", data=given | {"why": "x"}, headers=headers).status_code == 422
    assert asking.revealed == []
    sheet = client.post(f"{PAGE}/hoja/nombre", data=given, headers=headers)
    assert "<strong>Ficticia &lt;script&gt;</strong>" in sheet.text
    assert "Hoja de visita" in sheet.text
    assert asking.revealed == [int(HERE)]
    assert '"what": "identity"' in asking.settings.access_log.read_text()
    alone = asking.token(scope="education")
    assert client.post(f"{PAGE}/hoja/nombre", data=given, headers=alone).status_code == 403


def test_the_sheet_names_the_school_where_the_release_does(asking: Asking, client: TestClient) -> None:
    with duckdb.connect(str(asking.settings.children)) as db:
        db.execute(
            "update schools set school_name = 'I.E. <1>', district_name = 'COMAS' where service_code = '0000001-0'"
        )
    sheet = client.get(f"{PAGE}/hoja", headers=asking.token()).text
    assert "I.E. &lt;1&gt;, distrito Comas (código 0000001-0)" in sheet
    assert "UGEL 150101, Lima" in sheet
