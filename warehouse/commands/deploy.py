"""`qhawaq deploy`."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.errors import UsageError
from warehouse.pipeline import deploy as step
from warehouse.pipeline.learning import OUTCOME, OUTCOMES


@click.command()
@click.argument("version", required=False)
@click.option(
    "--waiver", type=click.Path(path_type=Path), help="A file by which a person lets a refused VERSION go live."
)
@click.option(
    "--outcome",
    type=click.Choice(list(OUTCOMES)),
    default=OUTCOME,
    show_default=True,
    help="What it predicts; a model of repetition gives tutors a list of their own.",
)
@click.pass_obj
def deploy(context: Context, version: str | None, waiver: Path | None, outcome: str) -> None:
    """Make VERSION (default: the newest model) live if its gates passed; else the best rule, named as a rule.

    No rule stands for a model of repetition: without one that passed, tutors have no such list.

    Going back is the same with an earlier VERSION. The gates stand in ml/judging/gates.yml. A waiver is a YAML file
    with model_version, author, date, reason and the gates that it waives; its SHA-256 is stored with the model.
    """
    if waiver and not version:
        raise UsageError("--waiver: name the VERSION that it is for")
    result = step.deploy(context.to_write(), version, waiver, outcome)
    click.echo(f"live: {result.live} ({result.gate})")
