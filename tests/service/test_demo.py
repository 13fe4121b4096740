"""Signing in by a link of a demonstration, and the session after it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from service import demo, sessions
from service.access import Caller
from service.api_keys import hashed
from service.roles import ROLES, scopes_of
from service.sessions import Sessions
from tests.conftest import Country
from tests.service.conftest import Asking

WORKER = Caller("demo-social_worker", ROLES["social_worker"].scopes, frozenset({"ugel:150101"}))
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def demonstration(asking: Asking) -> Asking:
    asking.demo = {hashed("link"): WORKER}
    asking.settings = replace(asking.settings, today=lambda: date(2025, 11, 5))
    return asking


def test_a_link_signs_in_and_out_again(demonstration: Asking) -> None:
    with demonstration.client() as client:
        answer = client.get("/entrar/demo/link", headers=BROWSER, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        page = client.get("/", headers=BROWSER).text
        assert "Mi lista de hoy" in page
        assert "demo-social_worker" in page
        before = client.cookies[sessions.COOKIE]
        seal = re.search(r'action="/salir"[^>]*><input type="hidden" name="seal" value="([0-9a-f]+)"', page)
        assert seal
        assert client.post("/salir", data={"seal": "0" * 64}).status_code == 403
        assert client.post("/salir", data={"seal": seal[1]}, headers=BROWSER).status_code == 200
        client.cookies.set(sessions.COOKIE, before)
        assert client.get("/", headers=BROWSER, follow_redirects=False).headers["location"] == "/entrar"


def test_a_link_that_is_none_signs_nobody_in(demonstration: Asking) -> None:
    with demonstration.client() as client:
        for token in ("x", "link2", hashed("link"), "%00", "a" * 5000):
            answer = client.get(f"/entrar/demo/{token}", follow_redirects=False)
            assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None), token


def test_a_real_release_takes_no_link(demonstration: Asking) -> None:
    with duckdb.connect(str(demonstration.settings.children.resolve())) as db:
        db.execute("update release set kind = 'real'")
    with demonstration.client() as client:
        assert client.get("/entrar/demo/link", follow_redirects=False).status_code == 403


def test_a_browser_is_led_to_sign_in_and_a_machine_is_refused(demonstration: Asking) -> None:
    with demonstration.client() as client:
        for path in ("/", "/ficha/111", "/ugel"):
            answer = client.get(path, headers=BROWSER, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/entrar")
        assert client.get("/v1/cases").status_code == 401
        assert client.post("/lista/nombres", headers=BROWSER, data={"seal": "x", "why": "y"}).status_code == 401
        wrong = {"X-API-Key": "bad"} | BROWSER  # a key that is wrong is said, not led away
        assert client.get("/", headers=wrong, follow_redirects=False).status_code == 401
        assert client.get("/entrar", headers=BROWSER).status_code == 200


@pytest.mark.parametrize(
    "cookie", ["", "qhawaq", "qhawaq=", "qhawaq=x", "a=b; qhawaq=\xff", 'qhawaq="', ";;;=", "qhawaq=" + "x" * 5000]
)
def test_any_cookie_that_is_not_ours_is_nobody(demonstration: Asking, cookie: str) -> None:
    with demonstration.client() as client:
        headers = {b"cookie": cookie.encode("latin-1"), b"accept": b"text/html"}
        assert client.get("/", headers=headers, follow_redirects=False).status_code == 303  # type: ignore[arg-type]


def test_a_session_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now[0])
    held = Sessions()
    value = held.begin(WORKER, seconds=100)
    headers = {"cookie": f"{sessions.COOKIE}={value}"}
    now[0] = 99.9
    assert held.caller(headers) == WORKER
    now[0] = 100.0
    assert held.caller(headers) is None
    longest = {"cookie": f"{sessions.COOKIE}={held.begin(WORKER, seconds=10**9)}"}
    now[0] = 100.0 + sessions.SECONDS
    assert held.caller(longest) is None


def test_too_many_sessions_end_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 2)
    held = Sessions()
    first, second, third = ({"cookie": f"{sessions.COOKIE}={held.begin(WORKER)}"} for _ in range(3))
    assert [held.caller(cookie) for cookie in (first, second, third)] == [None, WORKER, WORKER]


def test_a_demonstration_plays_every_role_where_there_is_something_to_see(country: Country) -> None:
    people = demo.people(country.home)
    assert [person.caller.name for person in people] == [f"demo-{role}" for role in ROLES]
    assert re.fullmatch(r"Trabajadora social, UGEL \d{6}", people[0].title)
    assert re.fullmatch(r"Tutoría y dirección de escuela, escuela \d{7}-\d", people[2].title)
    assert re.fullmatch(r"Oficina de protección, provincia \d{4}", people[3].title)
    assert all(person.caller.areas != {"*"} for person in people[:4])
    assert len({person.token for person in people}) == len(people)


def test_a_real_home_has_no_demonstration(country: Country, tmp_path: Path) -> None:
    class RealHome:
        kind = "real"
        serving = country.home.serving

    assert demo.people(RealHome()) == []  # type: ignore[arg-type]


def test_roles_of_others_give_nothing() -> None:
    assert scopes_of(["admin", "offline_access", ""]) == frozenset()
    assert scopes_of(["tutor", "auditor", "x"]) == {"tutoring", "identity", "audit"}
