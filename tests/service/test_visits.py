"""A visit is recorded in few taps, shows at once, is corrected or taken back in its first day, and its words stay sealed."""

from __future__ import annotations

import csv
import re
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service import words
from tests.service.conftest import HERE, MACHINE, Asking
from warehouse import clock, keys
from warehouse.landing import inbox, journal

PAGE = f"/ficha/{HERE}"
EVERYTHING = {"scope": "education identity feedback"}
VISIT = {"matter": "interruption:2025", "outcome": "ENCONTRADO", "on": "2025-11-15"}
CANARY = "Rosa Canario 70707070"
TODAY = clock.today()


def seal(client: TestClient, headers: dict[str, str]) -> str:
    return re.findall(r'name="seal" value="([0-9a-f]{64})"', client.get(PAGE, headers=headers).text)[-1]


def post(client: TestClient, headers: dict[str, str], path: str = "/seguimiento", **sent: Any) -> Any:
    data = {"seal": seal(client, headers)} | sent
    return client.post(f"{PAGE}{path}", data=data, headers=headers, follow_redirects=False)


def number_of(asking: Asking) -> str:
    return asking.delivered()[0][0]["NUMERO_VISITA"]


def page(asking: Asking, client: TestClient, **caller: Any) -> str:
    return client.get(PAGE, headers=asking.token(**(EVERYTHING | caller))).text


def test_a_visit_is_recorded_as_its_contract_wants_it(asking: Asking, client: TestClient) -> None:
    said = post(client, asking.token(**EVERYTHING), **VISIT)
    assert (said.status_code, said.headers["location"]) == (303, f"{PAGE}?guardado=true")
    ((row,),) = asking.delivered()
    number = row.pop("NUMERO_VISITA")
    assert re.fullmatch("[0-9]{16}", number)
    assert row == {"ANIO": "2025", "COD_UGEL": "150101", "NINO": "111", "ASUNTO": "INTERRUPTION", "ESTADO": "CONTACTADO",
                   "FECHA": "2025-11-15", "RESULTADO": "ENCONTRADO"}  # fmt: skip
    assert "Se guardó" in client.get(f"{PAGE}?guardado=true", headers=asking.token(**EVERYTHING)).text


