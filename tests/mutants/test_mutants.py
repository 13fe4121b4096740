"""The tests of the SQL notice changes of it: of a fixed sample of mutants at most one in twenty lives."""

from __future__ import annotations

import pytest

from tests import homes
from tests.conftest import Country as SmallCountry
from tests.mutants import trial
from tests.mutants.country import Country
from tests.mutants.mutator import Mutant
from tests.mutants.trial import Report, Verdict
from tests.mutants.unit_tests import UnitTests
from tests.mutants.workshop import Workshop
from warehouse.settings import Home

SIZE, SEED = 240, 7


@pytest.fixture(scope="module")
def workshop(country: SmallCountry, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    copy = homes.copy(
        country.home.root, Home(tmp_path_factory.mktemp("mutants") / "home"), "archive", "serving", "compiled"
    )
    return Workshop.prepare(copy)


@pytest.fixture(scope="module")
def tests(workshop: Workshop) -> UnitTests:
    return workshop.unit_tests()


@pytest.fixture(scope="module")
def judged(workshop: Workshop) -> Country:
    return Country(workshop)


def the(workshop: Workshop, model: str, before: str, after: str) -> tuple[str, Mutant]:
    """Return a mutant by how it is shown."""
    found = trial.all_mutants(workshop, [model])[model]
    return model, next(one for one in found if (one.before, one.after) == (before, after))


def verdict(report: Report) -> Verdict:
    return report.trials[0].verdict


@pytest.mark.long
def test_rules_and_thresholds(workshop: Workshop) -> None:
    """Every unit test of the project, as dbt runs them; one that fails is told by name."""
    assert workshop.passed == len(workshop.manifest.unit_tests) == 307


@pytest.mark.long
def test_a_mutant_that_matters_is_killed_and_an_equal_one_lives(
    workshop: Workshop, tests: UnitTests, judged: Country
) -> None:
    low = the(workshop, "int_pupils__peers", "progression.over_age_years >= 2", "progression.over_age_years > 2")
    equal = the(workshop, "int_households__transfers", "coalesce(s.landed_no, 0)", "s.landed_no")
    reports = [trial.judge([mutant], tests, judged, lambda text: None) for mutant in (low, equal)]
    assert [verdict(report) for report in reports] == [Verdict.UNIT, Verdict.EQUAL]
    effect = judged.effect(*equal)
    assert (effect.killer, effect.changed) == (None, [])


@pytest.mark.long
def test_data_tests_kill_too_and_what_they_miss_is_told_apart(workshop: Workshop, judged: Country) -> None:
    doubling = the(workshop, "group_gaps", "join groups.indicator = cells.indicator", "without it")
    assert str(judged.effect(*doubling).killer).startswith("unique_together")
    untested = the(workshop, "freshness", "where status IN ('landed', 'superseded')", "without it")
    effect = judged.effect(*untested)
    assert (effect.killer, effect.changed) == (None, ["operations.freshness"])
    [(rows,)] = judged.db.execute("select count(*) from officials.group_gaps").fetchall()
    assert rows > 0  # the transaction was taken back


@pytest.mark.long
def test_tests_kill_nineteen_of_twenty_mutants(workshop: Workshop, tests: UnitTests, judged: Country) -> None:
    chosen = trial.sample(trial.all_mutants(workshop), SIZE, SEED)
    report = trial.judge(chosen, tests, judged, lambda text: None)
    assert len(report.trials) > 0.95 * SIZE
    assert report.share >= trial.ENOUGH, "\n".join(map(str, [*report.alive, report]))
