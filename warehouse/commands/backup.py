"""`qhawaq backup` and `qhawaq restore`."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.settings import Home


@click.command()
@click.option("--to", type=click.Path(path_type=Path), help="Where backups go ($QHAWAQ_BACKUPS, else beside the home).")
@click.option("--keep", type=click.IntRange(1), default=7, show_default=True, help="How many backups stay.")
@click.option("--rehearse", is_flag=True, help="Restore it once, open warehouse and vault, and remove that again.")
@click.pass_obj
def backup(context: Context, to: Path | None, keep: int, rehearse: bool) -> None:
    """Copy the home while nobody writes it, with the hash of every file.

    The secret and the inbox are not in it: keep a copy of the secret elsewhere, or the vault and the archive cannot be
    opened again.
    """
    from warehouse.operate import backup as backups

    home, progress = context
    with progress.step("backup"):
        written = backups.write(context.to_write(), (to or backups.folder(home)).absolute(), keep)
    click.echo(f"{written.n_files} files in {written.folder}")
    if rehearse:
        with progress.step("rehearsal"):
            rehearsal = backups.rehearse(home, written.folder)
        click.echo(f"restored once: all rows of {rehearsal.n_tables} tables read, the vault opens")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def restore(context: Context, folder: Path) -> None:
    """Make the home of the backup in FOLDER, where every file is what the backup's manifest states."""
    from warehouse.operate import backup as backups
    from warehouse.operate import beside

    home, progress = context
    with progress.step("restore"):
        restored = backups.restore(folder.absolute(), home.root)
    files = f"{restored.n_files} files in {home.root}, as of {restored.written_at}"
    click.echo(f"{files}; its secret{_named(home)} belongs in {home.secrets}")
    if not (folder.absolute().parent / beside.ERASED).exists():
        click.echo(
            f"{folder.absolute().parent} has no {beside.ERASED}: if somebody was erased since, copy it there from the "
            "home that erased, and restore again"
        )
    if home.to_decide.exists():
        click.echo("families have decided since this backup: the next command carries it out, and says what it cannot")
    if home.to_erase.exists():
        click.echo("persons have been erased since this backup: the next command erases them here before anything else")


def _named(home: Home) -> str:
    from warehouse import keys

    fingerprint = keys.sealed_with(home.root)
    return f" {fingerprint}" if fingerprint else ""
