"""Stand before one Grafana: `python -m grafana.gate --help`."""

from __future__ import annotations

import logging
from pathlib import Path

import click
import uvicorn

from grafana.gate.proxy import application, client
from grafana.gate.queries import Queries
from grafana.source import PROVISIONING

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--grafana", default="http://127.0.0.1:3000", show_default=True, help="Where the Grafana behind it answers."
)
@click.option(
    "--audience",
    type=click.Choice(sorted(one.name for one in PROVISIONING.iterdir())),
    required=True,
    help="Whose dashboards it shows.",
)
@click.option("--listen", default="127.0.0.1", show_default=True, help="The address on which readers reach the gate.")
@click.option("--port", type=click.IntRange(0, 65535), default=3100, show_default=True)
@click.option(
    "--serving", type=DIRECTORY, help="The audience's serving folder: each new release in it is told to Grafana."
)
@click.option("--cookie", default="grafana_session", show_default=True, help="The name of Grafana's session cookie.")
@click.option("--password-file", type=FILE, help="The password of Grafana's administrator, which telling it needs.")
def main(
    grafana: str, audience: str, listen: str, port: int, serving: Path | None, cookie: str, password_file: Path | None
) -> None:
    """Pass on to a Grafana what its own dashboards ask, and refuse everything else.

    Readers must reach the gate only, and never the Grafana behind it.
    """
    if (serving is None) != (password_file is None):
        raise click.UsageError("--serving and --password-file go together: to tell Grafana of a release needs both")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write a line for each request
    app = application(client(grafana), Queries.of(PROVISIONING / audience), cookie, serving, password_file)
    uvicorn.run(
        app,
        host=listen,
        port=port,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http="h11",
        limit_concurrency=500,
    )


if __name__ == "__main__":
    main()
