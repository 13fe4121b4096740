"""Scores of rows without an outcome, by what the rows with one teach: for other people's tables; nothing is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from ml.data import availability
from ml.data.dataset import Rows, Spec
from ml.judging import backtest, campaign, gates
from ml.judging.backtest import Judged
from ml.judging.evaluate import Sample
from ml.judging.gates import GateCheck, Judges
from ml.models.variants import Variant
from ml.policy import Policy

BOUNDS_OF = "interruption"  # whose gates on probabilities other people's tables are judged by


class NothingKnown(Exception):
    """No outcome was known at the first date of the new rows."""


def withheld(whole: Judged, model: str, share: float) -> list[GateCheck]:
    """Return the broken gates on probabilities: of everybody and of every segment that the rows have.

    Args:
        whole: the deciding periods together.
        model: who ranks.
        share: capacity as a share of each group's rows.
    """
    bounds = {
        name: replace(bound, in_segments=tuple(whole.rows.segments))
        for name, bound in gates.read_bounds(BOUNDS_OF).items()
        if bound.judges == Judges.PROBABILITIES
    }
    figures = {
        (figure.segment, figure.metric.name): figure.metric
        for figure in backtest.figures(whole, share, [model])
        if figure.ranker == model
    }
    return gates.withheld(gates.checks(figures, bounds))


def scored(
    rows: Rows,
    spec: Spec,
    variant: Variant,
    policy: Policy,
    *,
    new: Rows,
    share: float,
    without: Collection[str] = (),
) -> pa.Table:
    """Fit a variant on the outcomes that were known at the new rows' first date, and score these.

    Args:
        rows: rows with outcomes.
        spec: the features.
        variant: who ranks.
        policy: the periods that train nothing; those unlike the others are added.
        new: rows without outcomes, with the same features.
        share: capacity as a share of each group's rows.
        without: segments whose probabilities are withheld, as in «region=n»; «all» for everywhere.

    Returns:
        A row for each new one, in their order: probability (0 to 1, null where withheld), rank in its group and date
        (from 1), is_listed.

    Raises:
        NothingKnown: there are fewer than two kinds of outcomes to learn from.
    """
    leave_out = campaign.apart(rows, spec, policy).pandemic_years
    first = new.date.names[0]
    known = (rows.known_at <= np.datetime64(first)) & ~np.isin(rows.year, leave_out)
    learned = rows.of(known).labeled
    if len(np.unique(learned.label)) < 2:
        raise NothingKnown(
            f"on {first}, the first date to score, no outcomes of both kinds were known: nothing to learn"
        )
    log_odds = variant.fit(spec, learned, availability.lost(learned, new, spec)).log_odds(new)
    sample = Sample(new)
    rank = sample.rank(log_odds)
    probability = pa.array(expit(log_odds), mask=_is_in(new, without))
    return pa.table({"probability": probability, "rank": rank + 1, "is_listed": sample.listed(log_odds, share)})


def _is_in(rows: Rows, segments: Collection[str]) -> NDArray[np.bool_]:
    """Say which rows are in any of the segments."""
    found = np.full(len(rows.key), gates.EVERYBODY in segments)
    for name, part in rows.segments.items():
        found |= np.isin(np.char.add(f"{name}=", part.texts()), list(segments)) if len(rows.key) else False
    return found
