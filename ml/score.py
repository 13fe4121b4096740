"""Streaming scores and reasons: record batches in, record batches out, memory flat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml.data.dataset import UNKNOWN
from ml.models import calibrate, rules
from ml.models.trees import Points, from_tables

BATCH = 50_000
SCORES = pa.schema(
    [
        ("child_key", pa.int64()), ("as_of_date", pa.date32()), ("ugel_code", pa.string()), ("outcome", pa.string()),
        ("model_version", pa.string()), ("log_odds", pa.float64()), ("probability", pa.float64()),
        ("ranking", pa.float64()),
    ]
)  # fmt: skip
REASONS = pa.schema(
    [
        ("child_key", pa.int64()), ("as_of_date", pa.date32()), ("outcome", pa.string()),
        ("model_version", pa.string()), ("position", pa.int32()), ("term", pa.string()), ("value", pa.float64()),
        ("contribution", pa.float64()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Live:
    """What ranks the children for one outcome: a model as a table of points, or a rule by its name."""

    version: str
    outcome: str
    terms: Points | None

    @property
    def features(self) -> tuple[str, ...]:
        """The features it needs."""
        return self.terms.features if self.terms else rules.NEEDS


def live(versions: Sequence[tuple[str, str, float | None]], of_terms: pa.Table, of_trees: pa.Table) -> list[Live]:
    """Make `Live` from rows (model_version, outcome, intercept) and the tables of terms and of trees."""
    return [
        Live(name, outcome, None if name in rules.RULES else from_tables(name, intercept or 0.0, of_terms, of_trees))
        for name, outcome, intercept in versions
    ]


def columns(chosen: Sequence[Live]) -> list[str]:
    """Return the columns that scoring needs of the features, each once: a rule needs few of them."""
    needed = (
        "child_key",
        "as_of_date",
        "ugel_code",
        "level",
        "is_rural",
        *(name for one in chosen for name in one.features),
    )
    return list(dict.fromkeys(needed))


def segments(batch: pa.RecordBatch) -> NDArray[np.str_]:
    """Return the name of each row's segment from `level` and `is_rural`."""
    level = pc.fill_null(batch.column("level"), UNKNOWN)
    area = pc.fill_null(pc.if_else(batch.column("is_rural"), "rural", "urban"), UNKNOWN)
    return calibrate.named(*(column.to_numpy(zero_copy_only=False).astype(str) for column in (level, area)))


def matrix(batch: pa.RecordBatch | pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """Return columns as numbers, shape (rows, names), missing as NaN."""
    columns = [
        batch.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
        if not pa.types.is_boolean(batch.schema.field(name).type)
        else batch.column(name).cast(pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False)
        for name in names
    ]
    return np.column_stack(columns).astype(float)


def scores(batches: pa.RecordBatchReader, chosen: Sequence[Live]) -> pa.RecordBatchReader:
    """Score each batch of features (with `child_key`, `as_of_date`, `ugel_code`) by everything that is live."""

    def each() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for one in chosen:
                yield _score(batch, one)

    return pa.RecordBatchReader.from_batches(SCORES, each())


def _score(batch: pa.RecordBatch, one: Live) -> pa.RecordBatch:
    values, n = matrix(batch, one.features), batch.num_rows
    if one.terms:
        ranking = one.terms.log_odds(values, segments(batch))
        log_odds, probability = pa.array(ranking), pa.array(1 / (1 + np.exp(-ranking)))
    else:
        ranking = rules.RULES[one.version](dict(zip(one.features, values.T, strict=True)))
        log_odds = probability = pa.nulls(n, pa.float64())
    columns = [
        batch.column("child_key"), batch.column("as_of_date"), batch.column("ugel_code"),
        pa.repeat(one.outcome, n), pa.repeat(one.version, n), log_odds, probability, pa.array(ranking),
    ]  # fmt: skip
    return pa.record_batch(columns, schema=SCORES)


def reasons(batches: pa.RecordBatchReader, chosen: Sequence[Live], count: int) -> pa.RecordBatchReader:
    """Give listed children's largest terms, `base` and `rest`; together they are the log-odds, exactly.

    Args:
        batches: features of listed children, with `outcome` and `model_version`.
        chosen: models by which some of them were listed; rules give no reasons.
        count: how many terms are named.
    """

    def each() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for one in chosen:
                mine = batch.filter(
                    pc.and_(
                        pc.equal(batch.column("model_version"), one.version),
                        pc.equal(batch.column("outcome"), one.outcome),
                    )
                )
                if one.terms and mine.num_rows:
                    yield _reasons(mine, one, one.terms, count)

    return pa.RecordBatchReader.from_batches(REASONS, each())


def largest(parts: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the positions of each row's largest numbers, the largest first, of equal ones the first."""
    some = np.sort(np.argpartition(-parts, count - 1, axis=1)[:, :count], axis=1)
    inner = np.argsort(-np.take_along_axis(parts, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, inner, axis=1)


def _reasons(batch: pa.RecordBatch, one: Live, model: Points, count: int) -> pa.RecordBatch:
    values, n, count = matrix(batch, one.features), batch.num_rows, min(count, len(one.features))
    base, parts = model.contributions(values, segments(batch))
    order = largest(parts, count)
    named = np.take_along_axis(parts, order, axis=1)
    rest = parts.sum(axis=1) - named.sum(axis=1)
    contribution = np.column_stack([named, base, rest])
    n_features = len(one.features)
    names = np.column_stack([order, np.full(n, n_features), np.full(n, n_features + 1)])
    shown = np.column_stack([np.take_along_axis(values, order, axis=1), np.full((n, 2), np.nan)])
    width = count + 2
    repeat, terms_named = np.repeat(np.arange(n), width), pa.array([*one.features, "base", "rest"])
    columns = [
        batch.column("child_key").take(pa.array(repeat)), batch.column("as_of_date").take(pa.array(repeat)),
        pa.repeat(one.outcome, n * width), pa.repeat(one.version, n * width),
        pa.array(np.tile(np.arange(1, width + 1), n).astype(np.int32)), terms_named.take(pa.array(names.reshape(-1))),
        pa.array(shown.reshape(-1), from_pandas=True), pa.array(contribution.reshape(-1)),
    ]  # fmt: skip
    return pa.record_batch(columns, schema=REASONS)
