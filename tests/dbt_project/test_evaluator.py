"""What dbt-project-evaluator's findings are compared with; the evaluator itself runs by hand."""

from __future__ import annotations

import pytest

from tests import few
from tests.dbt_project.evaluator import REASONS, without_reason
from warehouse.settings import parse_yaml

KEPT = {"joins": {"only": ["a", "b"], "reason": "x"}, "names": {"most": 2, "reason": "x"}}


def test_what_has_a_reason_is_not_told() -> None:
    assert list(without_reason({"joins": ["a", "b"], "names": ["c", "d"], "roots": []}, KEPT)) == []


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ({"joins": ["a", "b", "c"], "names": ["c", "d"]}, "joins: no reason is stated for c"),
        ({"joins": ["a", "b"], "names": ["c", "d", "e"]}, "names: 3 findings where 2 have a reason: c, d, e"),
        ({"joins": ["a", "b"], "names": ["c", "d"], "roots": ["f"]}, "roots: 1 findings where 0 have a reason: f"),
        ({"joins": ["a"], "names": ["c", "d"]}, "joins: fewer are found"),
        ({"joins": ["a", "b"], "names": ["c"]}, "names: fewer are found"),
    ],
)
def test_what_has_none_and_what_is_gone_is_told(findings: dict[str, list[str]], told: str) -> None:
    (only,) = without_reason(findings, KEPT)
    assert only.startswith(told)


def test_each_kept_finding_names_a_resource_and_a_reason() -> None:
    manifest = few.project()
    names = {node.name for node in manifest.nodes.values()}
    names |= {f"{source.source_name}.{source.name}" for source in manifest.sources.values()}
    for table, kept in parse_yaml(REASONS.read_text()).items():
        assert kept["reason"], table
        assert ("most" in kept) != ("only" in kept), table
        assert set(kept.get("only", ())) <= names, table
