"""Scores and reasons as streams of record batches, with flat memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml.data.dataset import UNKNOWN
from ml.models import calibrate, rules
from ml.models.rules import Rule
from ml.models.trees import Points, from_tables
from ml.policy import Policy

BATCH = 50_000
EVERYWHERE = "all"
IDENTITY = ("child_key", "as_of_date", "ugel_code", "department_code", "level", "is_rural")  # needed beside features
SCORES = pa.schema(
    [
        ("child_key", pa.int64()),
        ("as_of_date", pa.date32()),
        ("ugel_code", pa.string()),
        ("outcome", pa.string()),
        ("model_version", pa.string()),
        ("log_odds", pa.float64()),
        ("probability", pa.float64()),
        ("ranking", pa.float64()),
    ]
)
REASONS = pa.schema(
    [
        ("child_key", pa.int64()),
        ("as_of_date", pa.date32()),
        ("outcome", pa.string()),
        ("model_version", pa.string()),
        ("position", pa.int32()),
        ("term", pa.string()),
        ("value", pa.float64()),
        ("contribution", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Ranker:
    """A model as a table of points, or a rule, that ranks children for one outcome; where it is withheld, no more."""

    version: str
    outcome: str
    terms: Points | None
    rule: Rule | None = None
    withheld: tuple[str, ...] = ()  # segments without probabilities, as in «region=15»; «all» for everywhere

    @property
    def points(self) -> Points:
        """The points of a model.

        Raises:
            ValueError: it is a rule, which has none.
        """
        if self.terms is None:
            raise ValueError(f"{self.version} is a rule and has no points")
        return self.terms

    @property
    def features(self) -> tuple[str, ...]:
        """The features it needs."""
        return self.terms.features if self.terms else rules.FEATURES


def rankers(
    versions: Sequence[tuple[str, str, float | None]],
    of_terms: pa.Table,
    of_trees: pa.Table,
    policy: Policy,
    withheld: Mapping[str, Sequence[str]] | None = None,
) -> list[Ranker]:
    """Return the models and rules of some versions.

    Args:
        versions: model_version, outcome and intercept of each.
        of_terms: `ml.model_terms`.
        of_trees: `ml.model_trees`.
        policy: thresholds of the rules.
        withheld: the segments without probabilities, by version.
    """
    by_name = rules.by_name(policy)
    without = withheld or {}
    return [
        Ranker(name, outcome, None, by_name[name])
        if name in by_name
        else Ranker(
            name,
            outcome,
            from_tables(name, intercept or 0.0, of_terms, of_trees),
            withheld=tuple(without.get(name, ())),
        )
        for name, outcome, intercept in versions
    ]


def columns(rankers: Sequence[Ranker]) -> list[str]:
    """Return the columns that scoring needs of the features, each once: a rule needs few of them."""
    return list(dict.fromkeys((*IDENTITY, *(name for ranker in rankers for name in ranker.features))))


def segments(batch: pa.RecordBatch) -> NDArray[np.str_]:
    """Return the name of each row's segment from `level`, `is_rural` and `as_of_date`."""
    level = pc.fill_null(batch.column("level"), UNKNOWN)
    area = pc.fill_null(pc.if_else(batch.column("is_rural"), "rural", "urban"), UNKNOWN)
    texts = [column.to_numpy(zero_copy_only=False).astype(str) for column in (level, area)]
    return calibrate.segment_name(
        texts[0], texts[1], pc.month(batch.column("as_of_date")).to_numpy(zero_copy_only=False)
    )


def matrix(batch: pa.RecordBatch | pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """Return columns as numbers, shape (rows, names), missing as NaN."""
    return np.column_stack([_numbers(batch.column(name)) for name in names]).astype(float)


def _numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.float64()).to_numpy(zero_copy_only=False)


def _is_withheld(batch: pa.RecordBatch, segments: Sequence[str]) -> NDArray[np.bool_]:
    """Say of which rows the probability is withheld."""
    return withheld_of(
        segments,
        level=np.array(batch.column("level").to_pylist(), dtype=object),
        is_rural=np.array(batch.column("is_rural").to_pylist(), dtype=object),
        region=np.array(batch.column("department_code").to_pylist(), dtype=object),
    )


