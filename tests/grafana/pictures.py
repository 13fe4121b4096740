"""Take each dashboard's picture from a real Grafana: `make grafana-pictures QHAWAQ_GRAFANA=…`; of synthetic homes only.

With `--widths 1920 1366 390 --themes light dark --to FOLDER` for looking at them as people do, on a desk and on a phone.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.dashboards import largest
from tests.grafana.board import WIDTH, Board
from tests.grafana.server import Server, lacking
from tests.grafana.test_dashboards import DASHBOARDS
from warehouse.settings import REPOSITORY, Home

FOLDER = REPOSITORY / "docs" / "pictures" / "dashboards"


def asked() -> argparse.Namespace:
    """Return what is asked for: the pictures of the docs, where nothing else is said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--widths", nargs="+", type=int, default=[WIDTH])
    parser.add_argument("--themes", nargs="+", choices=("light", "dark"), default=["light"])
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="*", default=[], help="names of dashboards")
    return parser.parse_args()


def main() -> None:
    """Draw what is asked for."""
    wanted = asked()
    home = Home(wanted.home.absolute())
    if home.kind != "synthetic":
        raise SystemExit(f"{home.root} is not synthetic: no picture is taken of real data")
    if why := lacking():
        raise SystemExit(why)
    wanted.to.mkdir(parents=True, exist_ok=True)
    for audience in sorted({audience for audience, made in DASHBOARDS if _is_wanted(made["uid"], wanted)}):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            Server(audience, largest(home, audience).parent, Path(folder)).started() as server,
            Board(server, Path(folder)).opened() as board,
        ):
            for board.width in wanted.widths:
                _draw(board, audience, wanted)


def _is_wanted(uid: str, wanted: argparse.Namespace) -> bool:
    return not wanted.only or uid.removeprefix("qhawaq-") in wanted.only


def _draw(board: Board, audience: str, wanted: argparse.Namespace) -> None:
    """Draw an audience's dashboards at the board's width; one picture each, or one of each width and theme."""
    is_one = len(wanted.widths) == len(wanted.themes) == 1
    for made in (made for of, made in DASHBOARDS if of == audience and _is_wanted(made["uid"], wanted)):
        for theme in wanted.themes:
            board.open(made, kiosk=True, theme=theme)
            name = made["uid"].removeprefix("qhawaq-")
            board.picture(wanted.to / f"{name}{'' if is_one else f'-{board.width}-{theme}'}.png")


if __name__ == "__main__":
    main()
