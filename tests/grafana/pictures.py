"""Take each dashboard's picture from a real Grafana: `make grafana-pictures QHAWAQ_GRAFANA=…`; of synthetic homes only."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.dashboards import largest
from tests.grafana.board import Board
from tests.grafana.server import Server, lacking
from tests.grafana.test_dashboards import DASHBOARDS
from warehouse.settings import REPOSITORY, Home

FOLDER = REPOSITORY / "docs" / "pictures" / "dashboards"


def main() -> None:
    """Draw all of a home's into docs/pictures/dashboards."""
    home = Home(Path(sys.argv[1]).absolute())
    if home.kind != "synthetic":
        raise SystemExit(f"{home.root} is not synthetic: no picture is taken of real data")
    if why := lacking():
        raise SystemExit(why)
    for audience in sorted({audience for audience, _ in DASHBOARDS}):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            Server(audience, largest(home, audience).parent, Path(folder)).started() as server,
            Board(server, Path(folder)).opened() as board,
        ):
            for made in (made for of, made in DASHBOARDS if of == audience):
                board.open(made, kiosk=True)
                board.picture(FOLDER / f"{made['uid'].removeprefix('qhawaq-')}.png")


if __name__ == "__main__":
    main()
