"""The parts of a running service, and who may use which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from service.access import Caller, Gate
from service.children import Children
from service.journal import Journal
from service.limits import Buckets
from service.live import Current
from service.offices import Offices
from service.problems import TooMany
from service.records import Makers
from service.settings import Settings


class Service:
    """Everything that requests share.

    Raises:
        Disagreement: what was deployed and the model's file do not agree.
    """

    def __init__(self, settings: Settings) -> None:
        limits = settings.limits
        self.settings = settings
        self.current = Current(settings.model_config, settings.models)
        self.gate = Gate(settings.api_keys, settings.oidc)
        self.children = Children(settings.children)
        self.offices = Offices(settings.offices)
        self.makers = Makers(settings.children)
        self.journal = Journal(settings.journal, settings.journal_key)
        self.asked = Buckets(limits.per_second, 2 * limits.per_second)
        self.revealed = Buckets(limits.reveals_per_hour / 3600, limits.reveals_per_hour)

    def refresh(self) -> None:
        """Take up what was deployed or published since."""
        self.current.refresh()
        self.makers.refresh()
        self.gate.refresh()


def service(request: Request) -> Service:
    """Return the service that was asked."""
    return request.app.state.service


async def caller(request: Request) -> Caller:
    """Return who asks, if they are known and do not ask too much."""
    asked = service(request)
    found = asked.gate.caller(request.headers)
    if wait := asked.asked.wait(found.name):
        raise TooMany(wait)
    return found


def having(scope: str) -> Any:  # noqa: ANN401  FastAPI's own type of a dependency
    """Return a dependency: a caller who has a scope."""
    return Depends(_needing(scope))


def _needing(scope: str) -> Callable[[Caller], Any]:
    async def needed(found: Annotated[Caller, Depends(caller)]) -> Caller:
        return found.needs(scope)

    return needed
