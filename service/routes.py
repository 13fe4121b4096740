"""JSON routes of the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from service import metrics, predict, records, schemas
from service.access import Caller
from service.children import PublishedChild
from service.features import ChildRecords
from service.problems import Problem, TooMany
from service.records import SentChild
from service.schemas import ChildKey, Children, FeatureRows, Predictions, ScoredRecords, Why
from service.service import AnyCaller, CurrentService, Service, having
from warehouse import reasons
from warehouse.errors import UsageError

AT_ONCE = 20  # rows that are scored sooner than a thread has begun
INNER = ("terms", "reasons", "singulars", "intercept")
UNSEEN = "nothing is published of this child to you"
router = APIRouter()


@router.get("/health/live", tags=["health"])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready", tags=["health"])
async def ready(service: CurrentService, response: Response) -> dict[str, Any]:
    """The served model; 503 where it is not the one deployed last."""
    current = service.current
    if current.fault:
        response.status_code = 503
    fault = "what was deployed last cannot be verified: the log says why" if current.fault else None
    return {"model_version": current.model.version, "outcome": current.model.outcome, "fault": fault}


@router.get("/metrics", tags=["health"], response_class=Response)
async def figures(service: CurrentService) -> Response:
    """Counters for Prometheus; no child, no caller."""
    return Response(service.exposition.read(), media_type=metrics.MEDIA_TYPE)


@router.get("/v1/model", tags=["model"])
async def model(service: CurrentService, _: AnyCaller) -> dict[str, Any]:
    """The live model: version, gates, features, and the log-odds down to which a UGEL's capacity reaches."""
    return {name: value for name, value in service.current.model.config.items() if name not in INNER}


@router.get("/v1/records", tags=["predictions"])
def sources(service: CurrentService, _: Annotated[Caller, having("predict")]) -> dict[str, Any]:
    """The records of a request: sources, their columns and types, and the date for which features are made."""
    with service.feature_pool.borrow() as features:
        return {"as_of_date": features.as_of.isoformat(), "sources": features.columns()}


@router.post("/v1/predictions", tags=["predictions"], response_model=ScoredRecords)
def from_records(service: CurrentService, body: Children, caller: Annotated[Caller, having("predict")]) -> JSONResponse:
    """Score children by their raw records: features are made by the warehouse's own SQL, as of the published date."""
    if len(body.children) > service.settings.limits.children:
        raise Problem(413, f"at most {service.settings.limits.children} children at once: ask several times")
    children = [SentChild(child.child_key, _records(at, child)) for at, child in enumerate(body.children, 1)]
    result = records.score(service.current.model, service.feature_pool, caller, children)
    return JSONResponse(
        {
            "as_of_date": result.as_of_date.isoformat(),
            "predictions": list(map(_plain, result.predictions)),
            "unscored": [child._asdict() for child in result.unscored],
        }
    )


def _records(at: int, child: schemas.Child) -> ChildRecords:
    """Return a child's records; without a pseudonym under a number that no child has."""
    key = int(child.child_key) if child.child_key else -at
    return ChildRecords(key, child.records, {int(other): records for other, records in child.merged.items()})


@router.post("/v1/predictions:from-features", tags=["predictions"], response_model=Predictions)
async def from_features(
    service: CurrentService, body: FeatureRows, _: Annotated[Caller, having("predict")]
) -> JSONResponse:
    """Score prepared features, by exactly the arithmetic of the warehouse's lists."""
    if len(body.rows) > service.settings.limits.rows:
        raise Problem(413, f"at most {service.settings.limits.rows} rows at once: ask several times")
    live = service.current.model
    rows = [predict.PreparedRow(**vars(row)) for row in body.rows]
    few = len(rows) <= AT_ONCE
    predictions = predict.predict(live, rows) if few else await run_in_threadpool(predict.predict, live, rows)
    # plain JSON: pydantic would check our own answer for longer than it took to compute
    return JSONResponse({"predictions": list(map(_plain, predictions))})


def _plain(prediction: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in prediction.items()}


@router.get("/v1/children/{key}", tags=["children"])
def child(service: CurrentService, key: ChildKey, caller: Annotated[Caller, having("education")]) -> dict[str, Any]:
    """A child's place on the list, reasons, services and cases; 404 for one of another area, as for no child."""
    published = visible_child(service, caller, key)
    service.access_log.note(caller.name, "child", key, "GET /v1/children")
    return dict(published)


def visible_child(service: Service, caller: Caller, key: str) -> PublishedChild:
    """Return a child that the caller may see.

    Raises:
        Problem: there is none.
    """
    published = service.children.child(caller, key)
    if published is None:
        raise Problem(404, UNSEEN)
    return published


@router.get("/v1/cases", tags=["children"])
def cases(
    service: CurrentService,
    caller: Annotated[Caller, having("education")],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:
    """Cases of the caller's areas, by UGEL and rank, with their follow-up."""
    cases = service.children.cases(caller, limit, offset)
    service.access_log.note(caller.name, "cases", children_of(cases), f"{len(cases)} from {offset}")
    return {"cases": cases, "next_offset": offset + limit if len(cases) == limit else None}


def children_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the pseudonyms in rows that are about to be shown, each once."""
    return list(dict.fromkeys(str(row["child_key"]) for row in rows if row["child_key"]))


@router.post("/v1/children/{key}/identity", tags=["children"])
def identity(
    service: CurrentService, key: ChildKey, body: Why, caller: Annotated[Caller, having("identity")]
) -> dict[str, Any]:
    """A child's identity, for a stated reason, logged before it is answered; children of the caller's areas only."""
    return identity_of(service, caller, key, body.reason)


def identity_of(service: Service, caller: Caller, key: str, reason: str) -> dict[str, Any]:
    """Return the identity of a listed child, once that is logged.

    Raises:
        Refused: a scope is missing.
        Problem: the caller may not see the child, the reason says nothing, or the limit of reveals is reached.
    """
    visible_child(service, caller.needs("identity").needs("education"), key)
    return reveal_identity(service, caller, key, reason)


def reveal_identity(service: Service, caller: Caller, key: str, reason: str) -> dict[str, Any]:
    """Return the identity of a child that the caller may see, once that is logged.

    Raises:
        Problem: the reason says nothing, the limit of reveals is reached, or nobody has this key.
    """
    why = require_reason(service, caller, reason)
    if service.settings.reveal is None:
        raise Problem(503, "no vault is configured here")
    service.access_log.note(caller.name, "identity", key, why)
    identity = service.settings.reveal(int(key))
    if identity is None:
        raise Problem(404, "the vault knows nobody by this key; the request was logged")
    return identity


def require_reason(service: Service, caller: Caller, reason: str) -> str:
    """Let a caller see names for a reason, within the limit of reveals; return the reason as it is logged.

    Raises:
        Refused: they lack the scope.
        Problem: the reason says nothing, or the limit of reveals is reached.
    """
    why = stated_reason(caller, reason)
    if wait := service.reveal_limit.wait(caller.name):
        raise TooMany(wait)
    return why


def stated_reason(caller: Caller, reason: str) -> str:
    """Return the reason for which a caller sees names, as it is logged.

    Raises:
        Refused: they lack the scope.
        Problem: the reason says nothing.
    """
    caller.needs("identity")
    try:
        return reasons.stated(reason, "reason")
    except UsageError as error:
        raise Problem(422, str(error)) from None
