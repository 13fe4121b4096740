"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service import (
    audit,
    guard,
    language,
    mylist,
    page,
    problems,
    protection,
    routes,
    school,
    sheet,
    signin,
    ugel,
    visits,
)
from service.access import Caller
from service.schemas import LARGEST
from service.service import Service
from service.settings import Settings

LOG = logging.getLogger("qhawaq.serve")
LOOK_EVERY = 0.5  # seconds
NOBODY: Mapping[str, Caller] = MappingProxyType({})


class DocumentedApp(FastAPI):
    """An application whose OpenAPI document names the features and records of the moment."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once for a model and a release."""
        service: Service = self.state.service
        if getattr(self.state, "documented_for", None) != _made_for(service):
            self.openapi_schema = _documented(self, service)
            self.state.documented_for = _made_for(service)  # the first opens the release
        return self.openapi_schema or {}


def _made_for(service: Service) -> tuple[object, ...]:
    return service.current.model.version, service.feature_pool.opened


def create(settings: Settings, demo: Mapping[str, Caller] = NOBODY) -> FastAPI:
    """Create the application.

    Args:
        settings: where it reads and writes.
        demo: who signs in by a link of a demonstration, by the hash of its token; a real home has none.

    Raises:
        Disagreement: the deployed configuration and the model's file do not agree.
    """
    service = Service(settings, demo)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        """Watch for new models and releases as long as the application runs."""
        watching = [asyncio.create_task(_watch(look)) for look in (service.refresh, service.ask_provider)]
        yield
        for task in watching:
            task.cancel()
        service.authenticator.write_last_use(is_end=True)

    app = DocumentedApp(
        title="Qhawaq",
        version="1",
        description="Scores with exact reasons, children by scope, and a log of who saw whom.",
        lifespan=lifespan,
        responses=problems.DOCUMENTED,
        redirect_slashes=False,  # to where a caller's Host says
        docs_url=None,  # they fetch scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    for part in (routes, signin, mylist, page, sheet, visits, ugel, school, protection, audit):
        app.include_router(part.router)
    app.add_middleware(guard.Guard, service=service)
    app.add_middleware(language.Speaking, is_secure=service.sessions.is_secure)
    return app


def _documented(app: FastAPI, service: Service) -> dict[str, Any]:
    """Return the OpenAPI document, with the features that the live model needs."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document["components"]["schemas"]
    model = service.current.model
    schemas["FeatureRows"]["properties"]["rows"]["maxItems"] = service.settings.limits.rows
    if model.terms:
        features = model.config["input_schema"]
        bounds = {"minimum": -LARGEST, "maximum": LARGEST}
        bounded = {name: dict(schema) | bounds for name, schema in features["properties"].items()}
        schemas["FeatureRow"]["properties"]["features"] = dict(features) | {"properties": bounded}
    schemas["Children"]["properties"]["children"]["maxItems"] = service.settings.limits.children
    if sources := service.feature_pool.sources():
        properties = schemas["Child"]["properties"]
        sources_only = {"properties": sources, "additionalProperties": False}
        properties["records"] |= sources_only
        properties["merged"]["additionalProperties"] = {"type": "object"} | sources_only
    return document


async def _watch(look: Callable[[], None]) -> None:
    """Take up another model or release within a second; a running request ends with the one before."""
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            await asyncio.to_thread(look)
        except Exception:
            LOG.exception("could not look at what is deployed, published or provided")
