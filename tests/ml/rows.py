"""Rows made by hand for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ml.data.dataset import Coded, Rows
from ml.policy import Policy

POLICY = Policy(0.90, 2, 2, (2020, 2021))


def rows(
    label: Sequence[float] | np.ndarray, values: np.ndarray | None = None, day: str | Sequence[str] = "2023-04-30",
    group: str | Sequence[str] = "u", cluster: str | Sequence[str] = "s", known_at: str | None = None,
    key: Sequence[int] | np.ndarray | None = None, segments: Mapping[str, Sequence[str]] | None = None,
) -> Rows:  # fmt: skip
    """Return rows; a single text stands for all of them, labels are known at the end of the next year."""
    n = len(label)
    days = _all(day, n)
    known = np.array([known_at or f"{int(one[:4]) + 1}-12-05" for one in days], dtype="datetime64[D]")
    return Rows(
        np.arange(n) if key is None else np.asarray(key), Coded.of_texts(days), Coded.of_texts(_all(group, n)),
        Coded.of_texts(_all(cluster, n)), np.asarray(label, dtype=float), known,
        np.zeros((n, 1)) if values is None else values,
        {name: Coded.of_texts(texts) for name, texts in (segments or {}).items()},
    )  # fmt: skip


def _all(given: str | Sequence[str], n: int) -> Sequence[str]:
    return [given] * n if isinstance(given, str) else given
