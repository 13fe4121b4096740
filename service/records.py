"""Scores of raw records: features by the warehouse's own SQL, then the same arithmetic as for prepared ones."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service import predict
from service.access import Caller
from service.features import Child, Features, Made, NoContext
from service.live import Live
from service.settings import Busy

LOG = logging.getLogger("qhawaq.serve")
AT_ONCE = 2  # databases in memory: as many as there are cores to work for them
PATIENCE = 5.0  # seconds until one is free
NOBODY = "no enrollment in primary or secondary of the year is known on"
ELSEWHERE = "its school is not within your areas: a score compares with its classmates"
Sent = Sequence[tuple[str | None, Child]]  # with the key that the caller named, if any


class Makers:
    """What makes features by the published file, and by the next one as soon as it is switched to."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()
        self.opened: Path | None = None
        self.free: queue.Queue[Features] | None = None  # None where what is published holds no features' SQL
        # Threads of their own: each keeps what DuckDB frees for its next allocation, forty threads would forty times.
        self.threads = ThreadPoolExecutor(AT_ONCE, "features")

    def refresh(self) -> None:
        """Take up the published file if it is another one; who works with the one before ends with it."""
        with self.lock:
            real = self.path.resolve()
            if real == self.opened:
                return
            try:
                made: queue.Queue[Features] | None = queue.Queue()
                for _ in range(AT_ONCE):
                    made.put(Features(real))  # type: ignore[union-attr]
                LOG.info("features are made by %s", real.name)
            except NoContext as error:
                made = None
                LOG.warning("%s", error)
            self.free, self.opened = made, real

    def sources(self) -> dict[str, Any]:
        """Return what may be sent as JSON Schema: source → rows; nothing where no features are published."""
        try:
            with self.one() as features:
                return features.schema()
        except NoContext:
            return {}

    @contextmanager
    def one(self) -> Iterator[Features]:
        """Lend what makes features, to one at a time.

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
            found = free.get(timeout=PATIENCE)
        except queue.Empty:
            raise Busy from None
        try:
            yield found
        finally:
            free.put(found)

    def make(self, children: Sequence[Child]) -> tuple[Made, set[str]]:
        """Return features of children, and which sources there are.

        Raises:
            Unusable: records are not of the sources.
            NoContext, Busy: see `one`.
        """
        with self.one() as features:
            return self.threads.submit(features.make, children).result(), features.sources


def score(live: Live, makers: Makers, caller: Caller, children: Sent) -> dict[str, Any]:
    """Score children by their records.

    Args:
        live: the model.
        makers: what makes features.
        caller: who asks; of schools that they may not see they learn nothing by a made-up pupil.
        children: see `Sent`.

    Returns:
        The date, predictions in order with services and the sources that nothing came from, and who has no score.

    Raises:
        Unusable: records are not of the sources.
        NoModel: a rule is live.
        NoContext, Busy: see `Makers`.
    """
    made, sources = makers.make([child for _, child in children])
    why = {at: _why_not(made, caller, child) for at, (_, child) in enumerate(children)}
    known = {at: children[at][1] for at, said in why.items() if said is None}
    return {
        "as_of_date": made.as_of,
        "predictions": _predictions(live, made, sources, children, known),
        "unscored": [{"position": at, "child_key": children[at][0], "why": said} for at, said in why.items() if said],
    }


def _why_not(made: Made, caller: Caller, child: Child) -> str | None:
    """Return why a child has no score for this caller, None if it has one."""
    row = made.features.get(child.key)
    if row is None:
        return f"{NOBODY} {made.as_of}"
    return None if caller.sees(row["ugel_code"], row["service_code"]) else ELSEWHERE


def _predictions(
    live: Live, made: Made, sources: set[str], children: Sent, known: Mapping[int, Child]
) -> list[dict[str, Any]]:
    """Return what is said of the children whose features there are, by their positions."""
    if not known:
        return []
    scored = predict.predict(live, [_prepared(live, made, *children[at]) for at in known])
    return [
        said | {"position": at} | _beside(made, sources, child)
        for (at, child), said in zip(known.items(), scored, strict=True)
    ]


def _beside(made: Made, sources: set[str], child: Child) -> dict[str, Any]:
    """Return what is said beside a score: services whose rule is met, and the sources that nothing came from."""
    every = (child.records, *child.merged.values())
    named = {source for records in every for source, rows in records.items() if rows}
    return {"services": made.services[child.key], "without": sorted(sources - named)}


def _prepared(live: Live, made: Made, name: str | None, child: Child) -> dict[str, Any]:
    row = made.features[child.key]
    wanted = live.terms.features if live.terms else ()
    return {
        "child_key": name, "as_of_date": made.as_of, "ugel_code": row["ugel_code"], "level": row["level"],
        "is_rural": row["is_rural"], "features": {one: row[one] for one in wanted},
    }  # fmt: skip
