"""Rolling-origin backtest: models, rules and baselines rank each year by what was known at its first date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.data import availability, dataset, splits
from ml.data.dataset import Rows, Spec
from ml.judging import baselines, evaluate
from ml.judging.evaluate import Sample
from ml.judging.metric import Metric
from ml.models import candidates, rules
from ml.models.candidates import Fitted
from ml.models.variants import Variant
from ml.policy import Policy

Floats = NDArray[np.float64]
Rankings = dict[str, Floats]  # model, rule or baseline → a number per row, the largest first
Say = Callable[[str], None]
EVERYBODY = "all"
DECIDING = "validation"  # the years before the test year, together
SMALLEST = 20  # a segment with fewer cases has no figures: they would say nothing


class Figure(NamedTuple):
    """A metric of one ranker (model, rule or baseline) on one data set, of everybody or of a segment."""

    ranker: str
    dataset: str
    segment: str
    metric: Metric


@dataclass(frozen=True)
class TrainingFit:
    """The log-odds of a model on the rows that it was trained on, and the range of an unseen year's level."""

    model: str
    rows: Rows
    log_odds: Floats
    level_range: float = 0.0


@dataclass(frozen=True)
class Judged:
    """One year: its rows and their rankings; those of models are calibrated log-odds."""

    dataset: str
    rows: Rows
    ranked: Rankings
    trained: tuple[TrainingFit, ...] = ()


def judge(
    rows: Rows,
    spec: Spec,
    chosen: splits.Origins,
    variants: Sequence[Variant],
    policy: Policy,
    *,
    say: Say = lambda _: None,
    regime: bool = False,
) -> Iterator[Judged]:
    """Yield each judged year, the test year last.

    Args:
        rows: everything whose labels are known today.
        spec: the features.
        chosen: which years are judged.
        variants: the candidates; the first is the one that is compared with the others.
        policy: thresholds of the rules, and the years of a regime apart, which train nothing.
        say: progress.
        regime: judge the years of that regime too.
    """
    fits: dict[tuple[Any, ...], dict[str, Fitted]] = {}  # years judged from the same years share their models
    years = (*(chosen.regime if regime else ()), *chosen.validation, chosen.test)
    for number, year in enumerate(years, 1):
        before = rows.of(splits.before(rows, year, policy.pandemic_years))
        seen = tuple(np.unique(before.year).tolist())
        say(f"trained on {', '.join(map(str, seen))}, judged on {year} ({number} of {len(years)})")
        judged = rows.of(rows.year == year)
        lost = frozenset() if year in chosen.regime else availability.lost(before, judged, spec)
        if (seen, lost) not in fits:
            fits = {(seen, lost): _fitted(spec, before, variants, lost, say)}
        fitted = fits[seen, lost]
        rankings = _by_baselines(rows, judged, before, first=next(iter(fitted.values())), year=year)
        rankings |= _by_rules(judged, spec, policy)
        yield _by_models(Judged(_dataset(year, chosen), judged, rankings), before, fitted)


def _fitted(spec: Spec, before: Rows, variants: Sequence[Variant], lost: frozenset[str], say: Say) -> dict[str, Fitted]:
    fits = {}
    for number, variant in enumerate(variants, 1):
        fits[variant.name] = variant.fit(spec, before, lost)
        say(f"fitted {variant.name} on {len(before.key)} rows ({number} of {len(variants)})")
    return fits


def _by_models(judged: Judged, before: Rows, fits: dict[str, Fitted]) -> Judged:
    """Rank a year by the fitted models too."""
    ranked = judged.ranked | {model: fitted.log_odds(judged.rows) for model, fitted in fits.items()}
    trained = tuple(
        TrainingFit(model, before, fitted.log_odds(before), fitted.level_range) for model, fitted in fits.items()
    )
    return Judged(judged.dataset, judged.rows, ranked, trained)


def _dataset(year: int, chosen: splits.Origins) -> str:
    if year == chosen.test:
        return f"test_{year}"
    return f"regime_{year}" if year in chosen.regime else f"origin_{year}"


def _by_rules(judged: Rows, spec: Spec, policy: Policy) -> Rankings:
    """Rank by the rules, where the rows have their features."""
    columns = dict(zip(spec.features, judged.values.T, strict=True))
    if not columns.keys() >= set(rules.FEATURES):
        return {}
    return {name: rule(columns) for name, rule in rules.by_name(policy).items()}


def _by_baselines(rows: Rows, judged: Rows, before: Rows, first: Fitted, year: int) -> Rankings:
    """Rank by the baselines; last year's list is the first candidate's."""
    earlier = rows.of(rows.year == rows.year[rows.year < year].max(initial=0))  # of a school year, the one before
    rankings = {name: baseline(before)(judged) for name, baseline in baselines.BASELINES.items()}
    return rankings | {baselines.LAST_YEAR: baselines.by_last_year(earlier, first.log_odds(earlier))(judged)}


def together(judged: Iterable[Judged]) -> Judged:
    """Return the deciding years as one: their rows and rankings one after the other."""
    years = [year for year in judged if year.dataset.startswith("origin")]
    ranked = {ranker: np.concatenate([year.ranked[ranker] for year in years]) for ranker in years[0].ranked}
    return Judged(DECIDING, dataset.joined([year.rows for year in years]), ranked)


