"""The child's page: what it shows, to whom, and what it takes in."""

from __future__ import annotations

import re
from datetime import date, timedelta

import duckdb
import pytest
from fastapi.testclient import TestClient

from tests.service.conftest import HERE, MACHINE, Asking
from warehouse import clock

PAGE = f"/ficha/{HERE}"
EVERYTHING = {"scope": "education identity feedback"}
VISIT = {"matter": "interruption:2025", "state": "CONTACTADO", "on": "2025-11-15"}


def seal(client: TestClient, headers: dict[str, str]) -> str:
    return re.search(r'name="seal" value="([0-9a-f]{64})"', client.get(PAGE, headers=headers).text).group(1)


def test_the_page_says_what_is_known_and_not_who(asking: Asking, client: TestClient) -> None:
    page = client.get(PAGE, headers=asking.token(**EVERYTHING))
    assert page.status_code == 200
    assert 'lang="es-PE"' in page.text
    for said in ("Datos sintéticos", "al menos 1 de cada 4", "(30,0 %)", "visita domiciliaria", "abril de 2025",
                 "3 de 8 áreas", "matrícula 2025: grado 9", "riesgo de interrumpir"):  # fmt: skip
        assert said in page.text, said
    assert "Ficticia" not in page.text
    assert "<script" not in page.text
    assert "ficha" in asking.settings.access_log.read_text()


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


def test_a_form_from_elsewhere_is_not_believed(asking: Asking, client: TestClient) -> None:
    headers, why = asking.token(**EVERYTHING), {"why": "visita acordada con la dirección"}
    good = seal(client, headers)
    for sent, more in (({"seal": "0" * 64}, {}), ({"seal": good}, {"Origin": "https://evil.example"})):
        assert client.post(f"{PAGE}/nombre", data=why | sent, headers=headers | more).status_code == 403
    other = asking.token(**EVERYTHING, sub="otra")
    assert client.post(f"{PAGE}/nombre", data=why | {"seal": good}, headers=other).status_code == 403
    assert asking.revealed == []


def test_a_visit_is_recorded_as_its_contract_wants_it(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    said = client.post(f"{PAGE}/seguimiento", data=VISIT | {"seal": seal(client, headers)}, headers=headers,
                       follow_redirects=False)  # fmt: skip
    assert (said.status_code, said.headers["location"]) == (303, f"{PAGE}?guardado=true")
    assert asking.recorded == [
        {"ANIO": 2025, "COD_UGEL": "150101", "NINO": 111, "ASUNTO": "INTERRUPTION", "ESTADO": "CONTACTADO",
         "FECHA": date(2025, 11, 15), "SERVICIO": None, "MOTIVO": None}
    ]  # fmt: skip
    assert "Se guardó" in client.get(f"{PAGE}?guardado=true", headers=headers).text


TODAY = clock.today()


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"state": "ATENDIDO"}, 422), ({"state": "ATENDIDO", "service": "VISITA"}, 303), ({"service": "VISITA"}, 422),
     ({"state": "DESCARTADO"}, 422), ({"state": "DESCARTADO", "reason": "NO_UBICADO"}, 303), ({"reason": "OTRO"}, 422),
     ({"state": "MUERTO"}, 422), ({"matter": "interruption:2024"}, 422), ({"matter": "x"}, 422),
     ({"on": str(TODAY)}, 303), ({"on": str(TODAY + timedelta(1))}, 422), ({"on": "ayer"}, 422), ({"on": "2017-12-31"}, 422)],
)  # fmt: skip
def test_only_what_can_be_is_recorded(asking: Asking, client: TestClient, changed: dict, status: int) -> None:
    headers = asking.token(**EVERYTHING)
    sent = VISIT | changed | {"seal": seal(client, headers)}
    said = client.post(f"{PAGE}/seguimiento", data=sent, headers=headers, follow_redirects=False)
    assert said.status_code == status
    assert len(asking.recorded) == (status == 303)


def test_recording_needs_its_scope(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    sent = VISIT | {"seal": seal(client, headers)}
    assert client.post(f"{PAGE}/seguimiento", data=sent, headers=asking.token(scope="education")).status_code == 403
    assert client.post(f"{PAGE}/seguimiento", data=sent, headers=MACHINE).status_code == 403


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
            "create table schools as select '0000001-0' as service_code, 'I.E. <1>' as school_name, 'COMAS' as district_name, 'UGEL 150101, LIMA' as ugel_name"
        )
    sheet = client.get(f"{PAGE}/hoja", headers=asking.token()).text
    assert "I.E. &lt;1&gt;, distrito Comas (código 0000001-0)" in sheet
    assert "UGEL 150101, Lima" in sheet
