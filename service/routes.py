"""What may be asked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from service import metrics, predict, records, schemas
from service.access import Caller
from service.features import Child
from service.problems import Problem, TooMany
from service.schemas import ChildKey, Children, Predictions, Rows, ScoredRecords, Why
from service.service import Service, caller, having, service

LEAST_REASON = 10  # characters
AT_ONCE = 20  # rows that are scored sooner than a thread has begun
INNER = ("terms", "reasons", "singulars", "intercept")
UNSEEN = "nothing is published of this child to you"
Asked = Annotated[Service, Depends(service)]
router = APIRouter()


@router.get("/health/live", tags=["health"])
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready", tags=["health"])
async def ready(asked: Asked, response: Response) -> dict[str, Any]:
    """Which model it serves; 503 where that is not what was deployed last."""
    current = asked.current
    if current.fault:
        response.status_code = 503
    return {"model_version": current.live.version, "outcome": current.live.outcome, "fault": current.fault or None}


@router.get("/metrics", tags=["health"], response_class=Response)
async def figures() -> Response:
    """Counters for Prometheus; no child, no caller."""
    return Response(metrics.exposition(), media_type=metrics.MEDIA_TYPE)


@router.get("/v1/model", tags=["model"])
async def model(asked: Asked, _: Annotated[Caller, Depends(caller)]) -> dict[str, Any]:
    """What is live: version, gates, what it must be given, from which log-odds a UGEL's capacity reaches."""
    return {name: value for name, value in asked.current.live.said.items() if name not in INNER}


@router.get("/v1/records", tags=["predictions"])
def sources(asked: Asked, _: Annotated[Caller, having("predict")]) -> dict[str, Any]:
    """Which records may be sent: sources, their columns and types, and the date for which features are made."""
    with asked.makers.one() as features:
        return {"as_of_date": features.as_of.isoformat(), "sources": features.columns()}


@router.post("/v1/predictions", tags=["predictions"])
def from_records(asked: Asked, body: Children, who: Annotated[Caller, having("predict")]) -> ScoredRecords:
    """Score children by their raw records: features are made by the warehouse's own SQL, as of the published date."""
    if len(body.children) > asked.settings.limits.children:
        raise Problem(413, f"at most {asked.settings.limits.children} children at once: ask several times")
    children = [(one.child_key, _child(at, one)) for at, one in enumerate(body.children, 1)]
    found = records.score(asked.current.live, asked.makers, who, children)
    found["as_of_date"] = found["as_of_date"].isoformat()
    return JSONResponse(found | {"predictions": list(map(_plain, found["predictions"]))})  # type: ignore[return-value]


def _child(at: int, sent: schemas.Child) -> Child:
    """Return a child as its features are made; without a pseudonym by a number that no child has."""
    key = int(sent.child_key) if sent.child_key else -at
    return Child(key, sent.records, {int(other): records for other, records in sent.merged.items()})


@router.post("/v1/predictions:from-features", tags=["predictions"])
async def from_features(asked: Asked, body: Rows, _: Annotated[Caller, having("predict")]) -> Predictions:
    """Score prepared features, by exactly the arithmetic of the warehouse's lists."""
    if len(body.rows) > asked.settings.limits.rows:
        raise Problem(413, f"at most {asked.settings.limits.rows} rows at once: ask several times")
    one, rows = asked.current.live, [vars(row) for row in body.rows]
    few = len(rows) <= AT_ONCE
    found = predict.predict(one, rows) if few else await run_in_threadpool(predict.predict, one, rows)
    # plain JSON: checking again what we made ourselves would take longer than making it
    return JSONResponse({"predictions": list(map(_plain, found))})  # type: ignore[return-value]


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}


@router.get("/v1/children/{key}", tags=["children"])
def child(asked: Asked, key: ChildKey, who: Annotated[Caller, having("education")]) -> dict[str, Any]:
    """A child's place on the list, reasons, services and cases; 404 for one of another area, as for no child."""
    found = seen(asked, who, key)
    asked.journal.note(who.name, "child", key, "GET /v1/children")
    return found


def seen(asked: Service, who: Caller, key: str) -> dict[str, Any]:
    """Return a child that the caller may see.

    Raises:
        Problem: there is none.
    """
    found = asked.children.one(who, key)
    if found is None:
        raise Problem(404, UNSEEN)
    return found


@router.get("/v1/cases", tags=["children"])
def cases(
    asked: Asked,
    who: Annotated[Caller, having("education")],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:
    """Cases of the caller's areas, by UGEL and rank, with what was done."""
    found = asked.children.cases(who, limit, offset)
    asked.journal.note(who.name, "cases", None, f"{len(found)} from {offset}")
    return {"cases": found, "next_offset": offset + limit if len(found) == limit else None}


@router.post("/v1/children/{key}/identity", tags=["children"])
def identity(asked: Asked, key: ChildKey, body: Why, who: Annotated[Caller, having("identity")]) -> dict[str, Any]:
    """Who a child is, for a stated reason, logged before it is answered; children of the caller's areas only."""
    return name_of(asked, who, key, body.reason)


def name_of(asked: Service, who: Caller, key: str, reason: str) -> dict[str, Any]:
    """Return who a child is, once that is logged.

    Raises:
        Refused: a scope is missing.
        Problem: the child is not the caller's to see, the reason says nothing, or names were asked for too often.
    """
    seen(asked, who.needs("identity").needs("education"), key)
    return revealed(asked, who, key, reason)


def revealed(asked: Service, who: Caller, key: str, reason: str) -> dict[str, Any]:
    """Return who a child is that the caller may see, once that is logged.

    Raises:
        Problem: the reason says nothing, names were asked for too often, or there is none.
    """
    justified(asked, who, reason)
    if asked.settings.reveal is None:
        raise Problem(503, "no vault is configured here")
    asked.journal.note(who.name, "identity", key, reason.strip())
    found = asked.settings.reveal(int(key))
    if found is None:
        raise Problem(404, "the vault knows nobody by this key; the request was logged")
    return found


def justified(asked: Service, who: Caller, reason: str) -> None:
    """Let a caller see names, for a reason and not too often.

    Raises:
        Refused: they lack the scope.
        Problem: the reason says nothing, or names were asked for too often.
    """
    who.needs("identity")
    if len(reason.strip()) < LEAST_REASON:
        raise Problem(422, "say in a sentence why the name is needed")
    if wait := asked.revealed.wait(who.name):
        raise TooMany(wait)
