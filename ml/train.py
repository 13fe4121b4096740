"""Training: fit on matured years, judge on later ones, hold the last mature year out, refit on all."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ml import parallel
from ml.data import apart as years_apart
from ml.data import availability, dataset, splits
from ml.data.dataset import Rows, Spec
from ml.data.splits import NotTrained
from ml.judging import backtest, card, evaluate, fairness, gates
from ml.judging.backtest import DECIDING, EVERYBODY, Figure, Judged
from ml.judging.evaluate import Sample
from ml.judging.gates import GateBounds, GateCheck, GateResult
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
    years_apart: tuple[int, ...]  # which train nothing, stated or found
    fingerprint: str
    spec: Spec  # what it learns from
    left_out: tuple[str, ...]  # features that would tell the year
    fitted: candidates.Fitted
    terms: Points
    gate: GateResult
    metrics: list[Figure]
    withheld: list[GateCheck]  # of the deciding years: why probabilities are withheld
    belied: list[GateCheck]  # of the test year, which decides nothing


class JudgedFigures(NamedTuple):
    """All figures of a backtest, the gates' result on the deciding ones, and what speaks against the probabilities."""

    figures: list[Figure]
    gate: GateResult
    withheld: list[GateCheck]
    belied: list[GateCheck]


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
        spec: the features and their directions; of these, the model has those whose availability does not go by year.
        policy: thresholds of the rules, and the years that train nothing.
        today: ISO date, part of the version's name.
        share: capacity as a share of each UGEL's pupils.
        say: progress.
        known: fingerprints already trained on.
    """
    apart = years_apart.of(rows, policy)
    chosen = splits.origins(rows, apart.pandemic_years)
    if chosen is None:
        return NotTrained.TOO_FEW_YEARS
    digest = fingerprint(rows, spec)
    if digest in known:
        return NotTrained.NO_NEW_LABELS
    variant = Variant(champion := candidates.champion(), champion, spec.features)
    if apart != policy:
        say(f"years unlike the others train nothing: {', '.join(map(str, apart.added_to(policy)))}")
    judged = list(backtest.judge(rows, spec, chosen, [variant], apart, say=say))
    say(f"refitted on {', '.join(map(str, chosen.refit))}")
    everything = rows.of(np.isin(rows.year, chosen.refit))
    steady = availability.steady(everything.labeled, spec)
    everything = availability.seen_by(everything, spec, steady)
    result = judged_by_gates(judged, share, champion, features_seen(everything), gates.read_bounds(outcome))
    fitted = candidates.fit(champion, steady, everything)
    return Trained(
        version=f"{outcome}-{champion}-{today}-{digest[:8]}",
        outcome=outcome,
        algorithm=champion,
        today=today,
        years=chosen.refit,
        years_apart=apart.pandemic_years,
        fingerprint=digest,
        spec=steady,
        left_out=tuple(name for name in spec.features if name not in steady.features),
        fitted=fitted,
        terms=candidates.READ_OFF[champion](fitted, steady, everything),
        gate=result.gate,
        metrics=result.figures,
        withheld=result.withheld,
        belied=result.belied,
    )


def fingerprint(rows: Rows, spec: Spec) -> str:
    """Return a hash of everything a training sees and of how it fits."""
    how = repr((candidates.WAY_OF_FITTING, candidates.recipes()[candidates.champion()]))
    return hashlib.sha256(f"{dataset.fingerprint(rows, spec)} {how}".encode()).hexdigest()


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
    checks = gates.checks(_by_segment(deciding, model), bounds)
    belied = gates.belied(_by_segment([f for f in by_year if f.dataset == judged[-1].dataset], model), bounds)
    return JudgedFigures(by_year + deciding, GateResult.from_checks(checks), gates.withheld(checks), belied)


def _by_segment(figures: Sequence[Figure], model: str) -> dict[tuple[str, str], Metric]:
    return {(figure.segment, figure.metric.name): figure.metric for figure in figures if figure.ranker == model}


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


def register(folder: Path, trained: Trained, share: float, synthetic: bool) -> registry.SavedModel:
    """Write the model into the registry with its cards and its figures."""
    documents = card.Card(
        version=trained.version,
        outcome=trained.outcome,
        algorithm=trained.algorithm,
        today=trained.today,
        share=share,
        features=trained.spec.features,
        left_out=trained.left_out,
        years=trained.years,
        years_apart=trained.years_apart,
        gate=trained.gate,
        belied=trained.belied,
        figures=trained.metrics,
        synthetic=synthetic,
    )
    texts = {
        "ficha.md": documents.model_card(),
        "impacto.md": documents.impact(),
        "metrics.csv": as_csv(card.published(trained.metrics)),
    }
    return registry.save(folder, trained.version, trained.fitted.model, _facts(trained, share), texts)


def _facts(trained: Trained, share: float) -> dict[str, Any]:
    """Return the content of `card.json`."""
    calibration = trained.fitted.calibration
    return {
        "outcome": trained.outcome,
        "algorithm": trained.algorithm,
        "fingerprint": trained.fingerprint,
        "gate": str(trained.gate),
        "capacity_share": share,
        "features": list(trained.spec.features),
        "directions": list(trained.spec.directions),
        "slope": calibration.slope,
        "shift": calibration.shift,
        "level_range": trained.fitted.level_range,
        "calibration": calibration.of_segment,
        "recipe": candidates.recipes()[trained.algorithm],
        "years": trained.years,
        "years_apart": trained.years_apart,
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
