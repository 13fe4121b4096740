"""`qhawaq backtest`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse.errors import QhawaqError, UsageError
from warehouse.progress import Progress
from warehouse.settings import Home

if TYPE_CHECKING:
    from ml.data.dataset import Spec
    from ml.judging.backtest import Figure, Judged
    from ml.judging.campaign import CampaignResult
    from ml.judging.metric import Metric
    from ml.models.variants import Variant

SHOWN = (
    "precision_at_capacity", "recall_at_capacity", "lift_at_capacity", "pr_auc", "observed_over_expected_at_capacity",
    "calibration_slope",
)  # fmt: skip
HEADS = {"precision_at_capacity": "precision", "recall_at_capacity": "recall", "lift_at_capacity": "lift",
         "observed_over_expected_at_capacity": "observed/expected", "calibration_slope": "slope"}  # fmt: skip


@click.command()
@click.option("--outcome", default="interruption", show_default=True, help="Which outcome: interruption or repetition.")
@click.option("--compare", nargs=2, metavar="A B", help="Two candidates, as in «additive additive-grade».")
@click.option("--regions", is_flag=True, help="Also leave out each region in turn, of the champion.")
@click.option("--csv", "to", type=click.Path(path_type=Path), help="Write every figure there too.")
@click.option("--pictures", type=click.Path(path_type=Path), help="Draw gains and calibration into this folder.")
@click.option("--features", metavar="TABLE", help="Another table: FILE.parquet, FILE.csv or FILE.duckdb:schema.table.")
@click.option("--outcomes", metavar="TABLE", help="Its outcomes, by the same key and date.")
@click.option(
    "--contract", type=click.Path(path_type=Path), help="What the columns of these tables are (docs/evaluation.md)."
)
@click.pass_obj
def backtest(
    context: tuple[Home, Progress],
    outcome: str,
    compare: tuple[str, str] | None,
    regions: bool,
    to: Path | None,
    pictures: Path | None,
    features: str | None,
    outcomes: str | None,
    contract: Path | None,
) -> None:
    """Judge every candidate, rule and baseline on each school year by what was known when it began.

    Figures go to ml.model_metrics; nothing is promoted.
    """
    home, progress = context
    tables = [given for given in (features, outcomes, contract) if given]
    if len(tables) not in (0, 3):
        raise UsageError("--features, --outcomes and --contract go together")
    with _told():
        if tables:
            found, said = _of_tables(progress, features, outcomes, contract, compare, pictures)
        else:
            found, said = of_home(home.existing(), progress, outcome, compare, regions, pictures)
    click.echo(table(found))
    click.echo(said)
    if to:
        _keep(found, to)


def _keep(found: list[Figure], to: Path) -> None:
    from ml.train import as_csv

    to.write_text(as_csv(found), encoding="utf-8")
    click.echo(f"{len(found)} figures in {to}")


@contextmanager
def _told() -> Iterator[None]:
    """Tell what `ml` cannot do as our own errors: it knows nothing of the command."""
    from ml.data import external
    from ml.judging import campaign
    from ml.models import variants

    try:
        yield
    except variants.UnknownVariant as error:
        raise UsageError(f"--compare {error}") from None
    except (campaign.TooFewYears, external.BadContract, OSError) as error:
        raise QhawaqError(str(error)) from None


def _of_tables(
    progress: Progress,
    features: str,
    outcomes: str,
    contract: Path,
    compare: tuple[str, str] | None,
    pictures: Path | None,
) -> CampaignResult:
    """Backtest other tables than the warehouse's; nothing is written."""
    from ml.data import external
    from ml.judging import campaign
    from warehouse.pipeline import learning

    said = external.read_contract(contract)
    rows, spec = external.read_tables(said, features, outcomes)
    judged = _variants(spec, compare, spec)
    policy = replace(learning.policy(), pandemic_years=tuple(said.regime_years))
    show = _drawn(pictures, judged, said.capacity_share)
    return campaign.run(rows, spec, judged, policy, share=said.capacity_share, say=progress.say,
                        regions=bool(said.region), show=show)  # fmt: skip


def _drawn(folder: Path | None, variants: list[Variant], share: float) -> Callable[[Judged], None]:
    """Return what draws the deciding years into a folder, or does nothing without one."""

    def draw(judged: Judged) -> None:
        if folder:
            from ml.judging import pictures

            for path in pictures.write(folder, judged, share, variants[0].name):
                click.echo(f"drawn: {path}")

    return draw


def of_home(
    home: Home,
    progress: Progress,
    outcome: str,
    compare: tuple[str, str] | None = None,
    regions: bool = False,
    pictures: Path | None = None,
) -> CampaignResult:
    """Backtest the warehouse's own features and write the figures beside those of the trainings."""
    from ml.data import dataset
    from ml.judging import campaign
    from ml.models import variants
    from warehouse import database
    from warehouse.pipeline import learning, steps
    from warehouse.registry import registry_tables

    today, share = steps.calendar(home), steps.capacity_share()
    spec = learning.spec(tuple(set().union(*map(variants.added, compare or ()))))
    judged = _variants(spec, compare, learning.spec())
    db = database.warehouse(home)
    try:
        rows = learning.rows(db, home, outcome, spec, today)
        show = _drawn(pictures, judged, share)
        found, said = campaign.run(
            rows, spec, judged, learning.policy(), share=share, say=progress.say, regions=regions, show=show
        )
        name = f"backtest-{outcome}-{today}-{dataset.fingerprint(rows, spec)[:8]}"
        registry_tables.note_metrics(db, name, outcome, found)
    finally:
        db.close()
    return campaign.CampaignResult(found, said)


def _variants(spec: Spec, compare: tuple[str, str] | None, usual: Spec) -> list[Variant]:
    """Return both sides of a comparison, else every candidate."""
    from ml.models import variants

    if compare is None:
        return variants.all_candidates(spec)
    return [variants.parse(one, spec, usual.features) for one in compare]


def table(found: list[Figure]) -> str:
    """Return the figures of everybody as text: a block a year, a line for who ranks."""
    years: dict[str, dict[str, dict[str, Metric]]] = defaultdict(lambda: defaultdict(dict))
    for who, where, segment, metric in found:
        if segment == "all" and not where.startswith("train"):
            years[where][who][metric.name] = metric
    names = "".join(HEADS.get(name, name).rjust(22) for name in SHOWN)
    return "\n".join(f"\n{where:<20}{names}\n{_lines(rankers)}" for where, rankers in years.items())


def _lines(rankers: dict[str, dict[str, Metric]]) -> str:
    cells = {who: map(_cell, map(metrics.get, SHOWN)) for who, metrics in rankers.items()}
    return "\n".join(f"  {who:<18}{''.join(each)}" for who, each in cells.items())


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return f"{'-':>22}"
    interval = "" if metric.low is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{metric.value:.3f}{interval}".rjust(22)
