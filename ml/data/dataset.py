"""Training and evaluation rows from any table of features and one of outcomes, sorted so that «the same» is exact."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Spec:
    """What a model may use: features in order and the direction the domain knows (+1, -1, 0 for neither).

    Categories are numbered in the order given, which means nothing; a feature without categories is a number.
    """

    features: tuple[str, ...]
    directions: tuple[int, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def only(self, chosen: Sequence[str]) -> Spec:
        """Return the spec of the chosen features, in this one's order."""
        kept = {
            name: direction for name, direction in zip(self.features, self.directions, strict=True) if name in chosen
        }
        return Spec(tuple(kept), tuple(kept.values()), {n: self.categories[n] for n in kept.keys() & self.categories})

    @property
    def numbers(self) -> Spec:
        """Return the spec of the features that are no categories."""
        return self.only([name for name in self.features if name not in self.categories])

    @property
    def coded(self) -> list[int]:
        """Return the positions of the features that are categories."""
        return [i for i, name in enumerate(self.features) if name in self.categories]


@dataclass(frozen=True)
class Names:
    """The roles of the tables' columns; the defaults are those of the warehouse."""

    key: str = "child_key"
    date: str = "as_of_date"
    label: str = "label"  # true or false; null where it cannot be said
    known_at: str = "label_known_at"
    group: str = "ugel_code"  # a list is made for each of these and date
    cluster: str = "service_code"  # intervals draw whole ones of these
    segments: Mapping[str, str] = field(default_factory=dict)  # name → SQL over features (f) and outcomes (l)
    # name → SQL over features (f), where it is no plain column
    features: Mapping[str, str] = field(default_factory=dict)

    def sql_of(self, feature: str) -> str:
        """Return the SQL of a feature."""
        return self.features.get(feature, f'f."{feature}"')


@dataclass(frozen=True)
class Coded:
    """A column of few texts: for each row the position of its text among the names, which are sorted."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of_texts(cls, texts: Sequence[str] | NDArray[np.str_]) -> Coded:
        """Number the texts."""
        names, codes = np.unique(np.asarray(texts, dtype=str), return_inverse=True)
        return cls(codes, tuple(names.tolist()))

    @classmethod
    def of_column(cls, column: pa.ChunkedArray) -> Coded:
        """Number the texts of a column of Arrow's; a missing one is a text of its own."""
        texts = pc.fill_null(column, UNKNOWN).combine_chunks().dictionary_encode()
        order = np.argsort(names := np.array(texts.dictionary.to_pylist(), dtype=str))
        return cls(np.argsort(order)[texts.indices.to_numpy()], tuple(names[order].tolist()))

    def of(self, chosen: NDArray[np.bool_]) -> Coded:
        """Return the chosen rows."""
        return Coded(self.codes[chosen], self.names)

    def texts(self) -> NDArray[np.str_]:
        """Return the text of each row."""
        return np.array(self.names)[self.codes]

    def values(self) -> Iterable[tuple[str, NDArray[np.bool_]]]:
        """Yield each text that occurs, and in which rows."""
        for code in np.unique(self.codes):
            yield self.names[code], self.codes == code


@dataclass(frozen=True)
class Rows:
    """Rows of one child and date each."""

    key: NDArray[np.int64]
    date: Coded
    group: Coded
    cluster: Coded
    label: NDArray[np.float64]  # NaN where it is unknown
    known_at: NDArray[np.datetime64]  # when the label became final
    values: NDArray[np.float64]  # (rows, features), column after column in memory: that is how it is read
    segments: dict[str, Coded] = field(default_factory=dict)
    # date → its period; its calendar year where none is said
    period_of: Mapping[str, int] = field(default_factory=dict)

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        segments = {name: part.of(chosen) for name, part in self.segments.items()}
        return Rows(
            key=self.key[chosen],
            date=self.date.of(chosen),
            group=self.group.of(chosen),
            cluster=self.cluster.of(chosen),
            label=self.label[chosen],
            known_at=self.known_at[chosen],
            values=rows_of(self.values, chosen),
            segments=segments,
            period_of=self.period_of,
        )

    @property
    def labeled(self) -> Rows:
        """The rows with a known outcome."""
        return self.of(~np.isnan(self.label))

    @property
    def year(self) -> NDArray[np.int64]:
        """School year of each row, or the period that a contract states in its place (`ml.data.periods`)."""
        return self.year_of_date[self.date.codes]

    @property
    def year_of_date(self) -> NDArray[np.int64]:
        """School year, or period, of each of the dates' names."""
        return np.array([self.period_of.get(day, int(day[:4])) for day in self.date.names], dtype=np.int64)

    @property
    def month(self) -> NDArray[np.int64]:
        """Month of each row's date."""
        return np.array([int(day[5:7]) for day in self.date.names], dtype=np.int64)[self.date.codes]


