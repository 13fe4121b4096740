"""Search of hyperparameters within the years before the test year: later years judge models of earlier ones.

Each fold is a year of schools that its training has not seen, with features and labels as of its first date. Half of
the trials are dropped after the first fold (successive halving).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from ml.data import splits
from ml.data.dataset import Rows, Spec
from ml.models import candidates
from ml.policy import Policy

FILE = Path(__file__).with_name("search.yml")
PARTS = 2  # schools are split into so many parts: one is judged, the others train
KEPT = 0.5  # share of the trials that a fold lets through to the next


@dataclass(frozen=True)
class Trial:
    """Hyperparameters and their scores by fold (area under precision and recall)."""

    algorithm: str
    parameters: Mapping[str, Any]
    scores: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.scores))


@dataclass(frozen=True)
class Fold:
    """Training rows, and later rows of other schools that judge."""

    name: str
    train: Rows
    judged: Rows


def search_space(path: Path = FILE) -> dict[str, Any]:
    """Read the search space: sample size, number of trials, and values by candidate and hyperparameter."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def folds(rows: Rows, chosen: splits.Origins, size: int, policy: Policy, *, seed: int = 0) -> list[Fold]:
    """Return the folds over a sample of whole schools: each deciding year by each part of the schools.

    The last mature year is in none of them.
    """
    sample = rows.of(_sample(rows, size, seed))
    part = np.random.default_rng(seed + 1).permutation(len(sample.cluster.names))[sample.cluster.codes] % PARTS
    folds = []
    for year in chosen.validation:
        before = splits.before(sample, year, policy.pandemic_years)
        of_year = sample.year == year
        for number in range(PARTS):
            train = sample.of(before & (part != number))
            judged = sample.of(of_year & (part == number)).labeled
            if train.label.sum() and judged.label.sum():
                folds.append(Fold(f"{year}, part {number + 1}", train, judged))
    return folds


def _sample(rows: Rows, size: int, seed: int) -> NDArray[np.bool_]:
    """Choose whole schools until there are about so many rows."""
    counts = np.bincount(rows.cluster.codes, minlength=len(rows.cluster.names))
    order = np.random.default_rng(seed).permutation(len(counts))
    chosen = order[np.cumsum(counts[order]) <= max(size, counts.max())]
    return np.isin(rows.cluster.codes, chosen)


def trials(algorithm: str, space: Mapping[str, Sequence[Any]], count: int, seed: int = 0) -> list[Trial]:
    """Draw so many different trials; the fixed recipe is the first."""
    fixed = candidates.recipes()[algorithm]
    trials = {repr(sorted(fixed.items())): Trial(algorithm, fixed)}
    rng = np.random.default_rng(seed)
    for _ in range(20 * count):
        drawn = {name: values[int(rng.integers(len(values)))] for name, values in space.items()}
        if len(trials) < count:
            trials.setdefault(repr(sorted(drawn.items())), Trial(algorithm, drawn))
    return list(trials.values())


def search(
    spec: Spec, judged_by: Sequence[Fold], started: Sequence[Trial], say: Callable[[str], None] = lambda _: None
) -> Iterator[Trial]:
    """Yield the trials of one candidate that were judged by every fold, the best first.

    Raises:
        ValueError: there is no fold.
    """
    if not judged_by:
        raise ValueError("no year can be judged by schools and years apart from it")
    alive = list(started)
    for number, fold in enumerate(judged_by):
        alive = [_judged(spec, fold, trial) for trial in alive]
        alive.sort(key=lambda trial: -trial.mean)
        say(f"{alive[0].algorithm}: {len(alive)} trials on {fold.name}, best {alive[0].mean:.4f}")
        if number == 0:
            alive = alive[: max(1, round(KEPT * len(alive)))]
    yield from alive


def _judged(spec: Spec, fold: Fold, trial: Trial) -> Trial:
    model = candidates.pipeline(trial.algorithm, spec, trial.parameters).fit(fold.train.values, fold.train.label)
    score = average_precision_score(fold.judged.label, candidates.raw_log_odds(model, fold.judged.values))
    return Trial(trial.algorithm, trial.parameters, (*trial.scores, float(score)))
