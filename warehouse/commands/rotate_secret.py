"""`qhawaq rotate-secret`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse.commands.context import Context
from warehouse.settings import Home

if TYPE_CHECKING:
    from warehouse.operate.rotation import Rotated


@click.command()
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file where the new secret lies, or is made (default: the home's own takes its place).",
)
@click.pass_obj
def rotate_secret(context: Context, to: Path | None) -> None:
    """Seal vault, archive and notes with another secret; keys of children stay as they are.

    Cut off, the same command ends it; until then nothing sealed opens. Backups are not touched: those made before open
    with the former secret.
    """
    from warehouse.operate import backup, rotation

    home, progress = context
    home.existing() if home.rotating.exists() else context.to_write()
    with progress.step("rotation"):
        rotated = rotation.rotate(home, to)
    backup.tell_backups(home)  # what lies beside them is sealed with the new one too
    for line in _said(home, rotated):
        click.echo(line)


def _said(home: Home, rotated: Rotated) -> Iterator[str]:
    yield f"{home.root} is sealed with the secret {rotated.new} now: the vault and {rotated.n_files} files"
    where = f"it lies in {rotated.new_file}"
    yield where if rotated.is_own else f"{where}: name that file by QHAWAQ_SECRET_FILE, and start what runs again"
    yield f"the former secret, {rotated.old}, lies in {rotated.old_file}: keep both apart from the backups"
    yield from _of_backups(home, rotated)
    for path in rotated.unread:
        yield f"{path} opens with neither secret: it was damaged before, and is as it was"


def _of_backups(home: Home, rotated: Rotated) -> Iterator[str]:
    """Say which backups open with the former secret only."""
    from warehouse.operate import backup

    for folder, names in backup.sealed_by(home, rotated.new).items():
        yield f"open with a former secret only: {len(names)} backups in {folder}, {names[0]} to {names[-1]}"