def test_sent_twice_it_is_one_visit_and_changed_it_is_another(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    number = re.search(r'name="number" value="([0-9]{16})"', client.get(PAGE, headers=headers).text).group(1)
    for _ in range(2):
        assert post(client, headers, **VISIT, number=number, note="a").status_code == 303
    assert [row["NUMERO_VISITA"] for (row,) in asking.delivered()] == [number]
    post(client, headers, **VISIT, number=number, note="b")  # somebody went back in the browser and wrote another
    post(client, asking.token(**EVERYTHING, sub="otra"), **VISIT, number=number, note="a")
    assert len({row["NUMERO_VISITA"] for (row,) in asking.delivered()}) == len(asking.delivered()) == 3
    for wrong in ("", "x", "../../home", "1" * 17):
        assert post(client, headers, **VISIT, number=wrong).status_code == 303


def test_whatever_was_said_of_services_and_what_comes_next_is_delivered(asking: Asking, client: TestClient) -> None:
    answers = ["TUTOR:ACEPTADO", "", "VISITA:ACEPTADO", "REFUERZO:RECHAZADO", "EIB:OFRECIDO"]
    post(client, asking.token(**EVERYTHING), **VISIT, answer=answers, given="RENIEC", next_on="2025-11-20")
    ((row, given),) = asking.delivered()
    assert {name: row[name] for name in ("ACEPTADOS", "RECHAZADOS", "OFRECIDOS", "PROXIMO_PASO", "PROXIMA_FECHA")} == {
        "ACEPTADOS": "TUTOR VISITA", "RECHAZADOS": "REFUERZO", "OFRECIDOS": "EIB", "PROXIMO_PASO": "VISITAR",
        "PROXIMA_FECHA": "2025-11-20",
    }  # fmt: skip
    assert (given["ESTADO"], given["SERVICIO"], given["NUMERO_VISITA"]) == ("ATENDIDO", "RENIEC", row["NUMERO_VISITA"])
    assert "RESULTADO" not in given


@pytest.mark.parametrize("code", list(words.outcomes()))
def test_each_outcome_means_its_state(asking: Asking, client: TestClient, code: str) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT | {"outcome": code})
    ((row,),) = asking.delivered()
    outcome = words.outcomes()[code]
    assert (row["ESTADO"], row.get("MOTIVO", "")) == (outcome.case_state, outcome.dismissed_reason)
    assert outcome.text in page(asking, client)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"outcome": ""}, "outcome"), ({"outcome": "MUERTO"}, "outcome"), ({"given": "DEMUNA"}, "given"),
     ({"answer": ["DEMUNA:ACEPTADO"]}, "answer"), ({"answer": ["TUTOR:QUIZAS"]}, "answer"), ({"answer": ["TUTOR"]}, "answer"),
     ({"dismissal": "X"}, "dismissal"), ({"next_step": "X"}, "next_step"), ({"next_on": "2025-11-14"}, "next_on"),
     ({"next_on": "mañana"}, "next_on"), ({"matter": "interruption:2024"}, "matter"), ({"matter": "x"}, "matter"),
     ({"on": str(TODAY + timedelta(1))}, "day"), ({"on": "ayer"}, "day"), ({"on": "2017-12-31"}, "day"),
     ({"note": "x" * 2001}, "note"), ({"with_whom": "x" * 201}, "with_whom")],
)  # fmt: skip
def test_what_cannot_be_comes_back_beside_its_field_with_what_was_typed(
    asking: Asking, client: TestClient, changed: dict, field: str
) -> None:
    said = post(client, asking.token(**EVERYTHING), **VISIT | {"with_whom": "la directora"} | changed)
    assert (said.status_code, said.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert f'id="{field}-error"' in said.text or field == "matter"  # of one case there is no field
    assert "la directora" in said.text or field == "with_whom"
    assert asking.delivered() == []
    machine = post(client, asking.token(**EVERYTHING) | {"Accept": "application/json"}, **VISIT | changed)
    assert machine.json()["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(("changed"), [
    {"on": str(TODAY)}, {"on": "2018-01-01"}, {"dismissal": "OTRO"}, {"next_on": "2025-11-15"}, {"note": "x" * 2000},
])  # fmt: skip
def test_what_can_just_be_is_recorded(asking: Asking, client: TestClient, changed: dict) -> None:
    assert post(client, asking.token(**EVERYTHING), **VISIT | changed).status_code == 303
    assert len(asking.delivered()) == 1


def test_recording_needs_its_scope(asking: Asking, client: TestClient) -> None:
    headers = asking.token(**EVERYTHING)
    sent = VISIT | {"seal": seal(client, headers)}
    for path in ("/seguimiento", "/asignar", f"/seguimiento/{'1' * 16}", f"/seguimiento/{'1' * 16}/retirar"):
        assert client.post(f"{PAGE}{path}", data=sent, headers=asking.token(scope="education")).status_code == 403
        assert client.post(f"{PAGE}{path}", data=sent, headers=MACHINE).status_code == 403


def test_a_visit_shows_at_once_beside_those_of_the_warehouse(asking: Asking, client: TestClient) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT, next_on="2025-11-20", answer=["TUTOR:RECHAZADO"])
    shown = page(asking, client)
    assert shown.index("Hablé con la familia</strong> · 15/11/2025") < shown.index(
        "No encontré a nadie</strong> · 03/11/2025"
    )
    for said in ("20/11/2025", "No aceptó: Tutoría", "Aceptó: Tutoría", "Llamar por teléfono, 10/11/2025"):
        assert said in shown, said


def test_once_published_it_is_told_once(asking: Asking, client: TestClient) -> None:
    """The journal has it still when the warehouse shows it too."""
    post(client, asking.token(**EVERYTHING), **VISIT)
    (entry,) = asking.settings.journal.entries()
    known = next(journal.entries(asking.home, keys.load(asking.home.secrets)))
    journal.path_of(asking.home, entry.number).unlink()
    journal.write(asking.home, journal.replace(known, number="0000000000000001"))  # that of the release
    assert page(asking, client).count('class="visit"') == 1


