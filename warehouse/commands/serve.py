"""`qhawaq serve`: the prediction service on 127.0.0.1."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True, help="On 127.0.0.1.")
@click.option("--new-key", metavar="NAME", help="Make an API key for a machine, print it once, and end.")
@click.option("--scope", multiple=True, help="With --new-key: predict, education, protection, identity, feedback.")
@click.option("--area", multiple=True, help="With --new-key: *, region:15, ugel:150101, school:CODE or province:1501.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long the key is good.")
@click.option("--verify-log", is_flag=True, help="Check the log of who saw whom, line by line, and end.")
@click.pass_obj
def serve(
    context: Context,
    port: int,
    new_key: str | None,
    scope: tuple[str, ...],
    area: tuple[str, ...],
    days: int,
    verify_log: bool,
) -> None:
    """Answer predictions, children's pages and identities over HTTP, to callers that are known.

    Tokens of an identity provider are accepted where QHAWAQ_OIDC_ISSUER, QHAWAQ_OIDC_AUDIENCE and QHAWAQ_OIDC_KEYS (a
    JWKS file) are given. TLS ends before it: it listens on 127.0.0.1 only.
    """
    from service import api_keys
    from service.home import verify_journal
    from service.run import run, with_allocators

    home = context.home.existing()
    if new_key:
        click.echo(api_keys.create(home, new_key, scopes=scope, areas=area, days=days))
    elif verify_log:
        n_lines, n_cut = verify_journal(home)
        cut = f"; {n_cut} of them name what a crash cut off before anybody was answered" if n_cut else ""
        click.echo(f"{n_lines} lines, each as it was written{cut}")
    else:
        if home.to_erase.exists():
            context.to_write()  # a restored backup holds persons that were erased: nobody is shown them
        with_allocators()
        run(home, port, click.echo)
