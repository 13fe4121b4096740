"""A real Grafana with the real plugin, provisioned as shipped, behind the real gate: what each audience sees and cannot do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from tests.conftest import Country
from tests.grafana import runner
from tests.grafana.attacks import HARMFUL, PATHS, STATEMENTS
from tests.grafana.board import Board
from tests.grafana.server import Server, asked, lacking
from tests.grafana.test_dashboards import DASHBOARDS, queries

pytestmark = [pytest.mark.grafana, pytest.mark.skipif(bool(lacking()), reason=lacking())]
AUDIENCES = sorted({audience for audience, _ in DASHBOARDS})
SOON = 10  # seconds from a publication to its being seen


def serving(country: Country, audience: str) -> Path:
    return min((country.home.serving / audience).rglob("current.duckdb")).parent


@pytest.fixture(scope="module", params=AUDIENCES)
def server(
    request: pytest.FixtureRequest, country: Country, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    with Server(request.param, serving(country, request.param), folder).started() as started:
        yield started


def made_for(audience: str) -> list[dict[str, Any]]:
    return [made for of, made in DASHBOARDS if of == audience]


def every_query(server: Server) -> Iterator[str]:
    with runner.opened(server.serving / "current.duckdb") as db:
        for made in made_for(server.audience):
            choices = [one["query"] for one in made.get("templating", {}).get("list", []) if one["type"] == "query"]
            for chosen in runner.choices(db, made):
                yield from (runner.put_in(sql, chosen) for sql in [*(sql for _, sql in queries(made)), *choices])


def rows(answer: httpx.Response) -> list[tuple[Any, ...]]:
    assert answer.status_code == 200, answer.text[:500]
    (frame,) = answer.json()["results"]["A"]["frames"]
    return list(zip(*frame["data"]["values"], strict=True))


def test_every_query_of_panels_and_choices_answers_a_viewer_with_what_python_reads(server: Server) -> None:
    wanted = sorted(set(every_query(server)))
    assert wanted
    with server.viewer() as viewer, runner.opened(server.serving / "current.duckdb") as db:
        for sql in wanted:
            assert len(rows(viewer.post("/api/ds/query", json=asked(sql)))) == len(db.execute(sql).fetchall()), sql


def test_every_dashboard_is_drawn_in_a_browser_without_an_error(server: Server, tmp_path: Path) -> None:
    with Board(server, tmp_path).opened() as board:
        for made in made_for(server.audience):
            board.open(made)
            assert board.n_panels() == len(made["panels"])
            assert board.broken_panels() == []
            assert [one for one in board.browser.answers if one[0] >= 400] == []
            assert [
                url for _, url in board.browser.answers if not url.startswith((server.gate, "data:", "blob:"))
            ] == []
            assert board.errors() == []
    assert "refused" not in server.log("gate"), server.log("gate")


def test_no_statement_but_the_dashboards_own_passes_the_gate(server: Server) -> None:
    assert len(STATEMENTS) >= 200
    with server.viewer() as viewer:
        answers = {sql: viewer.post("/api/ds/query", json=asked(sql)).status_code for sql in STATEMENTS}
    assert {sql: code for sql, code in answers.items() if code != 403} == {}


def test_no_other_way_to_the_source_passes_the_gate(server: Server) -> None:
    assert len(PATHS) >= 50
    with server.viewer() as viewer:
        viewer.post("/api/ds/query", json=asked("select 1"))
        answers = {(method, path): viewer.request(method, path, json=said).status_code for method, path, said in PATHS}
    assert {one: code for one, code in answers.items() if code not in (403, 404, 405)} == {}


def test_nothing_can_be_done_to_the_file_or_the_machine_even_past_the_gate(server: Server) -> None:
    """The path of the source locks its settings: it holds after a health request, which opens the file anew."""
    secret = server.folder / "secret.csv"
    secret.write_text("a\nDNI 40404040\n")
    reached = []
    with server.viewer(through_the_gate=False) as viewer:
        for n in range(2):
            for sql in HARMFUL:
                said = viewer.post("/api/ds/query", json=asked(sql.replace("SECRET", str(secret)))).text
                if "40404040" in said or "root:x" in said:
                    reached.append((n, sql))
            assert viewer.get("/api/datasources/uid/qhawaq/health").status_code == 200
        assert viewer.get("/api/health").status_code == 200
    assert reached == []
    assert not list(server.folder.glob("out*"))
    with server.viewer() as viewer:
        assert any(rows(viewer.post("/api/ds/query", json=asked(sql))) for sql in every_query(server))


def test_a_viewer_administers_nothing(server: Server) -> None:
    for through_the_gate in (True, False):
        with server.viewer(through_the_gate) as viewer:
            for path in ("/api/admin/settings", "/api/org/users", "/api/serviceaccounts/search", "/api/users"):
                assert viewer.get(path).status_code == 403, path
    assert httpx.get(server.gate + "/api/search").status_code == 401  # whoever else has signed in through the gate


class Switch:
    """A serving folder whose link can be led to one of two releases, as publishing does it."""

    def __init__(self, of: Path, folder: Path) -> None:
        self.folder = folder
        file = (of / "current.duckdb").resolve()
        for name in ("20260101T000000-aaaaaaaa", "20260102T000000-bbbbbbbb"):
            (folder / name).mkdir(parents=True)
            copy = folder / name / "qhawaq.duckdb"
            copy.write_bytes(file.read_bytes())
            with duckdb.connect(str(copy)) as db:
                db.execute("update release set release_id = ?", [name])
        self.names = sorted(one.name for one in folder.iterdir())
        self.to(0)

    def to(self, n: int) -> str:
        new = self.folder / "new"
        new.symlink_to(f"{self.names[n]}/qhawaq.duckdb")
        new.replace(self.folder / "current.duckdb")
        return self.names[n]


RELEASE = "select release_id, published_at - interval 5 hour as published_at, built_for, disk_used_share from qhawaq.main.release order by published_at limit 1"


def test_a_publication_and_a_way_back_are_seen_soon_with_queries_in_flight(
    country: Country, tmp_path: Path, record_property: Any
) -> None:
    switch = Switch(serving(country, "operations"), tmp_path / "serving")
    failed: list[str] = []
    ended = threading.Event()
    with Server("operations", switch.folder, tmp_path / "server").started() as server:

        def ask() -> None:
            with server.viewer() as viewer:
                while not ended.is_set():
                    answer = viewer.post("/api/ds/query", json=asked(RELEASE))
                    if answer.status_code != 200:
                        failed.append(answer.text)

        readers = [threading.Thread(target=ask) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            with server.viewer() as viewer:
                took = []
                for n in (1, 0, 1, 0):
                    name, start = switch.to(n), time.monotonic()
                    while rows(viewer.post("/api/ds/query", json=asked(RELEASE)))[0][0] != name:
                        assert time.monotonic() - start < SOON
                    took.append(round(time.monotonic() - start, 2))
        finally:
            ended.set()
            for reader in readers:
                reader.join()
    record_property("seconds from switch to seen", took)
    assert failed == []
