"""Train on matured years, judge on years not seen, hold the last mature year out, refit on all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from ml import parallel
from ml.data import dataset, splits
from ml.data.dataset import Rows, Spec
from ml.judging import backtest, card, evaluate, fairness, gates
from ml.judging.backtest import DECIDING, EVERYBODY, Figure, Judged
from ml.judging.evaluate import Metric, Sample
from ml.models import candidates, registry
from ml.models.trees import Points
from ml.models.variants import Variant


@dataclass
class Trained:
    """What a training brings: rows for the warehouse's `ml` tables."""

    version: str
    outcome: str
    algorithm: str
    today: str
    years: tuple[int, ...]
    fingerprint: str
    fitted: candidates.Fitted
    terms: Points
    gate: gates.Verdict
    metrics: list[Figure] = field(default_factory=list)


def train(
    rows: Rows, outcome: str, spec: Spec, today: str, share: float,
    say: Callable[[str], None] = lambda _: None, known: Sequence[str] = (),
) -> Trained | None:  # fmt: skip
    """Train the champion's fixed recipe and judge it; None where too few years have matured or nothing is new.

    Args:
        rows: every row whose label is known today.
        outcome: which outcome they are of.
        spec: the features and their directions.
        today: ISO date, part of the version's name.
        share: capacity as a share of each UGEL's pupils.
        say: progress.
        known: fingerprints already trained on.
    """
    chosen, mark = splits.origins(rows), dataset.fingerprint(rows, spec)
    if chosen is None or mark in known:
        return None
    champion = candidates.champion()
    whole_champion = Variant(champion, champion, spec.features)
    judged = list(backtest.judge(rows, spec, chosen, [whole_champion], say))
    say(f"refitted on {', '.join(map(str, chosen.refit))}")
    everything = rows.of(np.isin(rows.year, chosen.refit))
    bounds = gates.read(outcome)
    metrics, verdict = judged_by_gates(judged, share, champion, features_seen(everything), bounds)
    fitted = candidates.fit(champion, spec, everything)
    version = f"{outcome}-{champion}-{today}-{mark[:8]}"
    points = candidates.READ_OFF[champion](fitted, spec, everything)
    return Trained(version, outcome, champion, today, chosen.refit, mark, fitted, points, verdict, metrics)


def judged_by_gates(
    judged: Sequence[Judged], share: float, model: str, more: Metric, bounds: Mapping[str, gates.Bounds]
) -> tuple[list[Figure], gates.Verdict]:  # fmt: skip
    """Return every figure by year and of the deciding years together, and what the gates say of the latter.

    Args:
        judged: the years.
        share: capacity as a share of each group's pupils.
        model: who is judged.
        more: a figure of the model that goes live.
        bounds: the gates.
    """
    found = list(chain.from_iterable(parallel.each(lambda one: backtest.figures(one, share, [model]), judged)))
    whole = backtest.together(judged)
    deciding = backtest.figures(whole, share, [model]) + _of_groups(whole, share, model)
    deciding.append((model, DECIDING, EVERYBODY, more))
    mine = {(segment, metric.name): metric for who, _, segment, metric in deciding if who == model}
    return found + deciding, gates.judge(mine, bounds)


def _of_groups(whole: Judged, share: float, model: str) -> list[Figure]:
    """Return the figures of fairness and of the list's stability."""
    sample = Sample(whole.rows)
    on_list = sample.listed(whole.ranked[model], share)
    found = [*fairness.table(sample, on_list), (EVERYBODY, fairness.recall_gap(sample, on_list)),
             (EVERYBODY, evaluate.kept(sample, on_list))]  # fmt: skip
    crossed = [(segment, metric) for segment, metric in found if "&" in segment or segment == EVERYBODY]
    return [(model, DECIDING, segment, metric) for segment, metric in crossed]


def features_seen(rows: Rows) -> Metric:
    """Return the share of features with any value in the rows that train."""
    return Metric("features_seen", float((~np.isnan(rows.values)).any(axis=0).mean()))


def register(folder: Path, trained: Trained, spec: Spec, share: float, synthetic: bool) -> tuple[str, str]:
    """Write the model into the registry with its cards and its figures; return file and SHA-256."""
    calibration, version, recipe = trained.fitted.calibration, trained.version, candidates.recipes()[trained.algorithm]
    facts: dict[str, Any] = {
        "outcome": trained.outcome, "algorithm": trained.algorithm, "fingerprint": trained.fingerprint,
        "gate": str(trained.gate), "capacity_share": share, "features": list(spec.features),
        "directions": list(spec.directions), "slope": calibration.slope, "shift": calibration.shift,
        "calibration": calibration.of_segment, "recipe": recipe, "years": trained.years,
        "metrics": [
            {"ranked_by": who, "dataset": where, "segment": segment, "metric": m.name, "value": m.value,
             "low": m.low, "high": m.high}
            for who, where, segment, m in trained.metrics
        ],
    }  # fmt: skip
    written = card.Card(
        version, trained.outcome, trained.algorithm, trained.today, share, spec.features, trained.years,
        str(trained.gate), trained.metrics, synthetic,
    )  # fmt: skip
    texts = {"ficha.md": written.model_card(), "impacto.md": written.impact(), "metrics.csv": as_csv(trained.metrics)}
    return registry.save(folder, version, trained.fitted.model, facts, texts)


def as_csv(figures: Sequence[Figure]) -> str:
    """Return figures as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "ranked_by", "segment", "metric", "value", "low", "high"])
    writer.writerows([where, who, segment, m.name, m.value, m.low, m.high] for who, where, segment, m in figures)
    return text.getvalue()
