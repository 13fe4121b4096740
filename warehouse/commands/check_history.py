"""`qhawaq check-history`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command("check-history")
@click.pass_obj
def check_history(context: Context) -> None:
    """Test every closed as-of date, whether or not a build has tested it before.

    The Parquet of each is compared with the manifest's hash, the tables' rows with the Parquet, and all data tests are
    run on all dates and school years, a part at a time. Nothing is changed. Exit 1 where something differs.
    """
    from warehouse.build import history
    from warehouse.errors import QhawaqError

    home, progress = context
    checked = history.check(home.existing(), progress)
    if checked.differences:
        listed = "\n".join(f"  {said}" for said in checked.differences)
        raise QhawaqError(f"{len(checked.differences)} differences in {checked.dates} closed dates\n{listed}")
    unknown = f"; which code made {checked.unknown} of them is unknown" if checked.unknown else ""
    click.echo(f"{checked.dates} closed dates are as they were closed, {checked.tests} tests passed on all{unknown}")
