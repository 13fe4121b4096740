"""The list together with visits: what was recorded shows at once, and acts on the list lead back to where somebody was."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest

from service import worklist
from service.visit_book import Pending
from tests.service.conftest import ELSEWHERE, HERE, Asking
from tests.service.test_list import REASON, at_work, children, seal
from warehouse.errors import HomeError

__all__ = ["at_work"]  # a fixture


def test_a_visit_and_who_is_in_charge_show_on_the_list_at_once(at_work: Asking) -> None:
    who = at_work.token(scope="education feedback")
    with at_work.client() as client:
        page = client.get("/", headers=who).text
        assert "volver el 10/11/2025" in page  # promised at the visit that is published
        taken = {"seal": seal(page), "child": HERE}
        answer = client.post("/lista/a-mi-cargo", data=taken, headers=who, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/#e{HERE}")
        page = client.get("/", headers=who).text
        assert "a cargo de docente" in page
        mine = client.get("/", params={"mine": "true"}, headers=who).text
        people = client.get("/ugel", headers=at_work.token(scope="planning")).text
        client.post("/lista/a-mi-cargo", data=taken | {"child": ELSEWHERE}, headers=who)
        everywhere = {"mine": "true", "place": "ugel:150101"}
        other = client.get("/", params=everywhere, headers=at_work.token(qhawaq_areas=["*"])).text
    assert children(mine) == children(other) == [HERE]
    assert re.search(r'<th scope="row">docente</th><td class="number">1</td><td class="number">1</td>', people)


def test_a_colleague_is_put_in_charge_from_the_list_and_offered_from_then_on(at_work: Asking) -> None:
    who = at_work.token(scope="education feedback")
    with at_work.client() as client:
        page = client.get("/", headers=who).text
        assert '<option value="r.quispe">' not in page
        given = {"seal": seal(page), "child": HERE, "to": " r.quispe "}
        answer = client.post("/lista/a-mi-cargo", data=given, headers=who, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/#e{HERE}")
        page = client.get("/", headers=who).text
        assert "a cargo de r.quispe" in page
        assert '<option value="r.quispe">' in page
        assert children(client.get("/", params={"mine": "true"}, headers=who).text) == []
        wrong = client.post(
            "/lista/a-mi-cargo", data=given | {"to": "dos palabras"}, headers=who | {"Accept": "text/html"}
        )
        assert (wrong.status_code, "sin espacios" in wrong.text) == (422, True)
        elsewhere = client.post("/lista/a-mi-cargo", data=given | {"child": ELSEWHERE}, headers=who)
        assert elsewhere.status_code == 404
        assert "a cargo de r.quispe" in client.get("/", headers=who).text


@pytest.mark.parametrize(("days", "state"), [(-1, "cerrado"), (0, "contactado"), (1, "contactado")])
def test_of_file_and_journal_the_newer_says_how_things_stand(at_work: Asking, days: int, state: str) -> None:
    told = date(2025, 11, 3)
    with at_work.client() as client:
        file = client.app.state.service.children  # type: ignore[attr-defined]
        found = worklist.items(file, "ugel:150101", date(2025, 11, 5))
    item = replace(next(item for item in found if item.child_key == HERE), state="cerrado", state_on=told)
    visit = Pending(state="contactado", state_on=told + timedelta(days), contacted_on=told + timedelta(days))
    (merged,) = worklist.with_visits([item], {HERE: visit})
    assert (merged.state, merged.contacted_on, merged.is_new) == (state, told + timedelta(days), False)


def test_what_a_file_told_later_is_not_said_by_a_former_visit(at_work: Asking) -> None:
    with at_work.client() as client:
        file = client.app.state.service.children  # type: ignore[attr-defined]
        (item,) = [one for one in worklist.items(file, "ugel:150101", date(2025, 11, 5)) if one.child_key == HERE]
    closed = replace(item, state="cerrado", state_on=date(2025, 11, 4))
    former = Pending(state="asignado", state_on=date(2025, 11, 3), outcome="No encontré a nadie")
    (merged,) = worklist.with_visits([closed], {HERE: former})
    assert (merged.state, merged.outcome) == ("cerrado", None)


def test_the_list_says_so_while_the_secret_is_replaced(at_work: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced() -> list[object]:
        raise HomeError("the home's secret is being replaced")

    assert at_work.settings.journal
    monkeypatch.setattr(at_work.settings.journal, "entries", replaced)
    with at_work.client() as client:
        for path, scope in (("/", "education"), ("/ugel", "planning"), (f"/ficha/{HERE}", "education")):
            answer = client.get(path, headers=at_work.token(scope=scope))
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5"), path


def test_an_act_on_the_list_leads_back_to_what_was_seen(at_work: Asking) -> None:
    who = at_work.token(scope="education feedback identity", qhawaq_areas=["*"])
    asked = {"place": "ugel:150101", "grade": "6.° de primaria", "order": "escuela"}
    with at_work.client() as client:
        page = client.get("/", params=asked, headers=who).text
        seen = html.unescape(re.findall(r'name="seen" value="([^"]*)"', page)[-1])
        stated = {"seal": seal(page), "seen": seen}
        for path, more in (("nombres", {"why": REASON}), ("sin-nombres", {}), ("a-mi-cargo", {"child": HERE})):
            answer = client.post(f"/lista/{path}", data=stated | more, headers=who, follow_redirects=False)
            back = urlsplit(answer.headers["location"])
            assert (answer.status_code, back.path, back.fragment) == (303, "/", f"e{HERE}" * (path == "a-mi-cargo"))
            assert children(client.get(answer.headers["location"], headers=who).text) == [HERE], path
        for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "?\r\nSet-Cookie: a=b", "ficha"):
            answer = client.post(
                "/lista/sin-nombres", data=stated | {"seen": elsewhere}, headers=who, follow_redirects=False
            )
            assert urlsplit(answer.headers["location"]).netloc == ""
            assert answer.headers["location"].partition("?")[0] == "/"
            assert "set-cookie" not in answer.headers
