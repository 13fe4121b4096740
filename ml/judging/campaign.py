"""A whole backtest: every year, every candidate, the comparison that was asked for, and what it says of the choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ml.data import splits
from ml.data.dataset import Rows, Spec
from ml.judging import backtest, select
from ml.judging.backtest import Figure, Judged, Say
from ml.models import candidates
from ml.models.variants import Variant


class TooFewYears(Exception):
    """There are not enough years with known outcomes to judge any."""


def run(
    rows: Rows, spec: Spec, variants: Sequence[Variant], share: float, say: Say = lambda _: None,
    leave_out: Sequence[int] = splits.PANDEMIC, regions: bool = False, show: Callable[[Judged], None] = lambda _: None,
) -> tuple[list[Figure], select.Choice | str]:  # fmt: skip
    """Judge the variants on every year; return all figures and what they say, as a sentence or a choice that says it.

    Two variants are compared, the first with the second; more are candidates to choose from. `show` is given the
    deciding years together, for pictures.

    Raises:
        TooFewYears: fewer than two years can be judged by earlier ones.
    """
    chosen = _origins(rows, leave_out)
    names = [variant.name for variant in variants]
    judged = list(backtest.judge(rows, spec, chosen, variants, say, regime=True, leave_out=leave_out))
    judged.append(whole := backtest.together(judged))
    show(whole)
    found: list[Figure] = []
    for one in judged:
        found += backtest.figures(one, share, names)
    if regions:
        found += backtest.without_region(rows, spec, chosen, variants[0].algorithm, share, say)
    more, said = _compared(whole, names, share) if len(names) == 2 else ([], _choice(whole, names, share))
    return found + more, said


def _origins(rows: Rows, leave_out: Sequence[int]) -> splits.Origins:
    chosen = splits.origins(rows, leave_out)
    if chosen is None:
        raise TooFewYears("fewer than two years with known outcomes have one before them: nothing can be judged")
    return chosen


def _compared(whole: Judged, names: Sequence[str], share: float) -> tuple[list[Figure], str]:
    metrics = backtest.compare(whole, names[0], names[1], share)
    said = "; ".join(f"{m.name} {m.value:.4f} [{m.low:.4f}, {m.high:.4f}]" for m in metrics)
    return backtest.named(names[0], whole.dataset, metrics), f"{names[0]}: {said}"


def _choice(whole: Judged, names: Sequence[str], share: float) -> select.Choice | str:
    promotable = [name for name in candidates.READ_OFF if name in names]
    return select.one_standard_error(whole, promotable, share) if promotable else ""
