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
@click.pass_obj
def serve(
    context: Context,
    port: int,
    new_key: str | None,
    scope: tuple[str, ...],
    area: tuple[str, ...],
    days: int,
) -> None:
    """Answer predictions, children's pages and identities over HTTP, to callers that are known.

    Tokens of an identity provider are accepted where QHAWAQ_OIDC_ISSUER, QHAWAQ_OIDC_AUDIENCE and QHAWAQ_OIDC_KEYS (a
    JWKS file) are given. TLS ends before it: it listens on 127.0.0.1 only.
    """
    from service import api_keys
    from service.run import run, with_allocators

    home = context.home.existing()
    if new_key:
        click.echo(api_keys.create(home, new_key, scopes=scope, areas=area, days=days))
    else:
        if home.to_erase.exists() or home.to_decide.exists():
            context.to_write()  # a restored backup holds persons that were erased: nobody is shown them
        with_allocators()
        run(home, port, click.echo)
