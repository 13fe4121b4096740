"""The gate passes what the dashboards ask, and nothing else; Grafana's place is taken by an application that notes what reaches it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grafana.gate import proxy
from grafana.gate.follow import follow
from grafana.gate.queries import KINDS, Queries, Refused, kind
from grafana.source import PROVISIONING, TYPE, UID
from tests.conftest import Country
from tests.grafana import runner
from tests.grafana.test_dashboards import DASHBOARDS, files, queries

AUDIENCES = sorted({audience for audience, _ in DASHBOARDS})
OF = {audience: Queries.of(PROVISIONING / audience) for audience in AUDIENCES}
PLAIN = (
    "select release_id, published_at, built_for, disk_used_share from qhawaq.main.release order by published_at limit 1"
)


def body(sql: object = PLAIN, **changed: object) -> dict[str, Any]:
    said = {"refId": "A", "datasource": {"type": TYPE, "uid": UID}, "rawSql": sql, "format": 1, "editorMode": "code"}
    return {"queries": [said | changed], "from": "now-6h", "to": "now"}


def refused(said: object, audience: str = "operations") -> str:
    with pytest.raises(Refused) as found:
        OF[audience].passed(said if isinstance(said, bytes) else json.dumps(said).encode())
    return str(found.value)


@pytest.mark.parametrize(("audience", "made"), DASHBOARDS, ids=lambda one: one if isinstance(one, str) else one["uid"])
def test_every_query_of_a_dashboard_passes_with_every_choice(
    country: Country, audience: str, made: dict[str, Any]
) -> None:
    variables = [one["query"] for one in made.get("templating", {}).get("list", []) if one["type"] == "query"]
    for file in files(country, audience):
        with runner.opened(file) as db:
            for chosen in runner.choices(db, made):
                for sql in [sql for _, sql in queries(made)] + variables:
                    put = runner.put_in(sql, chosen)
                    assert OF[audience].passed(json.dumps(body(put)).encode())["queries"][0]["rawSql"] == put


@pytest.mark.parametrize(("audience", "made"), DASHBOARDS, ids=lambda one: one if isinstance(one, str) else one["uid"])
def test_every_value_of_a_choice_is_of_its_kind(country: Country, audience: str, made: dict[str, Any]) -> None:
    for one in made.get("templating", {}).get("list", []):
        if one["type"] == "query":
            with runner.opened(files(country, audience)[0]) as db:
                column = re.match(r"select distinct .+ as __text, (\w+) as __value from (\S+)", one["query"])
                assert column is not None
                found = db.execute(f"select distinct {column[1]} from {column[2]}").fetchall()
            assert found
            assert [value for (value,) in found if not re.fullmatch(kind(one), str(value))] == []


@given(st.data())
def test_no_other_sql_passes(data: st.DataObject) -> None:
    """A query of ours with something put in, taken out or changed is not one, unless another choice was made."""
    audience = data.draw(st.sampled_from(AUDIENCES))
    sql = data.draw(st.sampled_from([sql for of, made in DASHBOARDS if of == audience for _, sql in queries(made)]))
    sql = runner.put_in(sql, {name: [value] for name, value in CHOSEN.items()})
    start = data.draw(st.integers(0, len(sql)))
    end = data.draw(st.integers(start, min(start + 8, len(sql))))
    put = data.draw(
        st.text(max_size=12) | st.sampled_from(["'", "''", "; drop table release", "--", "/**/", "\x00", "' or '1'='1"])
    )
    changed = sql[:start] + put + sql[end:]
    literal = re.compile(r"'[\w=á-ú]*'")
    if literal.sub("''", changed) != literal.sub("''", sql):
        refused(body(changed), audience)


CHOSEN = {
    "department": "15", "level": "B0", "indicator": "over_age", "year": "2024", "ugel": "150101", "service": "TUTOR",
    "october": "2024", "place": "15", "group": "sex=mujer",
}  # fmt: skip


@pytest.mark.parametrize(
    "value", ["B1", "b0", "B0' or '1'='1", "B0''", "B0,F0", " B0", "B0\n", "'", "\\", "%", "B0'--"]
)
def test_a_value_that_no_choice_has_is_refused(value: str) -> None:
    (sql,) = {sql for _, made in DASHBOARDS for _, sql in queries(made) if "from qhawaq.main.ugel_needs" in sql}
    assert OF["officials"].passed(json.dumps(body(runner.put_in(sql, {k: [v] for k, v in CHOSEN.items()}))).encode())
    text = runner.put_in(sql, {k: [v] for k, v in CHOSEN.items() if k != "level"}).replace(
        "${level:sqlstring}", f"'{value}'"
    )
    assert refused(body(text), "officials") == "SQL that no dashboard has"


def test_a_choice_of_no_known_kind_stops_the_gate_at_its_start() -> None:
    with pytest.raises(ValueError, match="knows no kind"):
        kind({"type": "query", "query": "select distinct a as __text, guardian_key as __value from t order by 1"})
    assert all(re.compile(one) for one in KINDS.values())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        ([], "queries"),
        ({"queries": []}, "queries"),
        ({"queries": [{}] * 13}, "queries"),
        ({"queries": ["select 1"]}, "no object"),
        (body(datasource={"type": TYPE, "uid": "other"}), "data source"),
        (body(datasource={"type": "__expr__", "uid": "__expr__"}), "data source"),
        (body(datasource=UID), "data source"),
        (body(refId="a b"), "plain name"),
        (body(refId=1), "plain name"),
        (body(1), "SQL"),
        (body(None), "SQL"),
        (body() | {"from": "now; drop"}, "moment"),
        (body(PLAIN + " "), "SQL"),
        (body(PLAIN.upper()), "SQL"),
    ],
)
def test_a_request_of_another_shape_is_refused(said: object, why: str) -> None:
    assert why in refused(said)


def test_what_is_passed_on_is_written_anew() -> None:
    """Grafana takes keys in any case, and the last of two: what another reader could find in the text is not passed on."""
    query = body()["queries"][0]
    text = json.dumps(query)[:-1] + ', "RAWSQL": "drop table release", "rawsql": "x", "connectionArgs": {"a": 1}}'
    passed = OF["operations"].passed(f'{{"queries": [{text}], "QUERIES": [{{"rawSql": "x"}}], "from": "now"}}'.encode())
    assert set(passed) == {"queries", "from", "to"}
    (only,) = passed["queries"]
    assert set(only) == {"refId", "datasource", "rawSql", "format", "maxDataPoints", "intervalMs"}
    assert only["rawSql"] == PLAIN
    twice = f'{{"queries": [{json.dumps(query)[:-1]}, "rawSql": "drop table release"}}]}}'
    assert "SQL" in refused(twice.encode())


class Behind:
    """Plays the Grafana behind the gate, and notes what reaches it."""

    def __init__(self, answer: Callable[[Request], Any] | None = None) -> None:
        self.reached: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer = answer
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        self.app = Starlette(routes=[Route("/{path:path}", self.note, methods=methods)])

    async def note(self, request: Request) -> Response:
        target = request.scope["raw_path"].decode() + ("?" + request.url.query if request.url.query else "")
        self.reached.append((request.method, target, dict(request.headers), await request.body()))
        if self.answer:
            return await self.answer(request)
        return JSONResponse({"said": "yes"}, headers={"set-cookie": "a=1", "x-frame-options": "deny"})

    def client(self) -> httpx.AsyncClient:
        return proxy.client("http://behind", httpx.ASGITransport(self.app))

    async def ask(self, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
        """Send requests through a gate, all at once."""
        gate = proxy.application(self.client(), OF["operations"])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://gate") as reader:
            return await asyncio.gather(*(reader.request(method, path, **more) for method, path, more in requests))

    def one(self, method: str, path: str, **more: Any) -> httpx.Response:
        (answer,) = asyncio.run(self.ask((method, path, more)))
        return answer


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
        gate = proxy.application(behind.client(), OF["operations"])
        for _ in range(3):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url="http://gate") as reader:
                assert (await reader.post("/login", json={})).headers["set-cookie"] == "a=1"

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
    assert Behind().one("POST", "/login", content=b"x" * size).status_code == status


def test_an_answer_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "LARGEST_ANSWER", 100)

    async def answer(request: Request) -> Response:
        return Response(b"x" * int(request.headers["user-agent"]))

    for size, status in ((100, 200), (101, 403)):
        assert (
            Behind(answer).one("POST", "/api/ds/query", json=body(), headers={"user-agent": str(size)}).status_code
            == status
        )


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


class Releases:
    """A serving folder, and a Grafana that hears of a release at the third call."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.link = folder, folder / "current.duckdb"
        self.told: list[str] = []
        self.deaf = 2

    def switch(self, name: str) -> None:
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / name / "qhawaq.duckdb").touch()
        (self.folder / "new").symlink_to(f"{name}/qhawaq.duckdb")
        (self.folder / "new").replace(self.link)

    async def reopen(self) -> None:
        if self.deaf:
            self.deaf -= 1
            raise httpx.ConnectError("not yet")
        self.told.append(self.link.resolve().parent.name)

    async def heard(self, n: int) -> None:
        async with asyncio.timeout(5):
            while len(self.told) < n:
                await asyncio.sleep(0.005)


