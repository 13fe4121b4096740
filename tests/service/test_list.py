"""The first page and those of a UGEL, a school and an auditor: who sees what, and what the log says of it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service import worklist
from service.access import Caller
from service.settings import Busy
from service.worklist import ListChoice, WorkItem
from tests.conftest import Country
from tests.service.conftest import ELSEWHERE, HERE, Asking
from warehouse.errors import NoSuchNumber, QhawaqError

REASON = "Visitas de la semana a familias"


@pytest.fixture
def at_work(asking: Asking) -> Asking:
    asking.settings = replace(asking.settings, today=lambda: date(2025, 11, 5))
    return asking


def lines(asking: Asking) -> list[dict[str, Any]]:
    return [json.loads(line) for line in asking.settings.access_log.read_text().splitlines()]


def seal(page: str) -> str:
    found = re.search(r'action="/lista/.*?name="seal" value="([0-9a-f]+)"', page, re.DOTALL)
    assert found
    return found[1]


def children(page: str) -> list[str]:
    return re.findall(r'<p class="who"><a href="/ficha/(\d+)"', page)


def test_the_list_says_whom_to_see_where_why_and_what_to_do(at_work: Asking) -> None:
    with at_work.client() as client:
        page = client.get("/", headers=at_work.token()).text
    assert children(page) == [HERE, "333"]  # new first, then what a rule calls for
    for text in ("6.° de primaria A", "I.E. 0000001", "(San Juan)", "faltó", "y 1 más", "visitar", "Desde el 31/10/2025",
                 "1 de 2 por contactar", "1 nueva", "último contacto el 02/04/2025", "servicio 0000003-0"):  # fmt: skip
        assert text in page, text
    assert lines(at_work)[-1] | {"at": "", "seal": ""} == {
        "at": "", "who": "docente", "what": "list", "child": [HERE, "333"], "why": "lista ugel:150101 0", "seal": "",
    }  # fmt: skip


def test_nobody_sees_another_place_whatever_the_address_says(at_work: Asking) -> None:
    with at_work.client() as client:
        for place in ("ugel:080101", "school:0000002-0", "region:08", "x", "ugel:' or true --"):
            page = client.get("/", params={"place": place}, headers=at_work.token()).text
            assert ELSEWHERE not in children(page)
        everywhere = client.get("/", params={"place": "ugel:080101"}, headers=at_work.token(qhawaq_areas=["*"])).text
        region = client.get("/", headers=at_work.token(qhawaq_areas=["region:08"])).text
        nowhere = client.get("/", headers=at_work.token(qhawaq_areas=[])).text
    assert children(everywhere) == children(region) == [ELSEWHERE]
    assert children(nowhere) == []
    assert "Todavía no tiene un lugar asignado" in nowhere


def test_names_show_after_one_act_with_a_reason_and_each_look_is_logged(at_work: Asking) -> None:
    with at_work.client() as client:
        who = at_work.token()
        page = client.get("/", headers=who).text
        assert "Estudiante 111" in page
        assert at_work.revealed == []
        stated = {"seal": seal(page), "why": REASON}
        answer = client.post("/lista/nombres", data=stated, headers=who, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")  # nothing was said of what was seen
        page = client.get("/", headers=who).text
        assert "Ficticia de la &lt;script&gt;" in page
        assert REASON in page
        assert [line["child"] for line in lines(at_work) if line["what"] == "identity"] == [[HERE, "333"]]
        assert [line["why"] for line in lines(at_work) if line["what"] == "identity"] == [REASON]
        other = client.get("/", headers=at_work.token(sub="colega")).text
        assert "Ficticia" not in other
        client.post("/lista/sin-nombres", data={"seal": seal(page)}, headers=who)
        assert "Ficticia" not in client.get("/", headers=who).text


def test_a_reason_that_says_nothing_shows_no_name(at_work: Asking) -> None:
    with at_work.client() as client:
        who = at_work.token()
        stated = {"seal": seal(client.get("/", headers=who).text), "why": "..........."}
        assert client.post("/lista/nombres", data=stated, headers=who).status_code == 422
        assert client.post("/lista/nombres", data={"seal": "0" * 64, "why": REASON}, headers=who).status_code == 403
        without = at_work.token(scope="education", sub="sin")
        page = client.get("/", headers=without).text
        assert "/lista/nombres" not in page
        assert "Estudiante 111" in page
    assert at_work.revealed == []


def test_the_list_answers_while_landing_writes_the_vault(at_work: Asking) -> None:
    def busy(_: object) -> dict[int, str]:
        raise Busy("the vault is being written")

    at_work.settings = replace(at_work.settings, names=busy)
    with at_work.client() as client:
        who = at_work.token()
        stated = {"seal": seal(client.get("/", headers=who).text), "why": REASON}
        page = client.post("/lista/nombres", data=stated, headers=who)
        assert page.status_code == 200
        assert "no están disponibles en este momento" in page.text
        assert "Estudiante 111" in page.text
        assert client.get("/", params={"text": "ficticia"}, headers=who).status_code == 200


def test_who_searches_finds_by_name_and_only_what_is_shown_is_logged(at_work: Asking) -> None:
    with at_work.client() as client:
        who = at_work.token()
        client.post(
            "/lista/nombres", data={"seal": seal(client.get("/", headers=who).text), "why": REASON}, headers=who
        )
        page = client.get("/", params={"text": " fictiCIA "}, headers=who).text
    assert children(page) == [HERE]
    assert lines(at_work)[-1]["child"] == [HERE]
    assert [line["child"] for line in lines(at_work) if line["what"] == "identity"][-1] == [HERE]


def test_a_list_is_narrowed_and_ordered(at_work: Asking) -> None:
    asked = {
        "school": ("0000003-0", ["333"]), "grade": ("6.° de primaria", [HERE]), "state": ("contactado", ["333"]),
        "text": ("i.e. 0000001", [HERE]), "mine": ("true", []), "order": ("contacto", [HERE, "333"]),
    }  # fmt: skip
    with at_work.client() as client:
        for field, (value, expected) in asked.items():
            assert children(client.get("/", params={field: value}, headers=at_work.token()).text) == expected, field
        assert client.get("/", params={"desde": "-1"}, headers=at_work.token()).status_code == 422


ITEMS = st.builds(
    WorkItem,
    child_key=st.integers(1, 10**6).map(str), school_year=st.just(2025), service_code=st.sampled_from(["a", "b", None]),
    school_name=st.sampled_from(["A", "B"]), district_name=st.none(), grade=st.integers(4, 14),
    grade_name=st.sampled_from(["1.°", "2.°"]), section=st.sampled_from(["A", None]),
    need=st.sampled_from(list(worklist.NEEDS)), rank=st.none() | st.integers(1, 90), is_within_capacity=st.booleans(),
    listed_on=st.dates(date(2025, 3, 1), date(2025, 11, 5)), reasons=st.just(("x",)), action=st.just("y"),
    state=st.sampled_from(list(worklist.STATES)), state_on=st.none(), contacted_on=st.none() | st.dates(date(2025, 3, 1), date(2025, 11, 5)),
    is_new=st.booleans(), assigned_to=st.sampled_from([None, "yo", "otra"]),
)  # fmt: skip
CALLER = Caller("yo", frozenset({"education"}), frozenset({"*"}))


@given(st.lists(ITEMS, max_size=30, unique_by=lambda item: item.child_key), st.sampled_from(list(worklist.ORDERS)))
def test_every_open_child_is_on_the_list_once_in_any_order(found: list[WorkItem], order: str) -> None:
    shown = worklist.chosen(found, ListChoice(order=order), CALLER)
    assert sorted(item.child_key for item in shown) == sorted(item.child_key for item in found if item.is_open)
    states = [worklist.chosen(found, ListChoice(state=state, order=order), CALLER) for state in worklist.STATES]
    assert sum(map(len, states)) == len(found)  # each child is in one state, whatever filter somebody sets
    if order == "urgencia":
        assert [item.is_new for item in shown] == sorted((item.is_new for item in shown), reverse=True)
    counted = worklist.count(found)
    assert counted.n_open + counted.n_contacted == counted.n_capacity == sum(item.is_within_capacity for item in found)


@pytest.mark.parametrize(("days", "is_new"), [(29, True), (30, True), (31, False)])
def test_who_is_new_was_listed_in_the_last_thirty_days(at_work: Asking, days: int, is_new: bool) -> None:
    with at_work.client() as client:
        file = client.app.state.service.children  # type: ignore[attr-defined]
        found = worklist.items(file, "ugel:150101", date(2025, 10, 31) + timedelta(days=days))
    assert next(item for item in found if item.child_key == HERE).is_new == is_new
    assert not next(item for item in found if item.child_key == "333").is_new  # somebody was in contact


def test_a_release_of_former_code_says_so(at_work: Asking) -> None:
    with duckdb.connect(str(at_work.settings.children.resolve())) as db:
        db.execute("drop table worklist")
    with at_work.client() as client:
        answer = client.get("/", headers=at_work.token())
    assert answer.status_code == 503
    assert "former version" in answer.text


def test_a_director_sees_schools_and_no_child(at_work: Asking) -> None:
    with at_work.client() as client:
        page = client.get("/ugel", headers=at_work.token(scope="planning")).text
        refused = client.get("/ugel", headers=at_work.token()).status_code
    assert "I.E. 0000001" in page
    assert "visita domiciliaria" in page
    assert "UGEL 150101, Lima" in page
    assert HERE not in page
    assert "333" not in page
    assert refused == 403


def test_a_tutor_sees_own_pupils_without_score_or_order_of_urgency(at_work: Asking) -> None:
    with at_work.client() as client:
        who = at_work.token(scope="tutoring", qhawaq_areas=["school:0000001-0"])
        page = client.get("/escuela", headers=who).text
        assert client.get(f"/ficha/{HERE}", headers=who).status_code == 403
        assert client.get("/v1/cases", headers=who).status_code == 403
        other = client.get("/escuela", params={"place": "school:0000002-0"}, headers=who).text
    assert f"Estudiante {HERE}" in page
    assert "repitió" in page
    assert "visita domiciliaria" in page
    assert not re.search(r"puesto|riesgo|probab|1 de cada", page)
    assert ELSEWHERE not in other


def test_an_auditor_walks_a_number_and_is_told_what_is_wrong(at_work: Asking) -> None:
    asked: list[tuple[str, str, str]] = []

    def trace(table: str, key: str, who: str) -> str:
        asked.append((table, key, who))
        if key == "x":
            raise NoSuchNumber("the key of t is a/b; found 1 values", "wrong_key", table, key, ["a", "b"])
        if key == "9/9":
            raise NoSuchNumber("t has no row 9/9", "no_row", table, key, ["a", "b"])
        if table == "officials.u":
            raise NoSuchNumber("no table u", "no_table", table)
        if key == "fails":
            raise QhawaqError("something of /home/qhawaq")
        return "raw.t <line 7>"

    at_work.settings = replace(at_work.settings, trace=trace)
    with at_work.client() as client:
        who = at_work.token(scope="audit", sub="auditora")
        page = client.get("/audit", params={"table": "officials.t", "key": "1/2"}, headers=who)
        wrong = client.get("/audit", params={"table": "officials.t", "key": "x"}, headers=who)
        said = {
            (table, key, lang): html.unescape(
                client.get("/audit", params={"table": table, "key": key, "lang": lang}, headers=who).text
            )
            for table, key in (
                ("officials.t", "x"),
                ("officials.t", "9/9"),
                ("officials.u", "1"),
                ("officials.t", "fails"),
            )
            for lang in ("en", "es")
        }
        guarded = client.get("/audit", params={"table": "protection.caseload", "key": "x"}, headers=who)
        assert client.get("/audit", headers=at_work.token()).status_code == 403
    assert "raw.t &lt;line 7&gt;" in page.text
    assert wrong.status_code == 422
    assert "La clave de officials.t es a/b: escriba 2 valores separados por /." in html.unescape(wrong.text)
    assert "The key of officials.t is a/b: write 2 values separated by /." in said["officials.t", "x", "en"]
    assert "officials.t no tiene una fila con la clave 9/9." in said["officials.t", "9/9", "es"]
    assert "officials.t has no row with the key 9/9." in said["officials.t", "9/9", "en"]
    assert "Ningún modelo hace la tabla officials.u" in said["officials.u", "1", "es"]
    assert "No model makes the table officials.u" in said["officials.u", "1", "en"]
    assert "No se pudo hacer el recorrido" in said["officials.t", "fails", "es"]
    assert not any("/home/qhawaq" in page for page in said.values())
    assert 'value="x"' in wrong.text
    assert guarded.status_code == 422
    assert asked[:2] == [("officials.t", "1/2", "auditora"), ("officials.t", "x", "auditora")]
    assert not any(table.startswith("protection") for table, _, _ in asked)


@pytest.mark.parametrize(
    ("scope", "path"),
    [("planning", "/ugel"), ("tutoring", "/escuela"), ("protection", "/proteccion"), ("audit", "/audit")],
)
def test_who_has_another_first_page_is_led_there(at_work: Asking, scope: str, path: str) -> None:
    with at_work.client() as client:
        answer = client.get("/", headers=at_work.token(scope=scope), follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        assert client.get("/", headers=at_work.token(scope="predict")).status_code == 403


def test_the_pages_of_a_real_home_answer_one_after_the_other(scored: Asking, country: Country) -> None:
    """Its file is opened by several parts of the service."""
    from service import home

    scored.settings = replace(home.settings(country.home), api_keys=None, oidc=scored.settings.oidc,
                              model_config=scored.settings.model_config, models=scored.settings.models,
                              access_log=scored.settings.access_log)  # fmt: skip
    who = scored.token(scope="education identity feedback planning audit", qhawaq_areas=["*"])
    with scored.client() as client:
        assert isinstance(client, TestClient)
        pages = [client.get(path, headers=who) for path in ("/", "/ugel", "/audit")]
        listed = children(pages[0].text)
        child = client.get(f"/ficha/{listed[0]}", headers=who)
    assert [page.status_code for page in (*pages, child)] == [200, 200, 200, 200]
