"""Pages of the protection offices: who sees them, what they show, and what a decision needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from fastapi.testclient import TestClient

from service.settings import Busy
from tests.service import offices
from tests.service.conftest import NAME, Asking
from tests.service.offices import CANDIDATE, CHILD, ELSEWHERE, FILE, HERE, NUMBER, SCOPES, SURE, UNSURE
from warehouse import clock

WHY = "revisión acordada con la oficina"
REVIEW = f"/proteccion/{HERE}/revision/{UNSURE}"
PATHS = (f"/v1/protection/{HERE}/cases", f"/proteccion/{HERE}", f"/proteccion/{HERE}/ficha/{CHILD}", REVIEW)


@pytest.fixture
def office(asking: Asking, tmp_path: Path) -> Asking:
    return offices.published(asking, tmp_path / "protection")


@pytest.fixture
def client(office: Asking) -> Iterator[TestClient]:
    with office.client() as opened:
        yield opened


def sealed(page: str) -> str:
    """Return the seal of the page's own form; that of signing out stands above."""
    return re.findall(r'name="seal" value="([0-9a-f]{64})"', page)[-1]


def compared(client: TestClient, headers: dict[str, str]) -> str:
    page = client.get(REVIEW, headers=headers).text
    return client.post(REVIEW, data={"seal": sealed(page), "why": WHY}, headers=headers).text


def statuses(client: TestClient, headers: dict[str, str]) -> dict[str, int]:
    """Ask for every path: to begin a service takes longer than to ask it."""
    return {path: client.get(path, headers=headers).status_code for path in PATHS}


def test_an_education_user_sees_nothing_of_them(office: Asking, client: TestClient) -> None:
    everything_else = office.token(scope="predict education identity feedback", qhawaq_areas=["*"])
    assert statuses(client, everything_else) == dict.fromkeys(PATHS, 403)
    assert statuses(client, office.token(**SCOPES)) == dict.fromkeys(PATHS, 200)


@pytest.mark.parametrize(
    ("areas", "status"),
    [(["*"], 200), (["region:15"], 200), (["province:1501"], 200), (["region:08"], 404), (["province:0801"], 404),
     (["ugel:150101"], 404), (["province:15"], 404), ([], 404)],
)  # fmt: skip
def test_offices_of_others_are_as_if_there_were_none(
    office: Asking, client: TestClient, areas: list[str], status: int
) -> None:
    headers = office.token(**SCOPES | {"qhawaq_areas": areas})
    assert statuses(client, headers) == dict.fromkeys(PATHS, status)


def test_the_education_page_says_nothing_of_protection(office: Asking, client: TestClient) -> None:
    both = office.token(scope="education protection", qhawaq_areas=["*"])
    page = client.get(f"/ficha/{CHILD}", headers=both).text
    assert "DEMUNA" not in page
    assert "rotecci" not in page.partition("<main>")[2]  # the way to the other page stands above
    assert "puesto" not in client.get(f"/proteccion/{HERE}/ficha/{CHILD}", headers=both).text


def test_a_province_without_a_published_file_is_none(office: Asking, client: TestClient) -> None:
    headers = office.token(**SCOPES | {"qhawaq_areas": ["*"]})
    assert client.get("/proteccion/9999", headers=headers).status_code == 404
    assert client.get("/v1/protection/..%2F/cases", headers=headers).status_code == 404
    page = client.get("/proteccion", headers=headers).text
    assert [found in page for found in (HERE, ELSEWHERE)] == [True, True]
    moved = client.get("/proteccion", headers=office.token(**SCOPES), follow_redirects=False)
    assert moved.headers["location"] == f"/proteccion/{HERE}"


