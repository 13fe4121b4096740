"""The gate passes what the dashboards' pages ask for, within limits, and refuses and writes down all else."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from grafana.gate import proxy
from tests.grafana.behind import OF, Behind, body


def test_a_page_passes_with_its_session_and_without_what_another_could_claim() -> None:
    behind = Behind()
    sent = {
        "x-panel-title": "Interrupción".encode(),
        "cookie": "grafana_session=x",
        "x-webauth-user": "admin",
        "x-grafana-org-id": "2",
        "x-forwarded-for": "9.9.9.9",
    }
    answer = behind.one("GET", "/api/search?type=dash-db&query=a%20b", headers=sent)
    assert (answer.status_code, answer.json(), answer.headers["set-cookie"]) == (200, {"said": "yes"}, "a=1")
    ((method, target, headers, _),) = behind.reached
    assert (method, target) == ("GET", "/api/search?type=dash-db&query=a%20b")
    assert headers["cookie"] == "grafana_session=x"
    assert not {"x-webauth-user", "x-grafana-org-id", "x-panel-title"} & set(headers)
    assert headers["x-forwarded-for"] == "127.0.0.1"


def test_one_readers_session_is_not_sent_with_anothers_request() -> None:
    """A client that keeps cookies would; Grafana's own answer to a sign-in sets one."""
    behind = Behind()

    async def play() -> None:
        gate = proxy.application(behind.client(), OF["operations"], "grafana_session")
        for _ in range(3):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://gate") as reader:
                answer = await reader.post("/login", json={"user": "a", "password": "b"})
                assert answer.headers["set-cookie"] == "a=1"

    asyncio.run(play())
    assert len(behind.reached) == 3
    assert not any("cookie" in headers for _, _, headers, _ in behind.reached)


def test_a_query_reaches_grafana_as_written_anew() -> None:
    behind = Behind()
    answer = behind.one("POST", "/api/ds/query?ds_type=x", json=body(), headers={"cookie": "grafana_session=x"})
    assert answer.status_code == 200
    ((_, target, headers, sent),) = behind.reached
    assert target == "/api/ds/query"
    assert headers["cookie"] == "grafana_session=x"
    assert json.loads(sent) == OF["operations"].passed(json.dumps(body()).encode())


PATHS = (
    "/api/datasources/uid/qhawaq/health", "/api/datasources/uid/qhawaq/resources/x", "/api/datasources/proxy/uid/qhawaq/",
    "/api/datasources", "/api/datasources/1", "/api/live/ws", "/api/live/publish", "/api/snapshots", "/api/admin/settings",
    "/apis/query.grafana.app/v0alpha1/namespaces/default/query", "/api/plugins/motherduck-duckdb-datasource/resources/x",
    "/api/public/dashboards/x/panels/1/query", "/api/dashboards/db", "/api/ds/query/", "/api//ds/query", "/api/ds%2fquery",
    "/api/./ds/query", "/api/search/../ds/query", "/API/ds/query", "/api/ds/query;x", "/public/../api/ds/query",
    "/public/%2e%2e/api/ds/query", "/metrics", "/debug/pprof/", "/api/user/password", "/api/org/users", "/render/d/x",
    "/api/frontend/settings/../../ds/query", "/swagger", "/api/serviceaccounts", "/api/annotations/1", "/..", "/.",
)  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", PATHS)
def test_other_paths_are_refused(method: str, path: str, caplog: pytest.LogCaptureFixture) -> None:
    behind = Behind()
    answer = behind.one(method, f"http://gate{path}", json=body())
    if httpx.URL(f"http://gate{path}").raw_path.decode() == path:  # the client may have tidied it up
        assert answer.status_code == 403
        assert behind.reached == []
        assert "refused" in caplog.text


def test_a_refused_query_is_written_down_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    answer = Behind().one("POST", "/api/ds/query", json=body("select 'DNI 40404040'"))
    assert answer.status_code == 403
    assert "SQL that no dashboard has" in caplog.text
    assert "40404040" not in caplog.text + answer.text


