"""`qhawaq effects`: what services did to those who got them, as soon as outcomes have matured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse.commands.context import Context
from warehouse.errors import QhawaqError, UsageError
from warehouse.files import write_whole
from warehouse.pipeline import effects as step
from warehouse.progress import Progress

if TYPE_CHECKING:
    from ml.effects.finding import EffectFinding


@click.command()
@click.option("--table", metavar="TABLE", help="Another table: FILE.parquet, FILE.csv or FILE.duckdb:schema.table.")
@click.option(
    "--contract", type=click.Path(path_type=Path), help="What the columns of that table are (docs/effects.md)."
)
@click.option("--report", type=click.Path(path_type=Path), help="Write a page (HTML) about the other table there.")
@click.pass_obj
def effects(context: Context, table: str | None, contract: Path | None, report: Path | None) -> None:
    """Compare children who got a service with comparable ones who did not, once outcomes have matured.

    Figures go to ml.effects; an effect that cannot be told is not shown, with the reason. Of another table with a
    contract nothing is written but the page.
    """
    match table, contract:
        case str(), Path():
            _of_table(table, contract, report, context.progress)
        case None, None if not report:
            for support, outcome, finding in step.judge(context.to_write(), context.progress):
                click.echo(f"  {support:<12} {outcome:<14} {finding.n_served:>7} served  {in_a_line(finding)}")
        case _:
            raise UsageError("--table and --contract go together, and --report needs them")


def _of_table(table: str, contract: Path, report: Path | None, progress: Progress) -> None:
    """Say what came of another table, and write the page about it.

    Raises:
        QhawaqError: the contract or the table does not fit.
    """
    from ml.data.external import BadContract
    from ml.effects import page

    try:
        found = step.of_table(table, contract, progress)
    except (BadContract, OSError) as error:
        raise QhawaqError(str(error)) from None
    names = found.contract
    click.echo(f"{names.treatment} on {names.outcome}: {found.finding.n_served} treated, {in_a_line(found.finding)}")
    click.echo(page.SENTENCES[found.finding.verdict])
    if report:
        from warehouse.audit.pages import html_page

        text = page.markdown(found.finding, names.outcome, names.treatment, found.n_rows, found.limits)
        write_whole(report, html_page("Effect", text, "en"))
        click.echo(f"report: {report}")


def in_a_line(finding: EffectFinding) -> str:
    """Say a finding in one line."""
    from ml.effects.finding import EffectVerdict

    if finding.compared is None:
        return f"not shown: {finding.verdict}"
    visible = f"could see {finding.compared.visible:.4f}"
    if finding.verdict is not EffectVerdict.SHOWN:
        return f"{visible}; not shown: {finding.verdict}"
    effect = finding.compared.effect
    return (
        f"{visible}; {effect.value:+.4f} [{effect.low:+.4f}, {effect.high:+.4f}], without it {finding.mean_without:.4f}"
    )