def test_who_waited_longest_is_first_and_it_is_logged(office: Asking, client: TestClient) -> None:
    found = client.get(f"/v1/protection/{HERE}/cases", params={"limit": 2}, headers=office.token(**SCOPES)).json()
    assert [case["case_key"] for case in found["cases"]] == [UNSURE, SURE]
    assert found["next_offset"] == 2
    page = client.get(f"/proteccion/{HERE}", headers=office.token(**SCOPES)).text
    assert (
        page.index(f"revision/{UNSURE}")
        < page.index(f"ficha/{CHILD}")
        < page.index("sin candidato</td>", page.index(f"ficha/{CHILD}"))
    )
    assert "Datos sintéticos" in page
    assert office.settings.access_log.read_text().count('"what": "offices"') == 2


def due(office: Asking, **cases: str | None) -> None:
    """Give cases of the office that opened them a deadline, by key; None takes it away."""
    with duckdb.connect(str(office.settings.offices / HERE / "r1.duckdb")) as db:
        for key, day in cases.items():
            given = [
                day,
                3 if day else None,
                "Directiva 1, art. 2" if day else None,
                {"sure": SURE, "unsure": UNSURE}[key],
            ]
            db.execute("update caseload set due_on = ?, working_days = ?, deadline_basis = ? where case_key = ?", given)


TODAY = clock.today()
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("due_on", "said", "counted"),
    [(TODAY, "<strong>Vence hoy</strong>", "0 vencidos y 1 vencen hoy, de 1"),
     (TODAY - DAY, "(hace 1 día)</strong>", "1 vencidos y 0 vencen hoy, de 1"),
     (TODAY - 2 * DAY, "(hace 2 días)</strong>", "1 vencidos y 0 vencen hoy, de 1"),
     (TODAY + DAY, f"<strong>Vence el {TODAY + DAY:%d/%m/%Y}</strong>", "0 vencidos y 0 vencen hoy, de 1")],
)  # fmt: skip
def test_what_is_due_says_so_with_its_norm(office: Asking, due_on: date, said: str, counted: str) -> None:
    due(office, sure=str(due_on))
    with office.client() as client:
        page = client.get(f"/proteccion/{HERE}", headers=office.token(**SCOPES)).text
        own = client.get(f"/proteccion/{HERE}/ficha/{CHILD}", headers=office.token(**SCOPES)).text
    for shown in (page, own):
        assert said in shown
        assert "3 días hábiles: Directiva 1, art. 2" in shown
    assert counted in page
    assert "sin plazo declarado" in page  # of the other case that waits
    assert "ya se atiende" in page  # of the one that somebody has taken up


def test_what_is_due_first_comes_first_and_nothing_is_invented(office: Asking) -> None:
    with office.client() as client:
        headers = office.token(**SCOPES)
        page = client.get(f"/proteccion/{HERE}", headers=headers).text
        assert "Ningún caso que espera tiene un plazo declarado" in page
        assert "Vence" not in page
    due(office, sure="2025-07-09")
    with office.client() as client:
        cases = client.get(f"/v1/protection/{HERE}/cases", headers=headers).json()["cases"]
        assert [case["case_key"] for case in cases][:2] == [SURE, UNSURE]  # though the other waits longer


def test_violence_that_nobody_took_up_is_a_report_by_itself(office: Asking, client: TestClient) -> None:
    page = client.get(f"/proteccion/{HERE}", headers=office.token(**SCOPES)).text
    reports = page.partition('id="reports"')[2].partition("</section>")[0]
    assert "Violencia física" in reports
    assert f"revision/{UNSURE}" in reports
    assert "Alimentos" not in reports
    assert "Pelea de patio" in page  # no word of the seed: as the office wrote it, but for its capitals


def test_the_offices_numbers_are_for_who_may_see_names(office: Asking, client: TestClient) -> None:
    path = f"/proteccion/{HERE}"
    assert f'DEMUNA <span class="actor">{NUMBER}</span>' in client.get(path, headers=office.token(**SCOPES)).text
    assert NUMBER not in client.get(path, headers=office.token(**SCOPES | {"scope": "protection"})).text


