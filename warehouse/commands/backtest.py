"""`qhawaq backtest`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse.commands.context import Context
from warehouse.errors import QhawaqError, UsageError
from warehouse.files import write_whole
from warehouse.pipeline import backtest as step
from warehouse.pipeline.backtest import Draw, OtherTables

if TYPE_CHECKING:
    import pyarrow as pa

    from ml.judging.backtest import Figure, Judged
    from ml.judging.gates import GateCheck
    from ml.judging.metric import Metric
    from ml.models.variants import Variant

SHOWN = (
    "precision_at_capacity",
    "recall_at_capacity",
    "lift_at_capacity",
    "pr_auc",
    "observed_over_expected_at_capacity",
    "calibration_slope",
)
HEADS = {
    "precision_at_capacity": "precision",
    "recall_at_capacity": "recall",
    "lift_at_capacity": "lift",
    "observed_over_expected_at_capacity": "observed/expected",
    "calibration_slope": "slope",
}
SCORE_FILES = (".csv", ".parquet")


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
@click.option(
    "--score", nargs=2, metavar="NEW SCORES", help="Score the rows of a table NEW into SCORES (.csv or .parquet)."
)
@click.option("--report", type=click.Path(path_type=Path), help="Write a page (HTML) about other tables there.")
@click.pass_obj
def backtest(
    context: Context,
    outcome: str,
    compare: tuple[str, str] | None,
    regions: bool,
    to: Path | None,
    pictures: Path | None,
    features: str | None,
    outcomes: str | None,
    contract: Path | None,
    score: tuple[str, str] | None,
    report: Path | None,
) -> None:
    """Judge every candidate, rule and baseline on each school year by what was known when it began.

    Figures go to ml.model_metrics; nothing is promoted.
    """
    progress = context.progress
    tables = _other_tables(features, outcomes, contract, score, report)
    scores = None
    withheld: list[GateCheck] = []
    page = Report()
    draw = _drawing(pictures, page if report else None)
    with _as_our_errors():
        if tables:
            (figures, verdict), scores, withheld = step.of_tables(tables, progress, compare=compare, draw=draw)
        else:
            figures, verdict = step.of_home(
                context.to_write(), progress, outcome, compare=compare, regions=regions, draw=draw
            )
    click.echo(table(figures))
    click.echo(verdict)
    if to:
        _write_csv(figures, to)
    if report:
        write_whole(report, page.html(figures, str(verdict)))
        click.echo(f"report: {report}")
    for check in withheld:
        click.echo(f"order without probability where {check.segment}: {check}")
    if score and scores:
        _write_scores(scores, Path(score[1]))


def _other_tables(
    features: str | None,
    outcomes: str | None,
    contract: Path | None,
    score: tuple[str, str] | None,
    report: Path | None,
) -> OtherTables | None:
    if score and Path(score[1]).suffix not in SCORE_FILES:
        raise UsageError(f"--score writes {' or '.join(SCORE_FILES)} files, not {score[1]}")
    match features, outcomes, contract:
        case str(), str(), Path():
            return OtherTables(features, outcomes, contract, score[0] if score else None)
        case None, None, None if report:
            raise UsageError("--report is of other tables: it needs --features, --outcomes and --contract")
        case None, None, None if not score:
            return None
    raise UsageError("--features, --outcomes and --contract go together, and --score needs them")


def _write_scores(scores: pa.Table, to: Path) -> None:
    from pyarrow import csv, parquet

    content = BytesIO()
    (csv.write_csv if to.suffix == ".csv" else parquet.write_table)(scores, content)
    write_whole(to, content.getvalue())
    click.echo(f"{scores.num_rows} scores in {to}")


def _write_csv(figures: list[Figure], to: Path) -> None:
    from ml.train import as_csv

    write_whole(to, as_csv(figures))
    click.echo(f"{len(figures)} figures in {to}")


@contextmanager
def _as_our_errors() -> Iterator[None]:
    """Raise errors of `ml` as our own: it knows nothing of the command."""
    from ml import newcomers
    from ml.data import external
    from ml.judging import campaign
    from ml.models import variants

    try:
        yield
    except variants.UnknownVariant as error:
        raise UsageError(f"--compare {error}") from None
    except (campaign.TooFewYears, external.BadContract, newcomers.NothingKnown, OSError) as error:
        raise QhawaqError(str(error)) from None


@dataclass
class Report:
    """What a page about other tables needs of the deciding periods, kept as they are drawn."""

    model: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)

    def html(self, figures: list[Figure], conclusion: str) -> str:
        """Return the page, which loads nothing else."""
        from ml.judging import page
        from warehouse.audit.pages import html_page

        return html_page("Backtest", page.markdown(figures, conclusion, self.pictures, self.model), "en")


def _drawing(folder: Path | None, report: Report | None) -> Draw | None:
    """Return what draws the deciding years into a folder or for a page; None without either."""
    if folder is None and report is None:
        return None

    def draw(judged: Judged, variants: list[Variant], share: float) -> None:
        from ml.judging import pictures

        for path in pictures.write(folder, judged, share, variants[0].name) if folder else ():
            click.echo(f"drawn: {path}")
        if report:
            report.model = variants[0].name
            report.pictures = pictures.as_png(judged, share, report.model)

    return draw


def table(figures: list[Figure]) -> str:
    """Return the figures of everybody as text: a block a year, a line for who ranks."""
    years: dict[str, dict[str, dict[str, Metric]]] = defaultdict(lambda: defaultdict(dict))
    for figure in filter(_is_shown, figures):
        years[figure.dataset][figure.ranker][figure.metric.name] = figure.metric
    names = "".join(HEADS.get(name, name).rjust(22) for name in SHOWN)
    return "\n".join(f"\n{dataset:<20}{names}\n{_lines(rankers)}" for dataset, rankers in years.items())


def _is_shown(figure: Figure) -> bool:
    """Return whether it is of everybody, and not of the rows that trained."""
    return figure.segment == "all" and not figure.dataset.startswith("train")


def _lines(rankers: dict[str, dict[str, Metric]]) -> str:
    cells = {ranker: map(_cell, map(metrics.get, SHOWN)) for ranker, metrics in rankers.items()}
    return "\n".join(f"  {ranker:<18}{''.join(row)}" for ranker, row in cells.items())


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return f"{'-':>22}"
    interval = "" if metric.low is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{metric.value:.3f}{interval}".rjust(22)