def test_how_things_stand_is_told_of_journal_and_warehouse_together(asking: Asking) -> None:
    with asking.client() as client:
        book = client.app.state.service.visit_book
        before = book.pending([HERE, "222"])
        assert (before[HERE].outcome, before[HERE].due_on, before[HERE].contacted_on) == (
            "No encontré a nadie", date(2025, 11, 10), None,
        )  # fmt: skip
        post(client, asking.token(**EVERYTHING), "/asignar", to="ana")
        post(client, asking.token(**EVERYTHING), **VISIT)
        after = book.pending([HERE, "222"])
    assert set(after) == {HERE}
    assert (after[HERE].state, after[HERE].contacted_on, after[HERE].due_on, after[HERE].assigned_to, after[HERE].n_visits) == (
        "asignado", date(2025, 11, 15), None, "ana", 2,
    )  # fmt: skip


def test_a_case_is_assigned_to_oneself_or_a_colleague(asking: Asking, client: TestClient) -> None:
    post(client, asking.token(**EVERYTHING), "/asignar", to="")
    assert "A cargo de <strong>docente</strong>" in page(asking, client)
    post(client, asking.token(**EVERYTHING), "/asignar", to="ana@ugel.example")
    assert "A cargo de <strong>ana@ugel.example</strong>" in page(asking, client)
    assert post(client, asking.token(**EVERYTHING), "/asignar", to="ana maría").status_code == 422
    assert [row["ESTADO"] for (row,) in asking.delivered()] == ["ASIGNADO"] * 2
    assert not any("ana" in str(row) for row in asking.delivered())  # who it is stays in journal and vault


def test_a_slip_is_corrected_by_who_made_it_and_leaves_a_trace(asking: Asking, client: TestClient) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT, note=CANARY, next_on="2025-11-20")
    number = number_of(asking)
    form = client.get(f"{PAGE}/seguimiento/{number}", headers=asking.token(**EVERYTHING)).text
    assert re.search(r'value="ENCONTRADO" required checked', form)
    assert 'value="2025-11-20"' in form
    assert CANARY not in form
    post(client, asking.token(**EVERYTHING), f"/seguimiento/{number}", **VISIT | {"outcome": "ESTUDIANTE"})
    shown = page(asking, client)
    assert "Hablé solo con el estudiante" in shown
    assert "corrige lo registrado antes" in shown
    assert "<strong>Hablé con la familia" not in shown
    rows = [row for (row,) in asking.delivered()]
    assert [row.get("REEMPLAZA") for row in sorted(rows, key=lambda row: row.get("REEMPLAZA", ""))] == [None, number]
    secret = keys.load(asking.home.secrets)
    notes = [entry.note for entry in journal.entries(asking.home, secret)]
    assert notes == [CANARY, CANARY]  # the former one stays, and words not typed again go on
    assert (
        post(client, asking.token(**EVERYTHING), f"/seguimiento/{number}", **VISIT).status_code == 404
    )  # corrected already


def test_a_visit_that_never_was_is_taken_back(asking: Asking, client: TestClient) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT, given="TUTOR")
    number = number_of(asking)
    assert (
        post(client, asking.token(**EVERYTHING), f"/seguimiento/{number}/retirar")
        .headers["location"]
        .endswith("?retirado=true")
    )
    assert "<strong>Hablé con la familia" not in page(asking, client)
    (row,) = [row for rows in asking.delivered() for row in rows if row["ESTADO"] == "ANULADO"]
    assert (row["REEMPLAZA"], row["FECHA"]) == (number, "2025-11-15")


def test_nobody_else_corrects_it_and_nobody_after_a_day(
    asking: Asking, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT)
    path = f"/seguimiento/{number_of(asking)}"
    other = asking.token(**EVERYTHING, sub="otra")
    assert post(client, other, path, **VISIT).status_code == 409
    assert f'{path}"' not in page(asking, client, sub="otra")
    assert f'{path}"' in page(asking, client)
    written = clock.now()
    late = asking.token(**EVERYTHING, exp=(written + timedelta(days=2)).timestamp())
    sealed = seal(client, late)
    monkeypatch.setattr("service.visit_book.clock.now", lambda: written + timedelta(days=1, seconds=1))
    monkeypatch.setattr("service.forms.clock.today", lambda: TODAY)
    said = client.post(f"{PAGE}{path}/retirar", data={"seal": sealed}, headers=late, follow_redirects=False)
    assert said.status_code == 409