@pytest.mark.parametrize(("size", "status"), [(proxy.LONGEST_BODY, 200), (proxy.LONGEST_BODY + 1, 403)])
def test_a_body_has_a_longest_length(size: int, status: int) -> None:
    start = b'{"user": "a", "password": "'
    sent = start + b"x" * (size - len(start) - 2) + b'"}'
    assert len(sent) == size
    assert Behind().one("POST", "/login", content=sent).status_code == status


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "LARGEST_ANSWER", 100)

    async def answer(request: Request) -> Response:
        return Response(b"x" * int(request.headers["user-agent"]))

    for size, status in ((100, 200), (101, 403)):
        assert (
            Behind(answer).one("POST", "/api/ds/query", json=body(), headers={"user-agent": str(size)}).status_code
            == status
        )


@pytest.mark.parametrize(
    "said",
    [b"", b"[]", b"x", b'{"user": "admin", "password": "x"}', b'{"user": " ADMIN ", "password": "x"}', b'{"USER": "admin", "password": "x"}',
     b'{"user": "a", "USER": "admin", "password": "x"}', b'{"user": "admin@localhost", "password": "x"}', b'{"password": "x"}'],
)  # fmt: skip
def test_nobody_tries_the_administrators_password_at_the_gate(said: bytes) -> None:
    """A few wrong ones would lock the name out, and the gate with it."""
    behind = Behind()
    assert behind.one("POST", "/login", content=said).status_code == 403
    assert behind.reached == []


@pytest.mark.parametrize(
    "cookie", ["", "other=x", "grafana_session=", "grafana_session=a b", "grafana_session=" + "x" * 201]
)
def test_who_has_not_signed_in_asks_nothing(cookie: str) -> None:
    behind = Behind()
    assert behind.one("POST", "/api/ds/query", json=body(), headers={"cookie": cookie}).status_code == 401
    assert behind.reached == []


def test_one_reader_does_not_take_all_turns() -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.05)
        return JSONResponse({})

    # other cookies beside the session's make no other reader of one, and do not reach Grafana
    many = [
        ("POST", "/api/ds/query", {"json": body(), "headers": {"cookie": f"n={n}; grafana_session=x"}})
        for n in range(40)
    ]
    another = ("POST", "/api/ds/query", {"json": body(), "headers": {"cookie": "grafana_session=y"}})
    answers = [one.status_code for one in asyncio.run(Behind(slow).ask(*many, another))]
    assert answers[-1] == 200
    assert answers.count(429) == len(many) - proxy.OF_ONE


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/public/build/app.1.js", 200),
        ("/public/plugins/p/gpx_p_linux_amd64", 403),
        ("/public/plugins/p/module.js", 200),
    ],
)
def test_of_public_files_those_of_pages_pass(path: str, status: int) -> None:
    assert Behind().one("GET", path).status_code == status


def test_no_more_queries_at_once_than_the_source_has_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "PATIENCE", 0.5)
    now, most = 0, 0

    async def slow(_: Request) -> Response:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(0.3)
        now -= 1
        return JSONResponse({})

    answers = asyncio.run(Behind(slow).ask(*[("POST", "/api/ds/query", {"json": body()})] * 12))
    statuses = [one.status_code for one in answers]
    assert most == proxy.AT_ONCE
    assert statuses.count(200) >= proxy.AT_ONCE
    assert set(statuses) == {200, 503}


def test_a_query_that_takes_too_long_is_ended_and_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "SLOWEST", 0.1)

    async def endless(_: Request) -> Response:
        await asyncio.sleep(30)
        return JSONResponse({})

    answers = asyncio.run(Behind(endless).ask(*[("POST", "/api/ds/query", {"json": body()})] * (2 * proxy.AT_ONCE)))
    assert {one.status_code for one in answers} == {504}


def test_a_grafana_that_does_not_answer_is_said() -> None:
    async def gone(_: Request) -> Response:
        raise httpx.ConnectError("no")

    behind = Behind(gone)
    assert behind.one("GET", "/login").status_code == 502
    assert behind.one("POST", "/api/ds/query", json=body()).status_code == 502
