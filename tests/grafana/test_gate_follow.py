"""Grafana is told of each release, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grafana.gate import proxy
from grafana.gate.follow import LOCKED, NotTold, follow, opened_anew
from tests.grafana.behind import OF, Behind, body


class Releases:
    """A serving folder, and a Grafana that hears of a release at the third call."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.link = folder, folder / "current.duckdb"
        self.told: list[str] = []
        self.deaf = 2

    def switch(self, name: str) -> None:
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / name / "qhawaq.duckdb").write_bytes(bytes(8) + b"DUCK" + bytes(64))
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


def test_a_way_back_from_what_is_no_database_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is none is never told of: the data source would close the good file for it; after a failure the same release is."""
    monkeypatch.setattr("grafana.gate.follow.EVERY", 0.005)
    releases = Releases(tmp_path)
    releases.deaf = 0

    async def play() -> None:
        task = asyncio.ensure_future(follow(releases.link, releases.reopen))
        releases.switch("1")
        await releases.heard(1)
        for bad in ("empty", "folder", "missing"):
            (tmp_path / "empty").touch()
            (tmp_path / "folder").mkdir(exist_ok=True)
            (tmp_path / "new").symlink_to(bad)
            (tmp_path / "new").replace(releases.link)
            await asyncio.sleep(0.03)
        (tmp_path / "loop").symlink_to("current.duckdb")
        (tmp_path / "loop").replace(releases.link)
        await asyncio.sleep(0.03)
        assert releases.told == ["1"]
        assert caplog.text.count("leads to no DuckDB file") == 1  # said once, as long as it lasts
        releases.deaf = 1_000_000  # the file of 2 cannot be opened: the former one is closed
        releases.switch("2")
        await asyncio.sleep(0.03)
        releases.deaf = 0
        releases.switch("1")
        await releases.heard(2)
        task.cancel()

    asyncio.run(play())
    assert releases.told == ["1", "1"]


def test_whatever_goes_wrong_the_next_release_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grafana.gate.follow.EVERY", 0.005)
    releases, word = Releases(tmp_path), tmp_path / "password"
    releases.deaf = 0
    word.write_bytes(b"\xff\xfe")
    answers = iter([502, 400, 200])

    async def health(_: Request) -> Response:
        return JSONResponse({}, next(answers))

    async def play() -> None:
        reopen = partial(opened_anew, Behind(health).client(), word)
        task = asyncio.ensure_future(follow(releases.link, reopen))
        releases.switch("1")
        await asyncio.sleep(0.03)
        word.write_text("secret")
        async with asyncio.timeout(5):
            while not log_lines():
                await asyncio.sleep(0.005)
        task.cancel()

    seen: list[str] = []

    def log_lines() -> list[str]:
        return [one for one in seen if "reads release" in one]

    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("qhawaq.gate").addHandler(handler)
    logging.getLogger("qhawaq.gate").setLevel(logging.INFO)
    try:
        asyncio.run(play())
    finally:
        logging.getLogger("qhawaq.gate").removeHandler(handler)
    assert log_lines() == ["Grafana reads release 1"]


def test_a_refused_password_is_not_tried_again_at_once(tmp_path: Path) -> None:
    """Each try would keep the administrator's name locked."""

    async def locked(_: Request) -> Response:
        return JSONResponse({}, 401)

    word = tmp_path / "password"
    word.write_text("wrong")
    with pytest.raises(NotTold) as found:
        asyncio.run(opened_anew(Behind(locked).client(), word))
    assert found.value.wait == LOCKED > 300


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

        gate = proxy.Gate(Behind(slow).client(), OF["operations"], "grafana_session")
        app = Starlette(routes=[Route("/{path:path}", gate.answer, methods=["POST"])])
        signed_in = {"cookie": "grafana_session=x"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gate", headers=signed_in) as reader:
            query = asyncio.ensure_future(reader.post("/api/ds/query", json=body()))
            await asyncio.sleep(0.05)
            await gate.quietly(reopened)
            assert (await query).status_code == 200
            assert (await reader.post("/api/ds/query", json=body())).status_code == 200  # all turns are given back
        return events

    assert asyncio.run(play(0.1)) == ["answered", "opened anew", "answered"]
    events.clear()
    assert asyncio.run(play(0.5)) == ["opened anew", "answered", "answered"]
