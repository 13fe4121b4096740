"""The explanation of a score, term by term; models with interactions are asked by `ml`."""

from __future__ import annotations

import itertools
import math
from datetime import date

import duckdb

from warehouse import database
from warehouse.audit import explanation
from warehouse.audit.explanation import ScoreTerm
from warehouse.registry import versions
from warehouse.settings import Home

FEATURES = "select * from features.child_features where child_key = ? and as_of_date = ?"


def explain(home: Home, child: int, day: date) -> str:
    """Return how a child's score of a date comes about; the terms add up exactly.

    Raises:
        QhawaqError: the child has no score of that date.
    """
    return explanation.explain(home, child, day, terms_by_trees)


def terms_by_trees(db: duckdb.DuckDBPyConnection, child: int, day: date, version: str) -> list[ScoreTerm]:
    """Return the terms of a child's score by a model with interactions (`explanation.terms`)."""
    from ml import score
    from ml.models import trees

    base = database.value(db, explanation.BASE, [version])
    model = trees.from_tables(version, base, *versions.points(db))
    rows = db.execute(FEATURES, [child, day]).to_arrow_table()
    values = score.matrix(rows, model.features)
    bases, parts = model.contributions(values, score.segments(rows))
    known = [None if math.isnan(value) else value for value in values[0].tolist()]
    terms = itertools.starmap(ScoreTerm, zip(model.features, known, parts[0].tolist(), strict=True))
    ordered = sorted(terms, key=lambda term: (-term.contribution, term.name))
    return [ScoreTerm(explanation.BASE_TERM, "", float(bases[0])), *ordered]