def withheld_of(
    segments: Sequence[str], *, level: NDArray[np.object_], is_rural: NDArray[np.object_], region: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Say of which rows the probability is withheld: those in any of the segments, as the gates name them.

    Args:
        segments: as in «level=F0», «area=rural», «region=15»; «all» for everywhere.
        level: level of each row; None where it is unknown, as in what follows.
        is_rural: whether each row's place is rural.
        region: department code of each row.
    """
    area = np.array([{True: "rural", False: "urban"}.get(value, UNKNOWN) for value in is_rural], dtype=object)
    withheld = np.full(len(level), EVERYWHERE in segments)
    for kind, of_rows in (("level", level), ("area", area), ("region", region)):
        names = [segment.removeprefix(f"{kind}=") for segment in segments if segment.startswith(f"{kind}=")]
        withheld |= np.isin(np.array([UNKNOWN if value is None else value for value in of_rows], dtype=str), names)
    return withheld


def scores(batches: pa.RecordBatchReader, rankers: Sequence[Ranker]) -> pa.RecordBatchReader:
    """Score each batch of features (with `child_key`, `as_of_date`, `ugel_code`) by every ranker.

    Where rows have `outcome` and `model_version`, each is scored by that ranker only.
    """
    names_ranker = "model_version" in batches.schema.names
    scored = (
        _score(due, ranker)
        for batch in batches
        for ranker in rankers
        if (due := _listed_by(batch, ranker) if names_ranker else batch).num_rows
    )
    return pa.RecordBatchReader.from_batches(SCORES, scored)


def _score(batch: pa.RecordBatch, ranker: Ranker) -> pa.RecordBatch:
    values = matrix(batch, ranker.features)
    n = batch.num_rows
    if ranker.terms:
        ranking = ranker.terms.log_odds(values, segments(batch))
        log_odds = pa.array(ranking)
        probability = pa.array(1 / (1 + np.exp(-ranking)), mask=_is_withheld(batch, ranker.withheld))
    elif ranker.rule:
        ranking = ranker.rule(dict(zip(ranker.features, values.T, strict=True)))
        log_odds = probability = pa.nulls(n, pa.float64())
    else:
        raise ValueError(f"{ranker.version} is neither a model nor a rule")
    columns = [
        batch.column("child_key"),
        batch.column("as_of_date"),
        batch.column("ugel_code"),
        pa.repeat(ranker.outcome, n),
        pa.repeat(ranker.version, n),
        log_odds,
        probability,
        pa.array(ranking),
    ]
    return pa.record_batch(columns, schema=SCORES)


def reasons(batches: pa.RecordBatchReader, rankers: Sequence[Ranker], count: int) -> pa.RecordBatchReader:
    """Give listed children's largest terms, `base` and `rest`; together they are the log-odds, exactly.

    Args:
        batches: features of listed children, with `outcome` and `model_version`.
        rankers: models by which some of them were listed; rules give no reasons.
        count: how many terms are named.
    """
    explained = (
        _reasons(listed, ranker, ranker.terms, count)
        for batch in batches
        for ranker in rankers
        if ranker.terms and (listed := _listed_by(batch, ranker)).num_rows
    )
    return pa.RecordBatchReader.from_batches(REASONS, explained)


def _listed_by(batch: pa.RecordBatch, ranker: Ranker) -> pa.RecordBatch:
    of_version = pc.equal(batch.column("model_version"), ranker.version)
    return batch.filter(pc.and_(of_version, pc.equal(batch.column("outcome"), ranker.outcome)))


def largest(parts: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the positions of each row's largest numbers, the largest first, of equal ones the first."""
    positions = np.sort(np.argpartition(-parts, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(-np.take_along_axis(parts, positions, axis=1), axis=1, kind="stable")
    return np.take_along_axis(positions, order, axis=1)


def _reasons(batch: pa.RecordBatch, ranker: Ranker, model: Points, count: int) -> pa.RecordBatch:
    values = matrix(batch, model.features)
    n = batch.num_rows
    n_features = len(model.features)
    base, parts = model.contributions(values, segments(batch))
    order = largest(parts, min(count, n_features))
    named = np.take_along_axis(parts, order, axis=1)
    rest = parts.sum(axis=1) - named.sum(axis=1)
    contribution = np.column_stack([named, base, rest])
    term = np.column_stack([order, np.full(n, n_features), np.full(n, n_features + 1)])
    value = np.column_stack([np.take_along_axis(values, order, axis=1), np.full((n, 2), np.nan)])
    width = contribution.shape[1]
    row = pa.array(np.repeat(np.arange(n), width))
    columns = [
        batch.column("child_key").take(row),
        batch.column("as_of_date").take(row),
        pa.repeat(ranker.outcome, n * width),
        pa.repeat(ranker.version, n * width),
        pa.array(np.tile(np.arange(1, width + 1), n).astype(np.int32)),
        pa.array([*model.features, "base", "rest"]).take(pa.array(term.reshape(-1))),
        pa.array(value.reshape(-1), from_pandas=True),
        pa.array(contribution.reshape(-1)),
    ]
    return pa.record_batch(columns, schema=REASONS)
