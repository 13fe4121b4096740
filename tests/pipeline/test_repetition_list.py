"""A model of repetition gives tutors a list of their own, and leaves the lists of visits and the cases as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from tests import few
from tests.conftest import Country
from warehouse.pipeline import deploy
from warehouse.settings import Home

NAME = "repetition-additive-test"
# No test year is that of a small country: its own model of interruption stands for one of repetition.
MODEL = (
    "insert into ml.model_versions from (select * replace ($1 as model_version, 'repetition' as outcome, $2 as gate, "
    "false as is_live) from ml.model_versions where algorithm = 'additive' and outcome = 'interruption')"
)
TERMS = (
    "insert into ml.model_terms from (select * replace ($1 as model_version) from ml.model_terms "
    "where model_version like 'interruption-additive-%')"
)
SCORED = ("score_outputs", "risk_scores", "reason_outputs", "risk_reasons", "int_lists__*", "int_cases__opened",
          "priority_list", "repetition_list", "list_lengths")  # fmt: skip
LISTED = "select * from education.priority_list order by all"
LENGTHS = "select * from education.list_lengths order by all"
CASES = "select * from intermediate.int_cases__opened order by all"


def ask(home: Home, sql: str) -> Sequence[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def with_model(home: Home, gate: str) -> Home:
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(MODEL, [NAME, gate])
        db.execute(TERMS, [NAME])
    return home


@pytest.fixture(scope="module")
def home(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return with_model(country.to_build(tmp_path_factory.mktemp("repetition") / "home"), "passed: ")


def test_tutors_get_a_list_and_nobody_visits_for_it(home: Home) -> None:
    before = [ask(home, sql) for sql in (LISTED, LENGTHS, CASES)]
    assert ask(home, "select count(*) from education.repetition_list") == [(0,)]
    assert deploy.deploy(home, outcome="repetition").live == NAME
    few.build(home, *SCORED)
    assert [ask(home, sql) for sql in (LISTED, LENGTHS, CASES)] == before
    ((n, n_outside, n_silent),) = ask(
        home,
        "select count(*), count(*) filter (model_version <> 'repetition-additive-test'), "
        "count(*) filter (reason_text is null) from education.repetition_list",
    )
    assert n > 20
    assert n_outside == n_silent == 0
    scored = "select outcome, count(*) from scores.risk_scores where as_of_date = (select max(as_of_date) from scores.risk_scores) group by 1 order by 1"
    (visits, repetition) = ask(home, scored)
    assert (visits[0], repetition[0]) == ("interruption", "repetition")
    assert visits[1] == repetition[1]
    few.build(home, *SCORED)  # a date is scored once for an outcome
    assert ask(home, scored) == [visits, repetition]


def test_without_a_model_that_passed_there_is_no_list_and_no_rule(country: Country, tmp_path: Path) -> None:
    found = with_model(country.to_build(tmp_path / "home"), "refused: 0.9 times")
    assert deploy.deploy(found, outcome="repetition").live == deploy.NOTHING
    assert deploy.live(found, "repetition") is None
