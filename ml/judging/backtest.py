"""Rolling origin: each judged year is ranked by what was known at its first date, by models, rules and baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data import dataset, splits
from ml.data.dataset import Rows, Spec
from ml.judging import baselines, evaluate
from ml.judging.evaluate import Metric, Sample
from ml.models import candidates, rules
from ml.models.candidates import Fitted
from ml.models.variants import Variant

Ranked = dict[str, NDArray[np.float64]]  # who ranks → a number per row, the largest first
Figure = tuple[str, str, str, Metric]  # who ranks, data set, segment, metric
Say = Callable[[str], None]
EVERYBODY = "all"
DECIDING = "validation"  # the years before the test year, together
SMALLEST = 20  # a segment with fewer cases has no figures: they would say nothing


@dataclass(frozen=True)
class Judged:
    """One year: its rows and how everybody ranks them; models do so by calibrated log-odds."""

    dataset: str
    rows: Rows
    ranked: Ranked
    trained: tuple[tuple[str, Rows, NDArray[np.float64]], ...] = ()  # model, its training rows, what it says of them


def judge(
    rows: Rows, spec: Spec, chosen: splits.Origins, variants: Sequence[Variant], say: Say = lambda _: None,
    regime: bool = False, leave_out: Sequence[int] = splits.PANDEMIC,
) -> Iterator[Judged]:  # fmt: skip
    """Yield each judged year, the test year last.

    Args:
        rows: everything whose labels are known today.
        spec: the features.
        chosen: which years are judged.
        variants: the candidates; the first is the one that is compared with the others.
        say: progress.
        regime: judge the years of a regime apart too.
        leave_out: the years of that regime, which train nothing.
    """
    fits: dict[tuple[int, ...], dict[str, Fitted]] = {}  # years judged from the same years share their models
    for year in (*(chosen.regime if regime else ()), *chosen.validation, chosen.test):
        before = rows.of(splits.before(rows, year, leave_out))
        seen = tuple(np.unique(before.year).tolist())
        say(f"trained on {', '.join(map(str, seen))}, judged on {year}")
        if seen not in fits:
            fits = {seen: {variant.name: variant.fit(spec, before) for variant in variants}}
        yield _judged(rows, spec, before, year, _named(year, chosen), fits[seen])


def _judged(rows: Rows, spec: Spec, before: Rows, year: int, name: str, fits: dict[str, Fitted]) -> Judged:
    """Rank a year by everybody; last year's list is the first candidate's."""
    mine, first = rows.of(rows.year == year), next(iter(fits.values()))
    ranked = _by_baselines(rows, mine, before, first, year) | _by_rules(mine, spec)
    ranked |= {who: fitted.log_odds(mine) for who, fitted in fits.items()}
    return Judged(name, mine, ranked, tuple((who, before, fitted.log_odds(before)) for who, fitted in fits.items()))


def _named(year: int, chosen: splits.Origins) -> str:
    if year == chosen.test:
        return f"test_{year}"
    return f"regime_{year}" if year in chosen.regime else f"origin_{year}"


def _by_rules(judged: Rows, spec: Spec) -> Ranked:
    """Rank by the rules whose features there are."""
    columns = dict(zip(spec.features, judged.values.T, strict=True))
    return {name: rule(columns) for name, rule in rules.RULES.items()} if columns.keys() >= set(rules.NEEDS) else {}


def _by_baselines(rows: Rows, judged: Rows, before: Rows, first: Fitted, year: int) -> Ranked:
    """Rank by the baselines."""
    earlier = rows.of(rows.year == year - 1)
    found = {name: baseline(before)(judged) for name, baseline in baselines.BASELINES.items()}
    return found | {baselines.LAST_YEAR: baselines.by_last_year(earlier, first.log_odds(earlier))(judged)}


def together(judged: Iterable[Judged]) -> Judged:
    """Return the deciding years as one: their rows and rankings one after the other."""
    parts = [one for one in judged if one.dataset.startswith("origin")]
    whole = {who: np.concatenate(each) for who, each in _by_ranker(parts).items()}
    return Judged(DECIDING, dataset.joined([one.rows for one in parts]), whole)


def _by_ranker(parts: Sequence[Judged]) -> dict[str, list[NDArray[np.float64]]]:
    return {who: [one.ranked[who] for one in parts] for who in parts[0].ranked}


def named(who: str, where: str, metrics: Iterable[Metric], segment: str = EVERYBODY) -> list[Figure]:
    """Say of whom, where and in which segment figures are."""
    return [(who, where, segment, metric) for metric in metrics]


def figures(judged: Judged, share: float, models: Sequence[str]) -> list[Figure]:
    """Return every figure of a year: of all, and of the first model by segment, beside the best rule.

    Args:
        judged: the year.
        share: capacity as a share of each group's pupils.
        models: who ranks by log-odds; the first is compared with the rules and shown by segment.
    """
    sample, where, first = Sample(judged.rows), judged.dataset, models[0]
    lists = {who: sample.listed(ranking, share) for who, ranking in judged.ranked.items()}
    found: list[Figure] = []
    for who, on_list in lists.items():
        found += named(who, where, _of_everybody(sample, judged, who, on_list))
    for who in models:
        found += named(who, where, evaluate.of_probability(sample, judged.ranked[who], lists[who]))
        found += named(who, where, evaluate.of_classes(sample, lists[who]))
    found += named(first, where, _against_rules(sample, lists, first))
    for segment, metrics in by_segment(sample, judged.ranked[first], lists[first]):
        found += named(first, where, metrics, segment)
    return found + _of_training(judged, share)


def _of_everybody(sample: Sample, judged: Judged, who: str, on_list: evaluate.Mask) -> list[Metric]:
    found = evaluate.of_list(sample, on_list) + evaluate.of_rows(sample)
    for name, share in evaluate.SHARES.items():
        found += evaluate.of_list(sample, sample.listed(judged.ranked[who], share), at=name)[:3]
    return found


def _of_training(judged: Judged, share: float) -> list[Figure]:
    """Return how well the models class the rows that they were trained on, beside how well those judged."""
    found = []
    for who, rows, said in judged.trained:
        sample = Sample(rows)
        metrics = evaluate.of_classes(sample, sample.listed(said, share))
        found += named(who, f"train_for_{judged.dataset}", metrics)
    return found


def _against_rules(sample: Sample, lists: dict[str, evaluate.Mask], model: str) -> list[Metric]:
    """Return the precision of the model's list over that of each rule's, and of the best."""
    mine = {name: evaluate.ratio(sample, lists[model], lists[name], f"precision_ratio_to_{name}")
            for name in lists if name in rules.RULES}  # fmt: skip
    if not mine:
        return []
    best = min(mine.values(), key=lambda metric: metric.value)  # the most precise rule has the smallest ratio
    return [*mine.values(), best.named("precision_ratio_to_best_rule")]


def by_segment(
    sample: Sample, log_odds: NDArray[np.float64], on_list: evaluate.Mask
) -> Iterator[tuple[str, list[Metric]]]:
    """Yield (segment, figures) of each segment with enough cases, as in «level=F0», and of each date."""
    for segment, where in _segments(sample):
        yield segment, [
            *evaluate.of_list(sample, on_list, where), *evaluate.of_rows(sample, where),
            *evaluate.calibration(sample, log_odds, on_list, where), evaluate.slope(sample, log_odds, where),
        ]  # fmt: skip


def _segments(sample: Sample) -> Iterator[tuple[str, evaluate.Mask]]:
    for name, part in (sample.rows.segments | {"date": sample.rows.date}).items():
        for text, where in part.values():
            if sample.cases[where].sum() >= SMALLEST:
                yield f"{name}={text}", where


def without_region(
    rows: Rows, spec: Spec, chosen: splits.Origins, algorithm: str, share: float, say: Say = lambda _: None
) -> list[Figure]:
    """Return how well a model ranks each region that it has not learned from, in the last deciding year."""
    year = chosen.validation[-1]
    mine, before = rows.of(rows.year == year), rows.of(splits.before(rows, year))
    found: list[Figure] = []
    for text, where in mine.segments["region"].values():
        there = mine.of(where)
        if np.nansum(there.label) < SMALLEST:
            continue
        say(f"trained without region {text}")
        apart = before.segments["region"].texts() != text
        ranking = candidates.fit(algorithm, spec, before.of(apart)).log_odds(there)
        sample = Sample(there)
        on_list = sample.listed(ranking, share)
        metrics = [*evaluate.of_list(sample, on_list), *evaluate.calibration(sample, ranking, on_list)]
        found += named(algorithm, f"without_region_{year}", metrics, f"region={text}")
    return found


def compare(judged: Judged, first: str, second: str, share: float) -> list[Metric]:
    """Return how much more precise the first's list is than the second's, as difference and ratio with intervals."""
    sample = Sample(judged.rows)
    mine, theirs = (sample.listed(judged.ranked[who], share) for who in (first, second))
    return [
        evaluate.difference(sample, mine, theirs, f"precision_difference_to_{second}"),
        evaluate.ratio(sample, mine, theirs, f"precision_ratio_to_{second}"),
    ]
