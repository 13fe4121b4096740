"""`qhawaq serve`: the prediction service on 127.0.0.1."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8010, show_default=True, help="On 127.0.0.1.")
@click.pass_obj
def serve(context: Context, port: int) -> None:
    """Answer predictions, children's pages and identities over HTTP, to callers that are known.

    People sign in by the identity provider of QHAWAQ_OIDC_ISSUER where QHAWAQ_OIDC_CLIENT, QHAWAQ_OIDC_SECRET_FILE and
    QHAWAQ_PUBLIC_URL are given (docs/operate.md). Its tokens are accepted for QHAWAQ_OIDC_AUDIENCE, by the keys of
    QHAWAQ_OIDC_KEYS (a JWKS file) or its own; keys of machines ('qhawaq key') always. TLS ends before it: it listens on
    127.0.0.1 only.
    """
    from service.run import run, with_allocators

    home = context.narrowed()
    if home.to_erase.exists() or home.to_decide.exists():
        context.to_write()  # a restored backup holds persons that were erased: nobody is shown them
    with_allocators()
    run(home, port, click.echo)
