"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import guard, page, problems, protection, routes
from service.schemas import LARGEST
from service.service import Service
from service.settings import Settings

LOG = logging.getLogger("qhawaq.serve")
LOOK_EVERY = 0.5  # seconds


def create(settings: Settings) -> FastAPI:
    """Make the service.

    Raises:
        Disagreement: what was deployed and the model's file do not agree.
    """
    service = Service(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch(service))
        yield
        watching.cancel()

    app = FastAPI(
        title="Qhawaq",
        version="1",
        description="Scores with exact reasons, children by scope, and a log of who saw whom.",
        lifespan=lifespan,
        responses=problems.DOCUMENTED,
        docs_url=None,  # they fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(page.router)
    app.include_router(protection.router)
    app.openapi = lambda: _documented(app, service)  # type: ignore[method-assign]  FastAPI's way to say more
    app.add_middleware(guard.Guard, limits=settings.limits)
    return app


def _documented(app: FastAPI, service: Service) -> dict[str, Any]:
    """Return the OpenAPI document, with the features that the live model asks for."""
    said = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas, live = said["components"]["schemas"], service.current.live
    schemas["Rows"]["properties"]["rows"]["maxItems"] = service.settings.limits.rows
    if live.terms:
        asked = live.said["input_schema"]
        bounds = {"minimum": -LARGEST, "maximum": LARGEST}
        each = {name: dict(said) | bounds for name, said in asked["properties"].items()}
        schemas["Row"]["properties"]["features"] = dict(asked) | {"properties": each}
    schemas["Children"]["properties"]["children"]["maxItems"] = service.settings.limits.children
    if sources := service.makers.sources():
        properties, only = schemas["Child"]["properties"], {"properties": sources, "additionalProperties": False}
        properties["records"] |= only
        properties["merged"]["additionalProperties"] = {"type": "object"} | only
    return said


async def _watch(service: Service) -> None:
    """Take up another model or release within a second; whoever is being answered ends with the one before."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await asyncio.to_thread(service.refresh)
        except Exception:
            LOG.exception("could not look at what is deployed and published")
