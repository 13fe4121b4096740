"""The parts of a running service, and the dependencies of its routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request

from service.access import Authenticator, Caller
from service.children import PublishedChildren
from service.entry import Entrance
from service.limits import RateLimiter
from service.live import CurrentModel
from service.metrics import Exposition
from service.named import NamedToday
from service.offices import Offices
from service.provider import Provider
from service.published import PublishedFile
from service.records import FeaturePool
from service.sessions import Sessions
from service.settings import Oidc, Settings
from service.visit_book import VisitBook
from warehouse.audit.access_log import AccessLog

CALLER = "qhawaq.caller"  # in the scope of a request


class Service:
    """The state that requests share.

    Args:
        settings: where it reads and writes.
        demo: who signs in by a link of a demonstration, by the hash of its token; a real home has none.

    Raises:
        Disagreement: the deployed configuration and the model's file do not agree.
    """

    def __init__(self, settings: Settings, demo: Mapping[str, Caller]) -> None:
        limits = settings.limits
        self.settings = settings
        self.demo = demo
        self.current = CurrentModel(settings.model_config, settings.models)
        self.provider = _provider(settings.oidc)
        self.authenticator = Authenticator(settings.api_keys, settings.oidc, self.provider)
        self.entrance = self._entrance(settings.oidc)
        self.sessions = Sessions(is_secure=bool(self.entrance and self.entrance.client.is_secure))
        self.named = NamedToday()
        self.children = PublishedChildren(settings.children)
        self.visit_book = VisitBook(self.children, settings.journal)
        self.offices = Offices(settings.offices)
        self.operations = PublishedFile(settings.operations) if settings.operations else None
        self.feature_pool = FeaturePool(settings.children)
        self.access_log = AccessLog(settings.access_log, settings.log_key)
        self.request_limit = RateLimiter(limits.per_second, 2 * limits.per_second)
        self.exposition = Exposition()
        self.unknown_limit = RateLimiter(limits.unknown_per_second, limits.unknown_at_once)
        self.reveal_limit = RateLimiter(limits.reveals_per_hour / 3600, limits.reveals_per_hour)

    def _entrance(self, oidc: Oidc | None) -> Entrance | None:
        """Return what signs people in; None where the environment names no client of a provider."""
        if not (oidc and oidc.client and self.provider):
            return None
        return Entrance(oidc, oidc.client, self.provider, self.authenticator.issuers_keys)

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller of a request: by its key or token, else by the session of its cookie.

        Raises:
            Refused: neither is known.
        """
        is_stated = "x-api-key" in headers or "authorization" in headers
        signed_in = None if is_stated else self.sessions.caller(headers)
        return signed_in or self.authenticator.caller(headers)

    def ask_provider(self) -> None:
        """Ask the identity provider what it publishes, where it is time."""
        if self.provider:
            self.provider.refresh()

    def refresh(self) -> None:
        """Take up a newer deployment, release or file of keys; keys first, as nothing else may hold that up."""
        self.authenticator.refresh()
        self.authenticator.write_last_use()
        self.current.refresh()
        self.feature_pool.refresh()


def _provider(oidc: Oidc | None) -> Provider | None:
    """Return the identity provider where the service asks it: to sign people in, or for its keys."""
    return Provider(oidc) if oidc and oidc.is_asked else None


def running_service(request: Request) -> Service:
    """Return the service of a request."""
    service: Service = request.app.state.service
    return service


async def recognized_caller(request: Request) -> Caller:
    """Return the caller of a request, whom `Guard` has recognized before anything of it was read."""
    caller: Caller = request.scope[CALLER]
    return caller


CurrentService = Annotated[Service, Depends(running_service)]
AnyCaller = Annotated[Caller, Depends(recognized_caller)]


def having(scope: str) -> Any:  # noqa: ANN401  FastAPI's own type of a dependency
    """Return the dependency of a route on a caller with a scope."""

    async def caller_with_scope(caller: AnyCaller) -> Caller:
        """Return the caller, or refuse."""
        return caller.needs(scope)

    return Depends(caller_with_scope)