def test_grafana_is_told_of_each_release_until_it_hears_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grafana.gate.follow.EVERY", 0.005)
    releases = Releases(tmp_path)

    async def play() -> None:
        task = asyncio.ensure_future(follow(releases.link, releases.reopen))
        await asyncio.sleep(0.03)
        assert releases.told == []  # nothing is published yet
        for n, name in enumerate(["1", "2", "1"], 1):
            releases.switch(name)
            await releases.heard(n)
        await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(play())
    assert releases.told == ["1", "2", "1"]


def test_a_file_is_opened_anew_while_no_query_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or after a while although one does."""
    monkeypatch.setattr(proxy, "LONGEST_WAIT", 0.2)
    events: list[str] = []

    async def play(seconds: float) -> list[str]:
        async def slow(_: Request) -> Response:
            await asyncio.sleep(seconds)
            events.append("answered")
            return JSONResponse({})

        async def reopened() -> None:
            events.append("opened anew")

        gate = proxy.Gate(Behind(slow).client(), OF["operations"])
        app = Starlette(routes=[Route("/{path:path}", gate.answer, methods=["POST"])])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gate") as reader:
            query = asyncio.ensure_future(reader.post("/api/ds/query", json=body()))
            await asyncio.sleep(0.05)
            await gate.quietly(reopened)
            assert (await query).status_code == 200
            assert (await reader.post("/api/ds/query", json=body())).status_code == 200  # all turns are given back
        return events

    assert asyncio.run(play(0.1)) == ["answered", "opened anew", "answered"]
    events.clear()
    assert asyncio.run(play(0.5)) == ["opened anew", "answered", "answered"]