def read_rows(
    db: duckdb.DuckDBPyConnection, features: str, outcomes: str, names: Names, spec: Spec, known_by: str
) -> Rows:
    """Read rows with the labels that were known by a date.

    Args:
        db: where the tables are.
        features: relation (SQL) of features, one row per key and date.
        outcomes: relation of outcomes, one row per key and date.
        names: the roles of their columns.
        spec: the features to read.
        known_by: labels known later do not exist yet (ISO date).
    """
    columns = [f"cast({names.sql_of(n)} as {'varchar' if n in spec.categories else 'double'})" for n in spec.features]
    segments = [f"cast({sql} as varchar)" for sql in names.segments.values()]
    table = db.execute(
        f"select f.{names.key}, cast(f.{names.date} as varchar), cast(f.{names.group} as varchar), "
        f"cast(f.{names.cluster} as varchar), cast(l.{names.label} as double), "
        f"epoch_ms(cast(l.{names.known_at} as timestamp)) // 86400000, {', '.join([*segments, *columns])} "
        f"from {features} as f join {outcomes} as l using ({names.key}, {names.date}) "
        f"where l.{names.known_at} <= cast($known_by as date) and f.{names.group} is not null "
        f"order by f.{names.date}, f.{names.key}",
        {"known_by": known_by},
    ).to_arrow_table()
    date, group, cluster, *parts = map(Coded.of_column, table.columns[1:4] + table.columns[6 : 6 + len(segments)])
    days = table.column(5).to_numpy().astype("datetime64[D]")
    arrays = zip(spec.features, table.columns[6 + len(segments) :], strict=True)
    matrix = np.array([_numbers(array, spec.categories.get(name)) for name, array in arrays])
    return Rows(
        key=_keys(table.column(0)),
        date=date,
        group=group,
        cluster=cluster,
        label=table.column(4).to_numpy(),
        known_at=days,
        values=matrix.reshape(-1, len(days)).T,
        segments=dict(zip(names.segments, parts, strict=True)),
    )


def rows_of(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the chosen rows of a matrix, column after column in memory."""
    return np.take(values.T, np.flatnonzero(chosen), axis=1).T


def columns_of(values: NDArray[np.float64], chosen: Sequence[int]) -> NDArray[np.float64]:
    """Return the chosen columns of a matrix, column after column in memory; the matrix itself where all are chosen."""
    return values if list(chosen) == list(range(values.shape[1])) else values.T[list(chosen)].T


def _keys(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return whole numbers for keys, the keys themselves where they are such."""
    if pa.types.is_integer(column.type):
        return column.to_numpy().astype(np.int64)
    return Coded.of_column(column.cast(pa.string())).codes


def _numbers(column: pa.ChunkedArray, categories: tuple[str, ...] | None) -> NDArray[np.float64]:
    """Return a feature as numbers, a category by its number, one unheard of by the next; NaN where it is missing."""
    if categories is None:
        return column.to_numpy()
    number = pc.fill_null(pc.index_in(column, pa.array(categories, pa.string())), len(categories))
    return pc.if_else(column.is_null(), None, number).cast(pa.float64()).to_numpy(zero_copy_only=False)


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several that were read together, one after the other."""
    return Rows(
        key=_stacked(parts, "key"),
        date=_joined(list(map(attrgetter("date"), parts))),
        group=_joined(list(map(attrgetter("group"), parts))),
        cluster=_joined(list(map(attrgetter("cluster"), parts))),
        label=_stacked(parts, "label"),
        known_at=_stacked(parts, "known_at"),
        values=_stacked(parts, "values"),
        segments={name: _joined([part.segments[name] for part in parts]) for name in parts[0].segments},
        period_of=parts[0].period_of,
    )


def _stacked(parts: Sequence[Rows], column: str) -> NDArray[Any]:
    return np.concatenate(list(map(attrgetter(column), parts)))


def _joined(parts: Sequence[Coded]) -> Coded:
    """Return the parts one after the other; texts that were numbered apart are numbered anew."""
    if len({part.names for part in parts}) > 1:
        return Coded.of_texts(np.concatenate(list(map(Coded.texts, parts))))
    return Coded(np.concatenate([part.codes for part in parts]), parts[0].names)


def fingerprint(rows: Rows, spec: Spec) -> str:
    """Return a hash of everything a training sees."""
    digest = hashlib.sha256(repr((spec.features, spec.directions, dict(spec.categories))).encode())
    parts = (rows.key, rows.date.codes, rows.cluster.codes, np.nan_to_num(rows.label, nan=-1.0), rows.values)
    for part in (*parts, *(rows.segments[name].codes for name in sorted(rows.segments))):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update("|".join(rows.date.names).encode())
    return digest.hexdigest()
