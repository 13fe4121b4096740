"""`qhawaq effects`: what services did to those who got them, as soon as outcomes have matured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from warehouse.commands.context import Context
from warehouse.pipeline import effects as step

if TYPE_CHECKING:
    from ml.effects.finding import EffectFinding


@click.command()
@click.pass_obj
def effects(context: Context) -> None:
    """Compare children who got a service with comparable ones who did not, once outcomes have matured.

    Figures go to ml.effects; an effect that cannot be told is not shown, with the reason.
    """
    progress = context.progress
    for support, outcome, finding in step.judge(context.to_write(), progress):
        click.echo(f"  {support:<12} {outcome:<14} {finding.n_served:>7} served  {in_a_line(finding)}")


def in_a_line(finding: EffectFinding) -> str:
    """Say a finding in one line."""
    from ml.effects.finding import EffectVerdict

    if finding.compared is None or finding.verdict is not EffectVerdict.SHOWN:
        return f"not shown: {finding.verdict}"
    effect = finding.compared.effect
    return f"{effect.value:+.4f} [{effect.low:+.4f}, {effect.high:+.4f}], without it {finding.mean_without:.4f}"
