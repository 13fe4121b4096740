"""`qhawaq key`: keys of machines that call the service."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from warehouse.commands.context import Context
from warehouse.settings import Home

if TYPE_CHECKING:
    from datetime import datetime

    from service.api_keys import MachineKey

LONGEST = 366  # days
DAYS = click.option(
    "--days", type=click.IntRange(1, LONGEST), default=90, show_default=True, help="How long the key is good."
)
WHO = click.option("--who", default=None, help="Who does it, for the access log (default: the system's user).")


def _log(home: Home, who: str | None) -> Callable[[str], None]:
    from service.home import log_of_keys

    return log_of_keys(home, who or getpass.getuser())


@click.group()
def key() -> None:
    """Make, list, revoke or rotate the key of a machine that calls the service.

    Only hashes are kept (secrets/api_keys.json). A running service takes up every change within a second, and each
    change is a line of the access log.
    """


def _named(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every change states: the machine, and who makes it."""
    return click.pass_obj(click.argument("name")(WHO(command)))


@key.command()
@_named
@click.option("--scope", multiple=True, help="predict, education, protection, identity or feedback; again for more.")
@click.option("--area", multiple=True, help="*, region:15, ugel:150101, school:0123456-0 or province:1501.")
@DAYS
def new(context: Context, name: str, who: str | None, scope: tuple[str, ...], area: tuple[str, ...], days: int) -> None:
    """Make a key for the machine NAME and print it: nothing else knows it."""
    from service import api_keys

    home = context.home.existing()
    note = _log(home, who)
    made = api_keys.create(home.api_keys, name, scopes=scope, areas=area, days=days)
    note(f"new key of {name}: {' '.join(scope)}; {' '.join(area)}; {days} days")
    click.echo(made)


@key.command()
@_named
@DAYS
@click.option("--overlap", type=click.IntRange(0, 72), default=0, metavar="HOURS", help="How long the old one is good.")
def rotate(context: Context, name: str, who: str | None, days: int, overlap: int) -> None:
    """Give NAME another key with the same scopes and areas, and print it."""
    from service import api_keys

    home = context.home.existing()
    note = _log(home, who)
    made = api_keys.rotate(home.api_keys, name, days=days, overlap=timedelta(hours=overlap))
    note(f"another key of {name}: {days} days; the one before ends in {overlap} hours")
    click.echo(made)


@key.command()
@_named
def revoke(context: Context, name: str, who: str | None) -> None:
    """Take away every key of NAME: a running service refuses it within a second."""
    from service import api_keys

    home = context.home.existing()
    taken = api_keys.revoke(home.api_keys, name)
    _log(home, who)(f"revoked {taken} keys of {name}")  # afterwards: a lost secret keeps no key valid
    click.echo(f"{name}: {taken} keys revoked; a running service refuses them within a second")


@key.command(name="list")
@click.pass_obj
def list_(context: Context) -> None:
    """List keys: machine, until when, last use (to a minute), scopes, areas."""
    from service import api_keys, last_use

    home = context.home.existing()
    used = last_use.read(last_use.path_beside(home.api_keys))
    for entry in api_keys.read(home.api_keys):
        click.echo(_shown(entry, used.get(entry.sha256)))


def _shown(entry: MachineKey, used: datetime | None) -> str:
    state = "EXPIRED" if entry.is_expired else "until"
    last = f"{used:%Y-%m-%d %H:%M} UTC" if used else "never"
    return (
        f"{entry.name:<24} {state} {entry.expires:%Y-%m-%d}  last used {last:<20}  "
        f"{' '.join(entry.scopes)}  {' '.join(entry.areas)}"
    )