def as_figures(ranker: str, dataset: str, metrics: Iterable[Metric], segment: str = EVERYBODY) -> list[Figure]:
    """Return metrics as figures of a ranker on a data set."""
    return [Figure(ranker, dataset, segment, metric) for metric in metrics]


def figures(judged: Judged, share: float, models: Sequence[str]) -> list[Figure]:
    """Return every figure of a year: of all, and of the first model by segment, beside the best rule.

    Args:
        judged: the year.
        share: capacity as a share of each group's pupils.
        models: the rankers with log-odds; the first is compared with the rules and shown by segment.
    """
    sample = Sample(judged.rows)
    year = judged.dataset
    first = models[0]
    lists = {ranker: sample.listed(ranking, share) for ranker, ranking in judged.ranked.items()}
    figures: list[Figure] = []
    for ranker, on_list in lists.items():
        figures += as_figures(ranker, year, _of_everybody(sample, judged.ranked[ranker], on_list))
    for model in models:
        figures += as_figures(model, year, evaluate.of_probability(sample, judged.ranked[model], lists[model]))
        figures += as_figures(model, year, evaluate.of_classes(sample, lists[model]))
    figures += as_figures(first, year, _against_rules(sample, lists, first))
    for segment, metrics in by_segment(sample, judged.ranked[first], lists[first]):
        figures += as_figures(first, year, metrics, segment)
    return figures + _of_training(judged, share)


def _of_everybody(sample: Sample, ranking: Floats, on_list: evaluate.Mask) -> list[Metric]:
    metrics = evaluate.of_list(sample, on_list) + evaluate.of_rows(sample)
    for name, share in evaluate.SHARES.items():
        metrics += evaluate.of_list(sample, sample.listed(ranking, share), at=name)[:3]
    return metrics


def _of_training(judged: Judged, share: float) -> list[Figure]:
    """Return the models' classification metrics on their training rows: they show overfitting."""
    figures = []
    for fit in judged.trained:
        sample = Sample(fit.rows)
        metrics = evaluate.of_classes(sample, sample.listed(fit.log_odds, share))
        figures += as_figures(fit.model, f"train_for_{judged.dataset}", metrics)
    return figures


def _against_rules(sample: Sample, lists: dict[str, evaluate.Mask], model: str) -> list[Metric]:
    """Return the precision of the model's list over that of each rule's, and of the best."""
    ratios = [
        evaluate.ratio(sample, lists[model], lists[name], f"precision_ratio_to_{name}")
        for name in lists
        if name in rules.RULES
    ]
    if not ratios:
        return []
    best = min(ratios, key=lambda metric: metric.value)  # the most precise rule has the smallest ratio
    return [*ratios, best.renamed("precision_ratio_to_best_rule")]


def by_segment(sample: Sample, log_odds: Floats, on_list: evaluate.Mask) -> Iterator[tuple[str, list[Metric]]]:
    """Yield (segment, figures) of each segment with enough cases, as in «level=F0», and of each date."""
    for segment, where in _segments(sample):
        yield (
            segment,
            [
                *evaluate.of_list(sample, on_list, where),
                *evaluate.of_rows(sample, where),
                *evaluate.calibration(sample, log_odds, on_list, where),
                evaluate.slope(sample, log_odds, where),
            ],
        )


def _segments(sample: Sample) -> Iterator[tuple[str, evaluate.Mask]]:
    for name, part in (sample.rows.segments | {"date": sample.rows.date}).items():
        for text, where in part.values():
            if sample.cases[where].sum() >= SMALLEST:
                yield f"{name}={text}", where


def without_region(
    rows: Rows,
    spec: Spec,
    chosen: splits.Origins,
    algorithm: str,
    policy: Policy,
    *,
    share: float,
    say: Say = lambda _: None,
) -> list[Figure]:
    """Return the figures of a model in each region that it has not learned from, in the last deciding year."""
    year = chosen.validation[-1]
    judged = rows.of(rows.year == year)
    before = rows.of(splits.before(rows, year, policy.pandemic_years))
    figures: list[Figure] = []
    for name, where in judged.segments["region"].values():
        region = judged.of(where)
        if np.nansum(region.label) < SMALLEST:
            continue
        say(f"trained without region {name}")
        others = before.of(before.segments["region"].texts() != name)
        metrics = _of_region(region, candidates.fit(algorithm, spec, others).log_odds(region), share)
        figures += as_figures(algorithm, f"without_region_{year}", metrics, f"region={name}")
    return figures


def _of_region(region: Rows, log_odds: Floats, share: float) -> list[Metric]:
    sample = Sample(region)
    on_list = sample.listed(log_odds, share)
    return [*evaluate.of_list(sample, on_list), *evaluate.calibration(sample, log_odds, on_list)]


def compare(judged: Judged, first: str, second: str, share: float) -> list[Metric]:
    """Return the precision of the first's list against the second's, as difference and ratio with intervals."""
    sample = Sample(judged.rows)
    first_list, second_list = (sample.listed(judged.ranked[ranker], share) for ranker in (first, second))
    return [
        evaluate.difference(sample, first_list, second_list, f"precision_difference_to_{second}"),
        evaluate.ratio(sample, first_list, second_list, f"precision_ratio_to_{second}"),
    ]
