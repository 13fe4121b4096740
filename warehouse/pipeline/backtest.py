"""The judgement of candidates, rules and baselines on years they have not seen; nothing is promoted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from warehouse import database
from warehouse.build import calendar
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.registry import figures
from warehouse.settings import Home

if TYPE_CHECKING:
    import pyarrow as pa

    from ml.data.dataset import Spec
    from ml.judging.backtest import Judged
    from ml.judging.campaign import CampaignResult
    from ml.judging.gates import GateCheck
    from ml.models.variants import Variant

Compared = tuple[str, str] | None
Draw = Callable[["Judged", "list[Variant]", float], None]


@dataclass(frozen=True)
class OtherTables:
    """Another table of features with its outcomes, and the contract that says what their columns are."""

    features: str
    outcomes: str
    contract: Path
    new: str | None = None  # rows without outcomes, to be scored


def of_home(
    home: Home,
    progress: Progress,
    outcome: str,
    *,
    compare: Compared = None,
    regions: bool = False,
    draw: Draw | None = None,
) -> CampaignResult:
    """Backtest the warehouse's own features and write the figures beside those of the trainings.

    Args:
        home: the home.
        progress: where progress is shown.
        outcome: interruption or repetition.
        compare: two candidates; every one where none are named.
        regions: also leave out each region in turn.
        draw: draws the deciding years, given the candidates and the capacity.
    """
    from ml.data import dataset
    from ml.judging import campaign
    from ml.models import variants

    today = calendar.read(home)
    spec = learning.spec(tuple(set().union(*map(variants.added, compare or ()))), outcome)
    judged = _variants(spec, compare, learning.spec(outcome=outcome))
    with database.warehouse(home) as db:
        share = learning.capacity_share(db, today)
        rows = learning.rows(db, home, outcome, spec, today)
        show = _show(draw, judged, share)
        result = campaign.run(
            rows, spec, judged, learning.policy(outcome), share=share, say=progress.say, regions=regions, show=show
        )
        name = f"backtest-{outcome}-{today}-{dataset.fingerprint(rows, spec)[:8]}"
        figures.note_metrics(db, name, outcome, result.figures)
    return result


class TablesResult(NamedTuple):
    """The result on other tables; the scores of new rows, if any were given, and why some have no probability."""

    campaign: CampaignResult
    scores: pa.Table | None
    withheld: list[GateCheck]


def of_tables(
    tables: OtherTables, progress: Progress, *, compare: Compared = None, draw: Draw | None = None
) -> TablesResult:
    """Backtest other tables than the warehouse's, and score new rows by who ranks best; nothing is written."""
    from ml import newcomers
    from ml.data import external
    from ml.judging import campaign

    contract = external.read_contract(tables.contract)
    rows, spec = external.read_tables(contract, tables.features, tables.outcomes)
    new = external.read_new(contract, tables.new, spec) if tables.new else None
    progress.say("read", rows=len(rows.key), features=len(spec.features), periods=len(set(rows.period_of.values())))
    judged = _variants(spec, compare, spec)
    share = contract.capacity_share
    policy = replace(learning.policy(), pandemic_years=external.regime(rows, contract))
    deciding: list[Judged] = []

    def show(years: Judged) -> None:
        deciding.append(years)
        _show(draw, judged, share)(years)

    result = campaign.run(
        rows, spec, judged, policy, share=share, say=progress.say, regions=bool(contract.region), show=show
    )
    if new is None:
        return TablesResult(result, None, [])
    best = result.best_of(judged)
    withheld = newcomers.withheld(deciding[0], best.name, share)
    progress.say(f"scoring by {best.name}", rows=len(new[0].key))
    without = {check.segment for check in withheld}
    scores = newcomers.scored(rows, spec, best, policy, new=new[0], share=share, without=without)
    return TablesResult(result, _beside(new[1], scores), withheld)


def _beside(table: pa.Table, scores: pa.Table) -> pa.Table:
    """Return the scores of new rows beside what names them."""
    for name, column in zip(scores.column_names, scores.columns, strict=True):
        table = table.append_column(name, column)
    return table


def _show(draw: Draw | None, judged: list[Variant], share: float) -> Callable[[Judged], None]:
    return lambda years: draw(years, judged, share) if draw else None


def _variants(spec: Spec, compare: Compared, usual: Spec) -> list[Variant]:
    """Return both sides of a comparison, else every candidate."""
    from ml.models import variants

    if compare is None:
        return variants.all_candidates(spec)
    return [variants.parse(name, spec, usual.features) for name in compare]
