"""Train on matured years, judge on a year not seen, hold the last mature year out, refit on all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml import candidates, dataset, evaluate, registry, rules, splits, terms
from ml.dataset import Rows, Spec
from ml.evaluate import Metric

CHAMPION, RULE_TO_BEAT = "additive", "rule:abc"


@dataclass
class Trained:
    """What a training brings: rows for the warehouse's `ml` tables."""

    version: str
    outcome: str
    fingerprint: str
    fitted: candidates.Fitted
    terms: terms.Terms
    gate: Gate
    metrics: list[tuple[str, str, Metric]] = field(default_factory=list)  # (ranked by, data set, metric)


@dataclass(frozen=True)
class Gate:
    """Whether the model may go live."""

    ratio: Metric

    @property
    def passed(self) -> bool:
        """The interval of the ratio to the ABC rule's precision at capacity must lie above 1."""
        return self.ratio.low is not None and self.ratio.low > 1

    def __str__(self) -> str:
        """Say the result and by how much."""
        interval = f"[{self.ratio.low:.2f}, {self.ratio.high:.2f}]"
        said = f"{self.ratio.value:.2f} times {RULE_TO_BEAT}'s precision at capacity {interval}"
        return f"passed: {said}" if self.passed else f"refused: {said}, the interval is not above 1"


def train(
    features: Path, labels: pa.Table, outcome: str, spec: Spec, today: date, share: float,
    say: Callable[[str], None] = lambda _: None, known: Sequence[str] = (),
) -> Trained | None:  # fmt: skip
    """Train the champion's fixed recipe and judge it.

    Args:
        features: folder of the closed dates.
        labels: rows of `outcomes.child_outcomes`.
        outcome: which outcome.
        spec: the features and their directions.
        today: labels known later do not exist.
        share: capacity as a share of each UGEL's pupils.
        say: progress.
        known: fingerprints already trained on; None is returned where this one is among them.
    """
    chosen = splits.origins(labels, outcome, today)
    if chosen is None:
        return None
    rows = dataset.read(features, labels, outcome, spec, chosen.refit, today)
    mark = dataset.fingerprint(rows, spec)
    if mark in known:
        return None
    metrics: list[tuple[str, str, Metric]] = []
    gate = None
    for name, year in (("validation", chosen.validation), ("test", chosen.test)):
        seen = splits.known_before(labels, outcome, year)
        say(f"{outcome}: trained on {', '.join(map(str, seen))}, judged on {year} ({name})")
        before = rows.of(np.isin(rows.year, seen))
        judged = rows.of(rows.year == year)
        found = _judge(before, judged, spec, share)
        metrics += [(who, f"{name}_{year}", metric) for who, metric in found]
        gate = gate or Gate(next(metric for _, metric in found if metric.name == f"ratio_to_{RULE_TO_BEAT}"))
    say(f"{outcome}: refitted on {', '.join(map(str, chosen.refit))}")
    fitted = candidates.fit(CHAMPION, spec, rows)
    version = f"{outcome}-{CHAMPION}-{today}-{mark[:8]}"
    model_terms = terms.read_off(fitted.model, spec.features, rows.values, fitted.slope, fitted.shift)
    return Trained(version, outcome, mark, fitted, model_terms, gate, metrics)


def _judge(before: Rows, judged: Rows, spec: Spec, share: float) -> list[tuple[str, Metric]]:
    """Fit on the rows before, and rank the judged ones by every candidate and every rule."""
    found: list[tuple[str, Metric]] = []
    columns = dict(zip(spec.features, judged.values.T, strict=True))
    ranked: dict[str, NDArray[np.float64]] = {name: rule(columns) for name, rule in rules.RULES.items()}
    for algorithm in candidates.RECIPES:
        ranked[algorithm] = candidates.fit(algorithm, spec, before).log_odds(judged.values)
        found += [(algorithm, metric) for metric in evaluate.of_probability(judged, ranked[algorithm], share)]
    for name, ranking in ranked.items():
        found += [(name, metric) for metric in evaluate.of_list(judged, ranking, share)]
    for rule in rules.RULES:
        ratio = evaluate.ratio(judged, ranked[CHAMPION], ranked[rule], share)
        found.append((CHAMPION, Metric(f"ratio_to_{rule}", ratio.value, ratio.low, ratio.high)))
    return found


def register(folder: Path, trained: Trained, spec: Spec, share: float) -> tuple[str, str]:
    """Write the model into the registry with its card; return file and SHA-256."""
    card: dict[str, Any] = {
        "outcome": trained.outcome, "algorithm": CHAMPION, "fingerprint": trained.fingerprint,
        "gate": str(trained.gate), "capacity_share": share, "features": list(spec.features),
        "directions": list(spec.directions), "slope": trained.fitted.slope, "shift": trained.fitted.shift,
        "metrics": [
            {"ranked_by": who, "dataset": where, "metric": m.name, "value": m.value, "low": m.low, "high": m.high}
            for who, where, m in trained.metrics
        ],
    }  # fmt: skip
    return registry.save(folder, trained.version, trained.fitted.model, card)
