"""Rules of suggestions: each has a condition, names facts that there are, and what a tutor reads gives nothing away."""

from __future__ import annotations

import re

import pytest

from warehouse import seeds
from warehouse.settings import DBT_PROJECT

WITH_CARE = {
    "weekly_work_hours",
    "work_source",
    "mother_tongue",
    "poverty_name",
    "withdrawal_reason",
    "withdrawal_year",
}
TOLD = re.compile(
    "trabaj|pobre|embaraz|maternidad|lengua|discapac|hermano|JUNTOS|SISFOH|DEMUNA|sexo|nacional", re.IGNORECASE
)


def _rules() -> list[dict[str, str]]:
    return seeds.rows("action_rules")


def _names(rule: dict[str, str]) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", rule["record_text"] + rule["rule_action_text"]))


def test_every_rule_has_its_condition_and_every_condition_its_rule() -> None:
    sql = (DBT_PROJECT / "models" / "intermediate" / "actions" / "int_actions__met.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"when '(\w+)'", sql)) == {rule["rule"] for rule in _rules()}


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["rule"])
def test_a_rule_names_facts_that_there_are(rule: dict[str, str]) -> None:
    macros = (DBT_PROJECT / "macros" / "spoken.sql").read_text(encoding="utf-8")
    facts = set(re.findall(r"'(\w+)'", macros.split("macro action_facts()")[1]))
    assert _names(rule) <= facts


@pytest.mark.parametrize(
    "rule", [rule for rule in _rules() if rule["is_tutor_safe"] == "true"], ids=lambda rule: rule["rule"]
)
def test_what_a_tutor_reads_gives_nothing_away(rule: dict[str, str]) -> None:
    assert not _names(rule) & WITH_CARE
    assert not TOLD.search(rule["action_name"] + rule["record_text"] + rule["rule_action_text"])


@pytest.mark.parametrize(
    "rule", [rule for rule in _rules() if rule["is_tutor_safe"] == "false"], ids=lambda rule: rule["rule"]
)
def test_what_needs_care_would_have_been_found(rule: dict[str, str]) -> None:
    assert _names(rule) & WITH_CARE or TOLD.search(rule["record_text"])
