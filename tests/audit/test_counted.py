"""A trace of a count goes down to the lines of the children that it counts, and each of them is told of it."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest

from tests.conftest import Country, qhawaq
from warehouse import keys
from warehouse.audit import counted, looks
from warehouse.errors import UsageError
from warehouse.settings import Home

WHY = "an audit of the interruption in one UGEL"


@pytest.fixture(scope="module")
def home(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return country.copy(tmp_path_factory.mktemp("counted") / "home", "archive", "compiled")


@pytest.mark.parametrize("indicator", ["interruption", "over_age", "promotion"])
def test_the_children_of_a_department_are_those_that_it_counts(
    country: Country, home: Home, tmp_path: Path, indicator: str
) -> None:
    where = "department_code = '00' and n_cases is not null"
    ((year, level, n_pupils, n_cases),) = country.ask(
        "select school_year, level, n_pupils, n_cases from officials.indicators "
        f"where indicator = '{indicator}' and {where} order by 1 desc, 2 limit 1"
    )
    to = tmp_path / "children.csv"
    found = counted.write(home, "officials.indicators", f"{year}/00/{level}/{indicator}", WHY, to)
    assert abs(found.n_pupils - n_pupils) <= 2  # shown to the nearest five
    assert abs(found.n_cases - n_cases) <= 2
    rows = list(csv.DictReader(to.open(encoding="utf-8", newline="")))
    assert len(rows) == found.n_lines
    cases = {row["child_key"] for row in rows if row["is_case"] == "true"}
    assert len(cases) == found.n_cases
    assert len({row["child_key"] for row in rows}) == found.n_pupils
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert [row["is_case"] for row in rows] == sorted((row["is_case"] for row in rows), reverse=True)


def test_every_line_is_one_of_the_child_in_the_landed_file(country: Country, home: Home, tmp_path: Path) -> None:
    ugel, year, level = country.ask(
        "select ugel_code, school_year, level from officials.ugel_indicators where indicator = 'over_age' "
        "order by n_pupils desc nulls last, 1, 2, 3 limit 1"
    )[0]
    department = ugel[:2]
    to = tmp_path / "children.csv"
    counted.write(home, "officials.ugel_indicators", f"{year}/{department}/{ugel}/{level}/over_age", WHY, to)
    rows = list(csv.DictReader(to.open(encoding="utf-8", newline="")))
    assert {"siagie_enrollments"} <= {row["source"] for row in rows}
    for source in {row["source"] for row in rows}:
        told = {
            (str(child), file, str(line))
            for child, file, line in country.ask(
                f"select coalesce(merges.merged_into, told.child_key), _file, _line from raw.{source} as told "
                "left join intermediate.int_children__merges as merges on told.child_key = merges.child_key"
            )
        }
        mine = {(row["child_key"], row["file"], row["line"]) for row in rows if row["source"] == source}
        assert mine <= told
        children = {row["child_key"] for row in rows}
        assert mine == {line for line in told if line[0] in children}


def test_each_child_is_noted_before_and_told_when_asked(country: Country, home: Home, tmp_path: Path) -> None:
    to = tmp_path / "children.csv"
    said = qhawaq(
        home.root,
        "audit",
        "trace",
        "officials.indicators",
        "2023/00/F0/interruption",
        "--children",
        str(to),
        "--reason",
        WHY,
    ).stdout
    assert "each of them noted in the access log" in said
    child = int(next(csv.DictReader(to.open(encoding="utf-8", newline="")))["child_key"])
    seen = looks.of_child(home, keys.load(home.secrets), child)
    assert [look for look in seen.looks if look.what == "trace" and WHY in look.why]


@pytest.mark.parametrize(
    ("table", "key", "says"),
    [
        ("officials.availability", "x", "does not say which children"),
        ("officials.indicators", "2023/00/F0", "the key of officials.indicators is"),
        ("officials.indicators", "2023/00/F0/low_attendance", "its children are not kept one by one"),
    ],
)
def test_what_counts_no_children_says_so(home: Home, tmp_path: Path, table: str, key: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        counted.write(home, table, key, WHY, tmp_path / "children.csv")
    assert not (tmp_path / "children.csv").exists()


def test_without_a_reason_or_over_another_file_nothing_is_written(home: Home, tmp_path: Path) -> None:
    to = tmp_path / "children.csv"
    asked = ("audit", "trace", "officials.indicators", "2023/00/F0/interruption", "--children", str(to))
    assert "say in a sentence why" in qhawaq(home.root, *asked, expect=2).stderr
    to.write_text("mine")
    assert "is there already" in qhawaq(home.root, *asked, "--reason", WHY, expect=2).stderr
    assert to.read_text() == "mine"