def test_words_are_sealed_and_read_only_with_the_name(asking: Asking, client: TestClient, caplog: Any) -> None:
    headers = asking.token(**EVERYTHING)
    post(client, headers, **VISIT, note=CANARY, with_whom="Ana Canario")
    assert "Canario" not in page(asking, client)
    assert "Hay una nota" in page(asking, client)
    revealed = post(client, headers, "/nombre", why="visita acordada con la familia").text
    assert CANARY in revealed
    assert "Ana Canario" in revealed
    assert "Hay una nota" not in revealed
    log = asking.settings.access_log.read_text()
    assert '"what": "notes"' in log
    no_scope = post(client, asking.token(scope="education feedback"), "/nombre", why="visita acordada con la familia")
    assert no_scope.status_code == 403
    assert "Canario" not in no_scope.text
    found = [path for path in asking.home.root.rglob("*") if path.is_file() and b"Canario" in path.read_bytes()]
    assert found == []
    assert "Canario" not in log + caplog.text
    assert all(path.stat().st_mode & 0o077 == 0 for path in asking.home.visits.iterdir())


def test_a_note_too_long_says_nothing_of_itself(asking: Asking, client: TestClient, caplog: Any) -> None:
    headers = asking.token(**EVERYTHING) | {"Accept": "application/json"}
    said = post(client, headers, **VISIT, note=CANARY * 200)
    assert said.status_code == 422
    assert "Canario" not in said.text + caplog.text + asking.settings.access_log.read_text()


def test_two_who_write_at_once_both_see_both(asking: Asking) -> None:
    """Two services on one home, as two processes are, with two people each."""
    with asking.client() as one, asking.client() as two:
        callers = [(client, asking.token(**EVERYTHING, sub=f"p{n}")) for n, client in enumerate((one, two, one, two))]
        outcomes = ["ENCONTRADO", "ESTUDIANTE", "NO_ACEPTA", "ASISTE"]
        threads = [
            threading.Thread(target=post, args=caller, kwargs=VISIT | {"outcome": code})
            for caller, code in zip(callers, outcomes, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client, headers in callers:
            shown = client.get(PAGE, headers=headers).text
            assert all(f"<strong>{words.outcomes()[code].text}" in shown for code in outcomes)
    assert len(asking.delivered()) == 4


def test_a_visit_that_cannot_be_delivered_now_is_kept(
    asking: Asking, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(inbox, "deliver", full)
    assert post(client, asking.token(**EVERYTHING), **VISIT).status_code == 303
    assert asking.delivered() == []
    assert "Hablé con la familia" in page(asking, client)


def test_a_visit_that_cannot_be_kept_is_told(asking: Asking, client: TestClient) -> None:
    """While the secret is being replaced nothing is kept, and the page says so."""
    client.get(PAGE, headers=asking.token(**EVERYTHING))
    sealed = seal(client, asking.token(**EVERYTHING))
    asking.home.rotating.write_text("{}")
    said = client.post(f"{PAGE}/seguimiento", data=VISIT | {"seal": sealed}, headers=asking.token(**EVERYTHING))
    assert said.status_code == 503
    assert "intente de nuevo" in said.text
    assert not list(asking.home.visits.glob("*.age")) if asking.home.visits.exists() else True


def test_codes_of_forms_are_those_of_the_contract(asking: Asking) -> None:
    contract = asking.settings.journal.contract
    listed = {column.name: set(column.codes.accepted) for column in contract.columns if column.codes}
    assert listed["resultado"] == set(words.outcomes())
    assert listed["proximo_paso"] == set(words.of_cases("next_step"))
    assert listed["motivo"] == set(words.of_cases("dismissal"))
    assert listed["servicio"] == set(words.supports())
    assert listed["estado"] == set(words.of_cases("state")) - {"LISTADO"} | {journal.TAKEN_BACK}


def test_the_delivery_is_read_as_csv_whatever_is_typed(asking: Asking, client: TestClient) -> None:
    post(client, asking.token(**EVERYTHING), **VISIT, note='"; drop, \n=1+1')
    (path,) = asking.home.inbox.iterdir()
    assert len(list(csv.reader(path.open(newline="")))) == 2
