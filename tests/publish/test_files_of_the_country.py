"""What is published of the whole country: apart from the other tests of publishing, which need not wait for it."""

from __future__ import annotations

import struct

import duckdb

from tests.conftest import Country
from warehouse.publish import serving, switching

READABLE_BY_1_5_4 = range(64, 69)


def test_serving_files_of_the_country(country: Country) -> None:
    """Storage that DuckDB 1.5.4 reads, types that Grafana shows, hashes as stated, called synthetic."""
    links = sorted(country.home.serving.rglob("current.duckdb"))
    release = switching.current(country.home)
    assert release
    switching.check(country.home, release)
    has = switching.manifest(country.home, release)
    assert {link.parent.parent.name if link.parent.parent.name in ("education", "protection") else link.parent.name
            for link in links} == set(serving.AUDIENCES)  # fmt: skip
    for link in links:
        path = link.resolve()
        with path.open("rb") as file:
            assert struct.unpack("<Q", file.read(20)[12:20])[0] in READABLE_BY_1_5_4
        with duckdb.connect(str(path), read_only=True) as db:
            assert db.execute("select kind from release").fetchall() == [("synthetic",)]
            kinds = {
                row[0] for row in db.execute("select distinct data_type from information_schema.columns").fetchall()
            }
            assert kinds <= serving.TYPES
            stated = has[str(link.parent.relative_to(country.home.serving))]["tables"]
            for table, entry in stated.items():
                assert serving.content(db, table) == (entry["rows"], entry["hash"])


def test_small_counts_of_officials_are_hidden(country: Country) -> None:
    link = country.home.serving / "officials" / "current.duckdb"
    with duckdb.connect(str(link.resolve()), read_only=True) as db:
        rows = db.execute("select n_pupils, n_cases, is_hidden from indicators").fetchall()
    shown = [row for row in rows if not row[2]]
    assert shown
    assert all(row[1] is None and (row[0] is None or row[0] >= 20) for row in rows if row[2])
    assert all(n % 5 == 0 and cases % 5 == 0 and cases >= 10 and n - cases >= 10 for n, cases, _ in shown)
