"""`qhawaq effects`: what services did to those who got them, as soon as outcomes have matured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from warehouse.pipeline import effects as step
from warehouse.progress import Progress
from warehouse.settings import Home

if TYPE_CHECKING:
    from ml.effects.finding import EffectFinding


@click.command()
@click.pass_obj
def effects(context: tuple[Home, Progress]) -> None:
    """Compare children who got a service with comparable ones who did not, once outcomes have matured.

    Figures go to ml.effects; an effect that cannot be told is not shown, with the reason.
    """
    home, progress = context
    for support, outcome, finding in step.judge(home.existing(), progress):
        click.echo(f"  {support:<12} {outcome:<14} {finding.n_served:>7} served  {in_a_line(finding)}")


def said(found: EffectFinding) -> str:
    """Say a finding in one line."""
    from ml.effects.finding import EffectVerdict

    if found.compared is None or found.verdict is not EffectVerdict.SHOWN:
        return f"not shown: {found.verdict}"
    one = found.compared.effect
    return f"{one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}], without it {found.mean_without:.4f}"
