"""Training: fit on matured years, judge on later ones, hold the last mature year out, refit on all."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml import parallel
from ml.data import dataset, splits
from ml.data.dataset import Rows, Spec
from ml.data.splits import NotTrained
from ml.judging import backtest, card, evaluate, fairness, gates
from ml.judging.backtest import DECIDING, EVERYBODY, Figure, Judged
from ml.judging.evaluate import Sample
from ml.judging.gates import GateBounds, GateResult
from ml.judging.metric import Metric
from ml.models import candidates, registry
from ml.models.trees import Points
from ml.models.variants import Variant
from ml.policy import Policy


@dataclass(frozen=True)
class Trained:
    """A trained and judged model, with the rows for the warehouse's `ml` tables."""

    version: str
    outcome: str
    algorithm: str
    today: str
    years: tuple[int, ...]
    fingerprint: str
    fitted: candidates.Fitted
    terms: Points
    gate: GateResult
    metrics: list[Figure]


class JudgedFigures(NamedTuple):
    """All figures of a backtest, and the gates' result on the deciding ones."""

    figures: list[Figure]
    gate: GateResult


def train(
    rows: Rows,
    outcome: str,
    spec: Spec,
    policy: Policy,
    *,
    today: str,
    share: float,
    say: Callable[[str], None] = lambda _: None,
    known: Sequence[str] = (),
) -> Trained | NotTrained:
    """Train the champion's fixed recipe and judge it, or say why there is nothing to train.

    Args:
        rows: every row whose label is known today.
        outcome: which outcome they are of.
        spec: the features and their directions.
        policy: thresholds of the rules, and the years that train nothing.
        today: ISO date, part of the version's name.
        share: capacity as a share of each UGEL's pupils.
        say: progress.
        known: fingerprints already trained on.
    """
    chosen = splits.origins(rows, policy.pandemic_years)
    if chosen is None:
        return NotTrained.TOO_FEW_YEARS
    fingerprint = dataset.fingerprint(rows, spec)
    if fingerprint in known:
        return NotTrained.NO_NEW_LABELS
    variant = Variant(champion := candidates.champion(), champion, spec.features)
    judged = list(backtest.judge(rows, spec, chosen, [variant], policy, say=say))
    say(f"refitted on {', '.join(map(str, chosen.refit))}")
    everything = rows.of(np.isin(rows.year, chosen.refit))
    result = judged_by_gates(judged, share, champion, features_seen(everything), gates.read_bounds(outcome))
    fitted = candidates.fit(champion, spec, everything)
    return Trained(
        version=f"{outcome}-{champion}-{today}-{fingerprint[:8]}",
        outcome=outcome,
        algorithm=champion,
        today=today,
        years=chosen.refit,
        fingerprint=fingerprint,
        fitted=fitted,
        terms=candidates.READ_OFF[champion](fitted, spec, everything),
        gate=result.gate,
        metrics=result.figures,
    )


def judged_by_gates(
    judged: Sequence[Judged], share: float, model: str, more: Metric, bounds: Mapping[str, GateBounds]
) -> JudgedFigures:
    """Return every figure by year and of the deciding years together, and the gates' result on the latter.

    Args:
        judged: the years.
        share: capacity as a share of each group's pupils.
        model: which of the rankers is judged.
        more: a figure of the model that goes live.
        bounds: the gates.
    """
    by_year = list(chain.from_iterable(parallel.each(lambda year: backtest.figures(year, share, [model]), judged)))
    whole = backtest.together(judged)
    deciding = backtest.figures(whole, share, [model]) + _of_groups(whole, share, model)
    deciding.append(Figure(model, DECIDING, EVERYBODY, more))
    of_model = {(figure.segment, figure.metric.name): figure.metric for figure in deciding if figure.ranker == model}
    return JudgedFigures(by_year + deciding, gates.judge(of_model, bounds))


def _of_groups(whole: Judged, share: float, model: str) -> list[Figure]:
    """Return the figures of fairness and of the list's stability."""
    sample = Sample(whole.rows)
    on_list = sample.listed(whole.ranked[model], share)
    crossed = [(segment, metric) for segment, metric in fairness.table(sample, on_list) if "&" in segment]
    crossed += [(EVERYBODY, fairness.recall_gap(sample, on_list)), (EVERYBODY, evaluate.kept(sample, on_list))]
    return [Figure(model, DECIDING, segment, metric) for segment, metric in crossed]


def features_seen(rows: Rows) -> Metric:
    """Return the share of features with any value in the rows that train."""
    return Metric("features_seen", float((~np.isnan(rows.values)).any(axis=0).mean()))


def register(folder: Path, trained: Trained, spec: Spec, share: float, synthetic: bool) -> registry.SavedModel:
    """Write the model into the registry with its cards and its figures."""
    documents = card.Card(
        version=trained.version,
        outcome=trained.outcome,
        algorithm=trained.algorithm,
        today=trained.today,
        share=share,
        features=spec.features,
        years=trained.years,
        gate=trained.gate,
        figures=trained.metrics,
        synthetic=synthetic,
    )
    texts = {
        "ficha.md": documents.model_card(),
        "impacto.md": documents.impact(),
        "metrics.csv": as_csv(card.published(trained.metrics)),
    }
    return registry.save(folder, trained.version, trained.fitted.model, _facts(trained, spec, share), texts)


def _facts(trained: Trained, spec: Spec, share: float) -> dict[str, Any]:
    """Return the content of `card.json`."""
    calibration = trained.fitted.calibration
    return {
        "outcome": trained.outcome,
        "algorithm": trained.algorithm,
        "fingerprint": trained.fingerprint,
        "gate": str(trained.gate),
        "capacity_share": share,
        "features": list(spec.features),
        "directions": list(spec.directions),
        "slope": calibration.slope,
        "shift": calibration.shift,
        "calibration": calibration.of_segment,
        "recipe": candidates.recipes()[trained.algorithm],
        "years": trained.years,
        "metrics": [
            {
                "ranked_by": ranker,
                "dataset": dataset,
                "segment": segment,
                "metric": metric.name,
                "value": metric.value,
                "low": metric.low,
                "high": metric.high,
            }
            for ranker, dataset, segment, metric in card.published(trained.metrics)
        ],
    }


def as_csv(figures: Sequence[Figure]) -> str:
    """Return figures as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "ranked_by", "segment", "metric", "value", "low", "high"])
    for ranker, data_set, segment, metric in figures:
        writer.writerow([data_set, ranker, segment, metric.name, metric.value, metric.low, metric.high])
    return text.getvalue()
