"""An auditor sees what every test last said, though each run of dbt writes over the results of the one before."""

from __future__ import annotations

import json

from tests.conftest import Country
from warehouse.audit import pack
from warehouse.build import test_results
from warehouse.settings import Home


def dbt_ran(home: Home, when: str, *results: tuple[str, str, int | None], known: tuple[str, ...]) -> None:
    said = [{"unique_id": name, "status": status, "failures": n, "execution_time": 1} for name, status, n in results]
    home.dbt.mkdir(parents=True, exist_ok=True)
    (home.dbt / "run_results.json").write_text(json.dumps({"metadata": {"generated_at": when}, "results": said}))
    (home.dbt / "manifest.json").write_text(json.dumps({"nodes": dict.fromkeys(known), "unit_tests": {}}))
    test_results.keep(home)


def test_each_test_keeps_what_it_said_last(home: Home) -> None:
    known = ("test.q.a", "test.q.b", "model.q.m")
    dbt_ran(home, "t1", ("model.q.m", "success", None), ("test.q.a", "pass", 0), ("test.q.gone", "pass", 0),
            known=(*known, "test.q.gone"))  # fmt: skip
    dbt_ran(home, "t2", ("test.q.b", "fail", 3), known=known)
    assert test_results.read(home) == {
        "test.q.a": {"status": "pass", "failures": 0, "tested_at": "t1"},
        "test.q.b": {"status": "fail", "failures": 3, "tested_at": "t2"},
    }
    dbt_ran(home, "t3", ("test.q.b", "pass", 0), known=known)
    assert test_results.read(home)["test.q.b"] == {"status": "pass", "failures": 0, "tested_at": "t3"}


def test_a_home_that_tested_nothing_has_no_results(home: Home) -> None:
    assert test_results.read(home) == {}
    assert pack.DOCUMENTS["tests/results.json"](home) is None


def test_the_pack_holds_the_tests_of_features_and_of_marts(country: Country) -> None:
    nodes = json.loads((country.home.dbt / "manifest.json").read_text())["nodes"]
    said = json.loads(pack.DOCUMENTS["tests/results.json"](country.home))
    assert said.keys() == {name for name, node in nodes.items() if node["resource_type"] == "test"}
    assert {result["status"] for result in said.values()} <= {"pass", "warn"}
