"""A tiny home in which every writing command has something to do: made once, then copied for each fault."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from service import api_keys
from tests.conftest import deliver, qhawaq
from tests.landing import samples
from tests.notify.conftest import SCHOOL, Place
from tests.notify.receivers import Arrived
from tests.publish.home import with_marts
from warehouse import database, files, keys
from warehouse.settings import Home

RETIRED = "2024-04-30"  # a closed date; it goes with the enrollments of its year
ROLL = "ANIO|HOGAR|TIPO_DOC|N_DOC|ESTADO|FECHA_AFILIACION\n" + "".join(
    f"2023|H{n}|DNI|7123{n:04}|AFILIADO|2023-03-01\n" for n in range(12)
)
LATER = {
    "2024": "2026",
    "71234": "72234",
    "9000": "9500",
    "9001": "9501",
    "9002": "9502",
}  # other pupils, of a later year


def write(folder: Path) -> Home:
    """Write the home, with two backups beside it, and a synthetic one with an API to collect from."""
    home = Home(folder / "home")
    home.claim("real")
    later = samples.enrollment()
    for old, new in LATER.items():
        later = later.replace(old, new)
    for name, content in (
        (samples.ATTENDANCE, samples.attendance()),
        (samples.ENROLLMENT, samples.enrollment()),
        (samples.ENROLLMENT.replace("2024", "2026"), later),
        (samples.ATTENDANCE.replace("202403_20240410", "202404_20240510"), samples.attendance(header="MONTH")),
    ):
        deliver(home, name, content)
    qhawaq(home.root, "--quiet", "land")
    _close(home)
    _merge(home)
    Place(home, Arrived(), Arrived()).publish([(SCHOOL, "1"), (SCHOOL, "2")])
    for _ in range(2):
        qhawaq(home.root, "--quiet", "backup", "--to", str(folder / "backups"))
    home.backed_up.unlink()  # copies of this home have backups of their own
    for name in ("machine", "another"):
        api_keys.create(home.api_keys, name, scopes=("predict",), areas=("ugel:150101",), days=90)
    _arriving(home, folder / "arriving")
    _published(folder / "published")
    _collectable(folder)
    return home


def _arriving(home: Home, to: Path) -> None:
    """Write the same home with deliveries that wait: one that lands and one that is refused."""
    shutil.copytree(home.root, to, symlinks=True)
    rows = [row.replace("2024|3|", "2024|6|") for row in samples.ROWS]
    for month, content in (("202406_20240710", samples.attendance(rows)), ("202407_20240810", "MONTH\n1\n")):
        deliver(Home(to), samples.ATTENDANCE.replace("202403_20240410", month), content)


def _published(to: Path) -> None:
    """Write a home with marts and two releases of them."""
    with_marts(Home(to))
    for _ in range(2):
        qhawaq(to, "--quiet", "publish")


def _collectable(folder: Path) -> None:
    """Write an API's files and a home that may take them."""
    (folder / "api").mkdir()
    (folder / "api" / "JUNTOS_PADRON_2023_20231201.txt").write_text(ROLL)
    synthetic = Home(folder / "synthetic")
    synthetic.claim("synthetic")
    synthetic.synthetic.write_text(json.dumps({"sha256": []}))


def _merge(home: Home) -> None:
    """Take two pupils for one person."""
    with database.scratch(home) as vault, duckdb.connect(str(home.warehouse)) as db:
        database.attach_vault(vault, home, keys.load(home.secrets))
        pair = database.column(
            vault, "select child_key from vault.aliases where value in ('7000', '7001') order by value"
        )
        vault.execute("insert into vault.merges values (?, ?, date '2024-04-10')", pair)
        db.execute(
            "insert into raw.child_merges (child_key, merged_into, known_at) values (?, ?, date '2024-04-10')", pair
        )


def _close(home: Home) -> None:
    """Close a date as a build does."""
    path = home.features / f"as_of={RETIRED}" / "features.parquet"
    path.parent.mkdir(parents=True)
    with duckdb.connect() as db:
        db.execute(f"copy (select 1 as child_key) to '{path}' (format parquet)")
    entry = {"file": str(path.relative_to(home.features)), "sha256": files.sha256(path), "rows": 1}
    (home.features / "manifest.json").write_text(json.dumps({RETIRED: entry}))
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(f"insert into raw.closed_dates values (date '{RETIRED}')")