@pytest.mark.parametrize("path", [f"/proteccion/{HERE}", f"/proteccion/{HERE}/ficha/{CHILD}", REVIEW])
def test_each_page_has_the_ways_to_others_and_out(office: Asking, client: TestClient, path: str) -> None:
    page = client.get(path, headers=office.token(**SCOPES)).text
    assert '<a href="/proteccion">' in page
    assert 'action="/salir"' in page


def test_a_page_answers_while_landing_writes_the_vault(office: Asking) -> None:
    def busy(places: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
        raise Busy("written")

    office.settings = offices.replace(office.settings, case_numbers=busy)
    with office.client() as client:
        page = client.get(f"/proteccion/{HERE}", headers=office.token(**SCOPES))
    assert (page.status_code, "no están disponibles" in page.text) == (200, True)


def test_a_file_of_a_former_version_says_what_to_do(office: Asking) -> None:
    with duckdb.connect(str(office.settings.offices / HERE / "r1.duckdb")) as db:
        db.execute("alter table caseload drop due_on")
    with office.client() as client:
        answer = client.get(f"/v1/protection/{HERE}/cases", headers=office.token(**SCOPES))
    assert (answer.status_code, "call 'qhawaq run'" in answer.text) == (503, True)


def test_a_childs_cases_and_its_name_for_a_reason(office: Asking, client: TestClient) -> None:
    headers, path = office.token(**SCOPES), f"/proteccion/{HERE}/ficha/{CHILD}"
    page = client.get(path, headers=headers).text
    for said in ("Alimentos", "Abierto", NUMBER, "por vínculo", "(97.0%)", "21.5 horas", "01/06/2025"):
        assert said in page, said
    assert NAME["given_names"] not in page
    named = client.post(f"{path}/nombre", data={"seal": sealed(page), "why": WHY}, headers=headers)
    assert NAME["given_names"] in named.text
    assert office.revealed == [int(CHILD)]
    assert client.get(f"/proteccion/{HERE}/ficha/222", headers=headers).status_code == 404
    may_not = office.token(**SCOPES | {"scope": "protection"})
    assert "/nombre" not in client.get(path, headers=may_not).text
    refused = client.post(f"{path}/nombre", data={"seal": sealed(client.get(path, headers=headers).text), "why": WHY},
                          headers=may_not)  # fmt: skip
    assert refused.status_code == 403


def test_names_are_compared_for_a_reason_and_whatever_is_written_is_text(office: Asking, client: TestClient) -> None:
    headers = office.token(**SCOPES)
    page = client.get(REVIEW, headers=headers).text
    assert "QUISPE" not in page
    assert '"what": "review"' not in office.settings.access_log.read_text()
    shown = compared(client, headers)
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", shown)
    assert rows == [
        ("Nombres", "Rosa &lt;b&gt;", "ROSA ELENA", "no"), ("Apellido paterno", "QUISPE", "QUISPE", "sí"),
        ("Apellido materno", "no consta", "MAMANI", "-"), ("Fecha de nacimiento", "2012-05-06", "2012-05-06", "sí"),
        ("Distrito (ubigeo)", "150101", "150102", "no"),
    ]  # fmt: skip
    assert '"what": "review"' in office.settings.access_log.read_text()
    assert "QUISPE" not in office.settings.access_log.read_text()


@pytest.mark.parametrize(
    ("sent", "scope", "status"),
    [({"why": "corto"}, SCOPES["scope"], 422), ({"why": WHY}, "protection feedback", 403),
     ({"why": WHY, "seal": "0" * 64}, SCOPES["scope"], 403)],
)  # fmt: skip
def test_no_names_without_a_reason_a_scope_and_a_page_of_ours(
    office: Asking, client: TestClient, sent: dict[str, str], scope: str, status: int
) -> None:
    seal = sealed(client.get(REVIEW, headers=office.token(**SCOPES)).text)
    answer = client.post(REVIEW, data={"seal": seal} | sent, headers=office.token(**SCOPES | {"scope": scope}))
    assert answer.status_code == status
    assert "QUISPE" not in answer.text


def test_names_are_not_compared_too_often(office: Asking) -> None:
    with office.client(reveals_per_hour=1) as client:
        headers = office.token(**SCOPES)
        assert "QUISPE" in compared(client, headers)
        assert "QUISPE" not in compared(client, headers)


@pytest.mark.parametrize("case", [SURE, "CEM-C.txt-4", f"DEMUNA-{FILE}-9"])
def test_only_what_waits_is_reviewed(office: Asking, client: TestClient, case: str) -> None:
    assert client.get(f"/proteccion/{HERE}/revision/{case}", headers=office.token(**SCOPES)).status_code == 404


def test_what_was_decided_since_is_said(office: Asking, tmp_path: Path) -> None:
    office.settings = offices.replace(office.settings, compare=lambda file, line: None)
    with office.client() as client:
        headers = office.token(**SCOPES)
        seal = sealed(client.get(REVIEW, headers=headers).text)
        answer = client.post(REVIEW, data={"seal": seal, "why": WHY}, headers=headers)
    assert (answer.status_code, "después de la próxima actualización" in answer.text) == (404, True)


@pytest.mark.parametrize("decision", ["VINCULAR", "SEPARAR"])
def test_a_decision_is_delivered_and_logged(office: Asking, client: TestClient, decision: str) -> None:
    headers = office.token(**SCOPES)
    given = {"seal": sealed(compared(client, headers)), "child": str(CANDIDATE), "decision": decision}
    answer = client.post(f"{REVIEW}/decision", data=given, headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/proteccion/{HERE}?guardado=true")
    assert office.recorded == [{"ARCHIVO": FILE, "LINEA": 3, "NINO": CANDIDATE, "DECISION": decision,
                                "FECHA": clock.today()}]  # fmt: skip
    assert f'"what": "decision", "child": "{CANDIDATE}", "why": "{decision}' in office.settings.access_log.read_text()
    assert "Se guardó" in client.get(answer.headers["location"], headers=headers).text


@pytest.mark.parametrize(
    ("changed", "scope", "status"),
    [({"child": "445"}, SCOPES["scope"], 403), ({"decision": "QUIZAS"}, SCOPES["scope"], 422),
     ({"decision": ""}, SCOPES["scope"], 422), ({}, "protection identity", 403), ({}, "identity feedback", 403),
     ({}, "protection feedback", 403)],
)  # fmt: skip
def test_a_decision_is_on_the_candidate_that_was_shown_by_who_may(
    office: Asking, client: TestClient, changed: dict[str, str], scope: str, status: int
) -> None:
    given = {"seal": sealed(compared(client, office.token(**SCOPES))), "child": str(CANDIDATE), "decision": "VINCULAR"}
    answer = client.post(f"{REVIEW}/decision", data=given | changed, headers=office.token(**SCOPES | {"scope": scope}))
    assert answer.status_code == status
    assert office.recorded == []


def test_what_is_wrong_stands_beside_its_field(office: Asking, client: TestClient) -> None:
    """A reason that says nothing on both pages, and a decision that nobody chose."""
    headers = office.token(**SCOPES)
    for path in (f"/proteccion/{HERE}/ficha/{CHILD}/nombre", REVIEW):
        seal = sealed(client.get(path.removesuffix("/nombre"), headers=headers).text)
        answer = client.post(path, data={"seal": seal, "why": "corto"}, headers=headers)
        assert (answer.status_code, 'aria-describedby="why-error"' in answer.text) == (422, True)
        assert 'value="corto"' in answer.text
    given = {"seal": sealed(compared(client, headers)), "child": str(CANDIDATE)}
    answer = client.post(f"{REVIEW}/decision", data=given, headers=headers)
    assert (answer.status_code, 'aria-describedby="decision-error"' in answer.text) == (422, True)
    assert client.post(f"{REVIEW}/decision", data=given, headers=headers | {"Accept": "application/json"}).json()
    assert office.recorded == []
