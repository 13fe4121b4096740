"""What of Grafana's source needs no country."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.grafana.source import Source, lacking

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(lacking()), reason=lacking())]


def test_a_huge_number_is_no_number_there(source: Source) -> None:
    """Why marts hold none: the SDK refuses it, and the source makes a text of it."""
    source.open(Path(":memory:"))
    assert "big.Int" in source.say(sql="select sum(i) as n from range(3) as t (i)")["error"]
    assert source.ask("select cast(sum(i) as bigint) as n from range(3) as t (i)") == ([("n", "number")], [(3,)])


def test_a_switched_link_is_seen_by_a_source_that_opens_anew_only(
    program: Path, source: Source, tmp_path: Path
) -> None:
    """Why the gate has the source open its file anew at each publication."""
    link, say = tmp_path / "current.duckdb", "select n from told"
    for n in (1, 2):
        with duckdb.connect(str(tmp_path / f"{n}.duckdb")) as db:
            db.execute(f"create table told as select {n} as n")
    link.symlink_to(tmp_path / "1.duckdb")
    source.open(link)
    other = tmp_path / "new"
    other.symlink_to(tmp_path / "2.duckdb")
    other.replace(link)
    assert source.ask(say)[1] == [(1,)]
    source.open(link)
    assert source.ask(say)[1] == [(2,)]
