"""Scores of raw records: features by the warehouse's own SQL, then the arithmetic of prepared features."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from service import predict
from service.access import Caller
from service.features import ChildRecords, FeatureDatabase, MadeFeatures, NoContext
from service.live import LiveModel
from service.settings import Busy

LOG = logging.getLogger("qhawaq.serve")
POOL_SIZE = 2  # databases in memory: as many as there are cores to work for them
WAIT_SECONDS = 5.0  # seconds until one is free
NOT_ENROLLED = "no enrollment in primary or secondary of the year is known on"
ELSEWHERE = "its school is not within your areas: a score compares with its classmates"


class SentChild(NamedTuple):
    """A child's records, with the key that the caller named, if any."""

    name: str | None
    records: ChildRecords


class ChildWithoutScore(NamedTuple):
    """A child without a score, by its position in the request, and the reason."""

    position: int
    child_key: str | None
    why: str


class ScoringResult(NamedTuple):
    """Scores as of a date, in order, and the children without one."""

    as_of_date: date
    predictions: list[dict[str, Any]]  # `predict.PredictionJson` with position, services and missing sources
    unscored: list[ChildWithoutScore]


class FeaturePool:
    """Databases of features of the published file, and of the next one as soon as it is switched to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.opened: Path | None = None
        self.free: queue.Queue[FeatureDatabase] | None = None  # None where the file holds no features' SQL
        # Threads of their own: each keeps what DuckDB frees for its next allocation, forty threads would forty times.
        self.threads = ThreadPoolExecutor(POOL_SIZE, "features")

    def refresh(self) -> None:
        """Take up the published file if it is another one; a running request ends with the one before."""
        with self.lock:
            real = self.path.resolve()
            if real == self.opened:
                return
            self.free = _opened(real)
            self.opened = real

    def sources(self) -> dict[str, Any]:
        """Return the JSON Schema of each source's records; nothing where no features are published."""
        try:
            with self.borrow() as features:
                return features.schema()
        except NoContext:
            return {}

    @contextmanager
    def borrow(self) -> Iterator[FeatureDatabase]:
        """Lend a database to one request.

        Raises:
            NoContext: none is published.
            Busy: all are lent.
        """
        if self.opened is None:
            self.refresh()
        free = self.free
        if free is None:
            raise NoContext("what is published holds no SQL of features: call 'qhawaq publish' after a build")
        try:
            database = free.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            raise Busy from None
        try:
            yield database
        finally:
            free.put(database)

    def make_features(self, children: Sequence[ChildRecords]) -> tuple[MadeFeatures, set[str]]:
        """Return features of children, and the names of all sources.

        Raises:
            Unusable: records are not of the sources.
            NoContext, Busy: see `borrow`.
        """
        with self.borrow() as features:
            return self.threads.submit(features.make_features, children).result(), features.sources


def _opened(path: Path) -> queue.Queue[FeatureDatabase] | None:
    """Return the databases of a published file, None where it holds no features' SQL."""
    databases: queue.Queue[FeatureDatabase] = queue.Queue()
    try:
        for _ in range(POOL_SIZE):
            databases.put(FeatureDatabase(path))
    except NoContext as error:
        LOG.warning("%s", error)
        return None
    LOG.info("features are made by %s", path.name)
    return databases


def score(live: LiveModel, pool: FeaturePool, caller: Caller, children: Sequence[SentChild]) -> ScoringResult:
    """Score children by their records.

    Args:
        live: the model.
        pool: databases of features.
        caller: has no scores of schools outside their areas: a made-up pupil would tell about its classmates.
        children: in the order of the request.

    Raises:
        Unusable: records are not of the sources.
        NoModel: a rule is live.
        NoContext, Busy: see `FeaturePool`.
    """
    made, sources = pool.make_features([child.records for child in children])
    reasons = [_reason_unscored(made, caller, child.records) for child in children]
    scored = {at: children[at] for at, reason in enumerate(reasons) if reason is None}
    unscored = [
        ChildWithoutScore(at, children[at].name, reason) for at, reason in enumerate(reasons) if reason is not None
    ]
    return ScoringResult(made.as_of, _predictions(live, made, sources, scored), unscored)


def _reason_unscored(made: MadeFeatures, caller: Caller, child: ChildRecords) -> str | None:
    """Return the reason why a child has no score for this caller, None if it has one."""
    row = made.features.get(child.key)
    if row is None:
        return f"{NOT_ENROLLED} {made.as_of}"
    return None if caller.sees(row["ugel_code"], row["service_code"]) else ELSEWHERE


def _predictions(
    live: LiveModel, made: MadeFeatures, sources: set[str], children: Mapping[int, SentChild]
) -> list[dict[str, Any]]:
    """Return the predictions of children with features, by their positions."""
    if not children:
        return []
    predictions = predict.predict(live, [_prepared(live, made, child) for child in children.values()])
    return [
        {
            **prediction,
            "position": at,
            "services": made.services[child.records.key],
            "without": sorted(sources - _used_sources(child.records)),
        }
        for (at, child), prediction in zip(children.items(), predictions, strict=True)
    ]


def _used_sources(child: ChildRecords) -> set[str]:
    """Return the sources with at least one record of a child."""
    return {source for records in (child.records, *child.merged.values()) for source, rows in records.items() if rows}


def _prepared(live: LiveModel, made: MadeFeatures, child: SentChild) -> predict.PreparedRow:
    row = made.features[child.records.key]
    features = live.terms.features if live.terms else ()
    return predict.PreparedRow(
        features={name: row[name] for name in features},
        as_of_date=made.as_of,
        child_key=child.name,
        ugel_code=row["ugel_code"],
        level=row["level"],
        is_rural=row["is_rural"],
    )
