"""The state of a home in words: every fact in a line of its own, whoever ran the steps."""

from __future__ import annotations

import pytest

from tests.conftest import Country, qhawaq
from warehouse.operate import status
from warehouse.settings import Home

FACTS = {
    "landed": 3, "refused": 1, "duplicate": 0, "delivered_rows": 12_345, "accepted_rows": 12_340, "quarantined_rows": 5,
    "quarantine": [["siagie.siagie_grades", "not a number", 5]], "refusals": [["A.txt", "the file is empty"]],
    "missing": [["siagie.siagie_attendance", "202403", "15"]], "absent": [["Listas", "Necesita la nómina"]],
    "metrics": [["validation", "rule:abc", "precision_at_capacity", 0.25, 0.2, 0.3]],
}  # fmt: skip


def test_every_fact_has_its_line(home: Home) -> None:
    steps = {"build": {"today": "2025-12-05", "tests": 2, "models": 1}, "score": {"tests": 3, "models": 4},
             "deploy": {"live": "rule:abc", "gate": "a rule needs none"}, "publish": {"release": "r", "files": 7}}  # fmt: skip
    lines = status.lines(home, FACTS | {"steps": steps}, landed=2)
    assert lines[0] == "Qhawaq, 2025-12-05 (real data)"
    assert "  deliveries   2 new; 3 landed, 1 refused, 0 duplicate" in lines
    assert "  rows         12,345 delivered = 12,340 accepted + 5 quarantined" in lines
    assert "               5 of siagie.siagie_grades: not a number" in lines
    assert "  missing      siagie.siagie_attendance 202403, region 15" in lines
    assert "  tests        5 passed on 5 models" in lines
    assert "  live         rule:abc (a rule needs none)" in lines
    assert any("precision at capacity 0.250 [0.200, 0.300]" in line for line in lines)
    assert any(line.startswith("  published    release r, 7 files in ") for line in lines)


def test_where_a_model_ranks_without_probabilities_is_said_and_what_the_test_year_says(home: Home) -> None:
    notes = [["gates", "level=F0", "observed_over_expected_at_capacity", 0.45, 0.3, 0.6],
             ["drift", "region=08", "coverage_lost", 1.0, None, None],
             ["outcomes", "all", "observed_over_expected_at_capacity", 0.7, 0.6, 0.79],
             ["test_year", "all", "observed_over_expected_at_capacity", 0.78, 0.68, 0.89]]  # fmt: skip
    said = [line for line in status.lines(home, FACTS | {"steps": {}, "notes": notes}) if line.startswith("  model ")]
    assert said == [
        "  model        no probability of level=F0 (deciding years): observed_over_expected_at_capacity 0.45 [0.30, 0.60]",
        "  model        no probability of region=08 (data unlike those that trained; train again): coverage_lost 1.00",
        "  model        no probability of all (what was announced did not come; train again): "
        "observed_over_expected_at_capacity 0.70 [0.60, 0.79]",
        "  model        the test year belies all (decides nothing): observed_over_expected_at_capacity 0.78 [0.68, 0.89]",
    ]


@pytest.mark.parametrize("steps", [{}, {name: {"by": "orchestrator"} for name in ("build", "deploy", "score")}])
def test_without_steps_of_its_own_it_says_the_rest(home: Home, steps: dict) -> None:
    lines = status.lines(home, FACTS | {"steps": steps})
    assert lines[0] == "Qhawaq (real data)"
    assert not [line for line in lines if line.startswith(("  tests", "  live", "  published"))]


def test_the_command_shows_no_lists_of_python(country: Country) -> None:
    text = qhawaq(country.home.root, "status").stdout
    assert "[[" not in text
    assert "{'" not in text
    assert "  waiting      0 files in " in text
