"""What stands behind the gate in its tests: an application that notes what reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from grafana.gate import proxy
from grafana.gate.queries import Queries
from grafana.source import PROVISIONING, TYPE, UID
from tests.grafana.test_dashboards import DASHBOARDS

AUDIENCES = sorted({audience for audience, _ in DASHBOARDS})
OF = {audience: Queries.of(PROVISIONING / audience) for audience in AUDIENCES}
PLAIN = "select release_id, published_at - interval 5 hour as published_at, built_for, disk_used_share from qhawaq.main.release order by published_at limit 1"


def body(sql: object = PLAIN, **changed: object) -> dict[str, Any]:
    said = {"refId": "A", "datasource": {"type": TYPE, "uid": UID}, "rawSql": sql, "format": 1, "editorMode": "code"}
    return {"queries": [said | changed], "from": "now-6h", "to": "now"}


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
        gate = proxy.application(self.client(), OF["operations"], "grafana_session")
        signed_in = {"cookie": "grafana_session=x"}
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://gate", headers=signed_in) as reader:
            return await asyncio.gather(*(reader.request(method, path, **more) for method, path, more in requests))

    def one(self, method: str, path: str, **more: Any) -> httpx.Response:
        (answer,) = asyncio.run(self.ask((method, path, more)))
        return answer
