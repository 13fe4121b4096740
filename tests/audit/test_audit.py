"""A number is walked down to lines that hold it; the pack is whole, hashed, and names nobody."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from warehouse.audit import pack, trace
from warehouse.errors import QhawaqError, UsageError


def test_a_childs_row_leads_to_the_lines_of_its_files(country: Country) -> None:
    child, day = country.ask("select child_key, max(as_of_date) from features.child_features group by 1 limit 1")[0]
    said = trace.trace(country.home, "features.child_features", f"{child}/{day}")
    assert "dbt_project" not in said
    assert "features.child_attendance  [models/features/child_attendance.sql]" in said
    walked = [line.split()[0] for line in said.splitlines() if line.startswith("  SIAGIE_MATRICULA")]
    assert walked
    for place in walked:
        file, _, line = place.rpartition(":")
        keys = country.ask(
            f"select e.child_key from raw.siagie_enrollments as e where _file = '{file}' and _line = {line} "
            f"and known_at <= date '{day}'"
        )
        merged = {k for (k,) in country.ask(
            f"select child_key from intermediate.int_children__merges where merged_into = {child}")}  # fmt: skip
        assert {k for (k,) in keys} <= merged | {child}


def test_an_officials_number_leads_to_files(country: Country) -> None:
    key = country.ask("select concat_ws('/', school_year, department_code, level, indicator) from officials.indicators")
    said = trace.trace(country.home, "officials.indicators", key[0][0])
    assert "raw.siagie_enrollments" in said
    assert "SIAGIE_MATRICULA_" in said


def test_no_education_row_leads_to_protection(country: Country) -> None:
    key = country.ask("select concat_ws('/', as_of_date, child_key) from education.priority_list")[0][0]
    said = trace.trace(country.home, "education.priority_list", key)
    assert not [word for word in ("DEMUNA", "CEM_", "UPE_", "SISEVE", "protection") if word in said]


def test_wrong_uses_are_told(country: Country) -> None:
    with pytest.raises(UsageError, match="no table"):
        trace.trace(country.home, "features.nothing", "1")
    with pytest.raises(UsageError, match="child_key/as_of_date"):
        trace.trace(country.home, "features.child_features", "1")
    with pytest.raises(QhawaqError, match="no row"):
        trace.trace(country.home, "features.child_features", "1/2020-01-01")


def test_the_pack_is_whole_and_hashed(country: Country, tmp_path: Path) -> None:
    path, entries = pack.write(country.home, tmp_path / "audit.zip")
    with zipfile.ZipFile(path) as found:
        index = json.loads(found.read("index.json"))
        listed = {entry["document"]: entry["sha256"] for entry in index["documents"]}
        assert set(listed) == set(pack.DOCUMENTS)
        assert set(found.namelist()) == {name for name, sha256 in listed.items() if sha256} | {"index.json"}
        for name, sha256 in listed.items():
            assert sha256 is None or hashlib.sha256(found.read(name)).hexdigest() == sha256
        told = list(csv.DictReader(found.read("models/effects.csv").decode().splitlines()))
        text = b"\n".join(found.read(name) for name in found.namelist()).decode()
    assert told
    assert all(int(row["n_served"] or 0) % 5 == 0 for row in told)  # as officials see them, never exact
    assert (index["kind"], entries > 12) == ("synthetic", True)
    documents = duckdb.execute(f"select dni::varchar, father || ' ' || mother || ' ' || given from "
                               f"'{country.truth / 'children.parquet'}'").fetchall()  # fmt: skip
    assert not [value for row in documents[::20] for value in row if value in text]


def test_the_command_says_where_the_pack_is(country: Country, tmp_path: Path) -> None:
    said = qhawaq(country.home.root, "audit", "pack", "--to", str(tmp_path / "a.zip")).stdout
    assert "index.json" in said
    assert (tmp_path / "a.zip").exists()
