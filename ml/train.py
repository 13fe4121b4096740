"""Train on matured years, judge on a year not seen, hold the last mature year out, refit on all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml import baselines, candidates, dataset, evaluate, gates, registry, rules, splits, terms
from ml.dataset import Rows, Spec
from ml.evaluate import Metric

CHAMPION = "additive"
Ranked = dict[str, NDArray[np.float64]]  # who ranks → a number per row, the largest first
Fits = dict[str, candidates.Fitted]


@dataclass
class Trained:
    """What a training brings: rows for the warehouse's `ml` tables."""

    version: str
    outcome: str
    fingerprint: str
    fitted: candidates.Fitted
    terms: terms.Terms
    gate: gates.Verdict
    metrics: list[tuple[str, str, Metric]] = field(default_factory=list)  # (ranked by, data set, metric)


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
    fits: dict[tuple[int, ...], Fits] = {}  # years judged from the same years share their models
    lines: dict[tuple[int, ...], dict[str, baselines.Baseline]] = {}
    judged = {}
    for year in (*chosen.validation, chosen.test):
        seen = tuple(splits.known_before(labels, outcome, year))
        say(f"{outcome}: trained on {', '.join(map(str, seen))}, judged on {year}")
        if seen not in fits:
            before = rows.of(np.isin(rows.year, seen))
            fits[seen] = {name: candidates.fit(name, spec, before) for name in candidates.RECIPES}
            lines[seen] = {name: baseline(before) for name, baseline in baselines.BASELINES.items()}
        judged[year] = _ranked(rows.of(rows.year == year), fits[seen], lines[seen], spec)
    metrics, verdict = _figures(judged, chosen, share)
    say(f"{outcome}: refitted on {', '.join(map(str, chosen.refit))}")
    fitted = candidates.fit(CHAMPION, spec, rows)
    version = f"{outcome}-{CHAMPION}-{today}-{mark[:8]}"
    model_terms = terms.read_off(fitted.model, spec.features, rows.values, fitted.slope, fitted.shift)
    return Trained(version, outcome, mark, fitted, model_terms, verdict, metrics)


def _ranked(judged: Rows, fits: Fits, lines: dict[str, baselines.Baseline], spec: Spec) -> tuple[Rows, Ranked]:
    """Rank a year by every rule, every baseline and every candidate."""
    columns = dict(zip(spec.features, judged.values.T, strict=True))
    ranked: Ranked = {name: rule(columns) for name, rule in rules.RULES.items()}
    ranked |= {name: baseline(judged) for name, baseline in lines.items()}
    return judged, ranked | {name: fitted.log_odds(judged.values) for name, fitted in fits.items()}


def _figures(
    judged: dict[int, tuple[Rows, Ranked]], chosen: splits.Origins, share: float
) -> tuple[list[tuple[str, str, Metric]], gates.Verdict]:
    """Return every figure by year and of the deciding years together, and what the gates say of the latter."""
    found = []
    for year, (rows, ranked) in judged.items():
        name = f"test_{year}" if year == chosen.test else f"origin_{year}"
        found += _named(name, _metrics(rows, ranked, share))
    deciding = _metrics(*_together([judged[year] for year in chosen.validation]), share)
    mine = {metric.name: metric for who, metric in deciding if who == CHAMPION}
    return found + _named("validation", deciding), gates.judge(mine, gates.read())


def _named(name: str, found: list[tuple[str, Metric]]) -> list[tuple[str, str, Metric]]:
    return [(who, name, metric) for who, metric in found]


def _together(parts: list[tuple[Rows, Ranked]]) -> tuple[Rows, Ranked]:
    """Return the rows of several years and how each ranks them, one after the other."""
    everybody = parts[0][1]
    ranked = {who: np.concatenate([each[who] for _, each in parts]) for who in everybody}
    return dataset.joined([rows for rows, _ in parts]), ranked


def _metrics(rows: Rows, ranked: Ranked, share: float) -> list[tuple[str, Metric]]:
    """Return who ranks and a figure, of the candidates, the rules, and the champion against the rules."""
    found: list[tuple[str, Metric]] = []
    for name, ranking in ranked.items():
        found += [(name, metric) for metric in evaluate.of_list(rows, ranking, share)]
        if name in candidates.RECIPES:
            found += [(name, metric) for metric in evaluate.of_probability(rows, ranking, share)]
    ratios = {rule: evaluate.ratio(rows, ranked[CHAMPION], ranked[rule], share) for rule in rules.RULES}
    found += [(CHAMPION, replace(ratio, name=f"precision_ratio_to_{rule}")) for rule, ratio in ratios.items()]
    best = min(ratios.values(), key=lambda ratio: ratio.value)  # the most precise rule has the smallest ratio
    return [*found, (CHAMPION, replace(best, name="precision_ratio_to_best_rule"))]


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
