"""Every model has a tested key whose columns are never null; where one may be, the reason stands here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests import few
from warehouse.settings import DBT_PROJECT

WHOLE = "null is the row of the whole department"
NOT_TOLD = "null are pupils whose sex no enrollment tells"
NO_SCHOOL = "null are the pupils of schools that neither a register nor an enrollment names"
# (model, column of its key) → why it may be null: null counts as one value, so the key is tested all the same.
MAY_BE_NULL = {
    ("agg_attendance_month", "is_female"): NOT_TOLD,
    ("agg_attendance_month", "school_key"): NO_SCHOOL,
    ("agg_marks_period", "is_female"): NOT_TOLD,
    ("agg_marks_period", "school_key"): NO_SCHOOL,
    ("int_indicators__counts", "ugel_code"): WHOLE,
    ("int_indicators__cube", "grade"): "transition is of one grade, and so of none apart",
    ("int_indicators__groups", "ugel_code"): WHOLE,
    ("int_indicators__services", "ugel_code"): WHOLE,
    ("int_ministry__control_totals", "age_years"): "the ministry counts pupils of no stated age in a row of their own",
    ("int_ministry__totals", "age_years"): "the ministry counts pupils of no stated age in a row of their own",
    ("int_places__ugel_capacities", "ugel_code"): "null are the pupils of schools that no register names",
    ("task_runs", "try_number"): "a line of a log may lack it, and no line of a log stops a build",
}
# Tests of keys that look at some rows only, or warn → why.
NOT_OF_ALL_ROWS = {
    "child_outcomes": "three of its branches are columns of int_outcomes__labels, whose key is tested whole",
    **dict.fromkeys(
        ("stg_protection__cem_cases", "stg_protection__demuna_cases", "stg_protection__upe_cases"),
        "staging warns: what landed before a rule was there is told and stops nothing",
    ),
}


def of_models(*names: str) -> Iterator[tuple[str, Any]]:
    """Yield each test of these names with the model that it is of; not those of seeds and sources."""
    manifest = few.project()
    for node in manifest.nodes.values():
        if node.resource_type == "test" and named(node) in names and node.attached_node in manifest.nodes:
            attached = manifest.nodes[node.attached_node]
            if attached.resource_type == "model":
                yield attached.name, node


def keys() -> dict[str, list[Any]]:
    """Return model → its tests of keys."""
    found: dict[str, list[Any]] = {n.name: [] for n in few.project().nodes.values() if n.resource_type == "model"}
    for model, test in of_models("unique", "unique_together"):
        found[model].append(test)
    return found


def named(test: Any) -> str | None:
    return getattr(getattr(test, "test_metadata", None), "name", None)


def columns(test: Any) -> set[str]:
    given = test.test_metadata.kwargs
    return set(given.get("columns") or [given["column_name"]])


def never_null() -> dict[str, set[str]]:
    """Return model → the columns that a constraint or a test says are never null."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in few.project().nodes.values():
        for constraint in getattr(node, "constraints", []):
            found[node.name] |= set(constraint.columns)
    for model, test in of_models("not_null", "never_null"):
        found[model] |= columns(test)
    return found


def test_every_model_has_a_tested_key() -> None:
    found = keys()
    assert len(found) > 130
    assert [model for model, tests in found.items() if not tests] == []


def test_columns_of_keys_are_never_null_or_it_is_said_why() -> None:
    known = never_null()
    may = {
        (model, column) for model, tests in keys().items() for test in tests for column in columns(test) - known[model]
    }
    assert may == set(MAY_BE_NULL)


def test_a_key_is_tested_of_all_rows_and_stops_the_build_or_it_is_said_why() -> None:
    partly = {
        model for model, tests in keys().items()
        if tests and all(test.config.where or test.config.severity.lower() != "error" for test in tests)
    }  # fmt: skip
    assert partly == set(NOT_OF_ALL_ROWS)


@pytest.mark.parametrize("of_ours", ["unique", "unique_together"])
def test_the_graph_s_judge_is_told_what_tests_a_key(of_ours: str) -> None:
    """dbt-project-evaluator knows tests by the project and the macro; it is told in dbt_project.yml."""
    variables = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    macros = {name for name in few.project().macros if name.endswith(f".test_{of_ours}")}
    told = {f"macro.{one}" for [one] in variables["dbt_project_evaluator"]["primary_key_test_macros"]}
    assert macros <= told
