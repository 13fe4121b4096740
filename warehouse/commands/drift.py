"""`qhawaq drift`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context
from warehouse.pipeline import drift as step

SHOWN = 5


@click.command()
@click.pass_obj
def drift(context: Context) -> None:
    """Compare what the live model meets with what trained it, and what it announced with what came; say what to do.

    Figures go to ml.drift; where inputs or outcomes are beyond a limit that withholds, probabilities are shown no more.
    """
    progress = context.progress
    findings, advice = step.check(context.to_write(), progress)
    for finding in sorted(findings, key=lambda finding: -finding.metric.value)[:SHOWN]:
        beyond = "  beyond its limit" if finding.is_exceeded else ""
        click.echo(f"  {finding.name:<36} {finding.of:<32} {finding.metric.value:.3f}{beyond}")
    click.echo(f"{len(findings)} figures in ml.drift; {advice}")
