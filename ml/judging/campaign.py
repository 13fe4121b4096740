"""A whole backtest: the figures of every year and candidate, and the choice or comparison that follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ml.data import apart as years_apart
from ml.data import availability, splits
from ml.data.dataset import Rows, Spec
from ml.judging import backtest, select
from ml.judging.backtest import Figure, Judged, Say
from ml.judging.metric import Metric
from ml.models import candidates
from ml.models.variants import Variant
from ml.policy import Policy


class TooFewYears(Exception):
    """There are not enough years with known outcomes to judge any."""


class ListComparison(NamedTuple):
    """The precision of the first variant's list against the second's."""

    first: str
    metrics: list[Metric]

    def __str__(self) -> str:
        """Say each figure with its interval."""
        figures = "; ".join(f"{m.name} {m.value:.4f} [{m.low:.4f}, {m.high:.4f}]" for m in self.metrics)
        return f"{self.first}: {figures}"


class CampaignResult(NamedTuple):
    """All figures of a backtest, and its conclusion; `str` of the conclusion is a sentence, empty for none."""

    figures: list[Figure]
    conclusion: select.Choice | ListComparison | str

    def best_of(self, variants: Sequence[Variant]) -> Variant:
        """Return the variant that was chosen; the first where none was."""
        chosen = self.conclusion.chosen if isinstance(self.conclusion, select.Choice) else variants[0].name
        return next(variant for variant in variants if variant.name == chosen)


def run(
    rows: Rows,
    spec: Spec,
    variants: Sequence[Variant],
    policy: Policy,
    *,
    share: float,
    say: Say = lambda _: None,
    regions: bool = False,
    show: Callable[[Judged], None] = lambda _: None,
) -> CampaignResult:
    """Judge the variants on every year.

    Two variants are compared, the first with the second; more are candidates to choose from.

    Args:
        rows: everything whose labels are known today.
        spec: the features.
        variants: the candidates.
        policy: thresholds of the rules, and the years that train nothing.
        share: capacity as a share of each group's pupils.
        say: progress.
        regions: leave each region out once, too.
        show: is given the deciding years together, for pictures.

    Raises:
        TooFewYears: fewer than two years can be judged by earlier ones.
    """
    stated = policy
    policy = apart(rows, spec, policy)
    if odd := policy.added_to(stated):
        say(f"unlike the others, so they train nothing: {', '.join(map(str, odd))}")
    chosen = _origins(rows, policy)
    names = [variant.name for variant in variants]
    judged = list(backtest.judge(rows, spec, chosen, variants, policy, say=say, regime=True))
    judged.append(whole := backtest.together(judged))
    show(whole)
    figures = [figure for year in judged for figure in backtest.figures(year, share, names)]
    if regions:
        first = variants[0].algorithm
        figures += backtest.without_region(rows, spec, chosen, first, policy, share=share, say=say)
    if len(names) != 2:
        return CampaignResult(figures, _choice(whole, names, share))
    comparison = ListComparison(names[0], backtest.compare(whole, names[0], names[1], share))
    return CampaignResult(figures + backtest.as_figures(names[0], whole.dataset, comparison.metrics), comparison)


def apart(rows: Rows, spec: Spec, policy: Policy) -> Policy:
    """Return the policy by which years unlike the others train nothing either."""
    numbers = availability.seen_by(rows, spec, spec.numbers)  # of categories' numbers none is larger than another
    return years_apart.of(numbers, policy)


def _origins(rows: Rows, policy: Policy) -> splits.Origins:
    chosen = splits.origins(rows, policy.pandemic_years)
    if chosen is None:
        raise TooFewYears(_said(rows, policy))
    return chosen


def _said(rows: Rows, policy: Policy) -> str:
    """Say which periods there are, and why they are too few."""
    years = splits.mature_years(rows, str(rows.known_at.max()), policy.pandemic_years) if len(rows.key) else []
    return (
        "fewer than two periods with known outcomes have one before them: nothing can be judged. Outcomes are known of "
        f"{', '.join(map(str, years)) or 'none'}; "
        "a judged period needs another of which they were known by its first date"
    )


def _choice(whole: Judged, names: Sequence[str], share: float) -> select.Choice | str:
    promotable = [name for name in candidates.READ_OFF if name in names]
    return select.one_standard_error(whole, promotable, share) if promotable else ""
