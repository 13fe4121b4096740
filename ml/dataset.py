"""Training and evaluation rows from the Parquet of closed dates, sorted by key so that «the same» is exact."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FINAL = "label_status = 'final' and label is not null"


@dataclass(frozen=True)
class Spec:
    """What a model may use: features in order and the direction the domain knows (+1, -1, 0 for neither)."""

    features: tuple[str, ...]
    directions: tuple[int, ...]


@dataclass(frozen=True)
class Rows:
    """Rows of one child and date each."""

    child: NDArray[np.int64]
    date: NDArray[np.str_]
    ugel: NDArray[np.str_]
    school: NDArray[np.str_]
    label: NDArray[np.float64]  # NaN where censored
    values: NDArray[np.float64]  # (rows, features)

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the chosen rows."""
        return Rows(*(getattr(self, name)[chosen] for name in ("child", "date", "ugel", "school", "label", "values")))

    @property
    def year(self) -> NDArray[np.int64]:
        """School year of each row."""
        return np.array([int(day[:4]) for day in self.date])


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several, one after the other."""
    return Rows(*(np.concatenate(columns) for columns in zip(*(vars(part).values() for part in parts), strict=True)))


def matured_years(labels: pa.Table, outcome: str, known_by: date, leave_out: Sequence[int]) -> list[int]:
    """Return the school years whose labels were final by a date, the pandemic's left out."""
    rows = duckdb.execute(
        f"select distinct year(as_of_date) from labels where outcome = $1 and label_known_at <= $2 and {FINAL} "
        "order by 1",
        [outcome, known_by],
    ).fetchall()
    return [year for (year,) in rows if year not in leave_out]


def read(features: Path, labels: pa.Table, outcome: str, spec: Spec, years: Sequence[int], known_by: date) -> Rows:
    """Read the rows of school years, with the labels that were known by a date (NaN for censored ones).

    Args:
        features: folder of the closed dates (`as_of=<date>/*.parquet`).
        labels: `child_key`, `as_of_date`, `outcome`, `label`, `label_status`, `label_known_at`.
        outcome: which outcome.
        spec: the features to read.
        years: school years.
        known_by: labels known later do not exist yet.
    """
    columns = ", ".join(f"cast(f.{name} as double)" for name in spec.features)
    files = [str(path) for year in years for path in sorted(features.glob(f"as_of={year}-*/*.parquet"))]
    db = duckdb.connect()
    db.register("labels", labels)
    found = db.execute(
        f"select f.child_key, cast(f.as_of_date as varchar) as d, f.ugel_code, f.service_code, "
        f"case when {FINAL} then cast(l.label as double) end as label, {columns} "
        "from read_parquet($files) as f join labels as l using (child_key, as_of_date) "
        "where l.outcome = $outcome and l.label_known_at <= $known_by and f.ugel_code is not null "
        "order by f.as_of_date, f.child_key",
        {"files": files, "outcome": outcome, "known_by": known_by},
    ).to_arrow_table()
    child, day, ugel, school, label = (found.column(i).to_numpy(zero_copy_only=False) for i in range(5))
    values = np.column_stack([found.column(i).to_numpy() for i in range(5, found.num_columns)])
    return Rows(child, day.astype(str), ugel.astype(str), school.astype(str), label.astype(float), values)


def fingerprint(rows: Rows, spec: Spec) -> str:
    """Return a hash of everything a training sees."""
    digest = hashlib.sha256(repr(spec).encode())
    for part in (rows.child, np.nan_to_num(rows.label, nan=-1.0), rows.values):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update("|".join(rows.date).encode())
    return digest.hexdigest()
