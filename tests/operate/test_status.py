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
