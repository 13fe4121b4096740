"""Every feature, outcome, indicator and rule is defined in one place, and has an example that somebody computed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

import pytest

from tests.conftest import Country
from warehouse import seeds
from warehouse.build import definitions, feature_catalog
from warehouse.publish.disclosure.cells import OF_YEARS
from warehouse.settings import DBT_PROJECT, read_yaml

FEATURES = feature_catalog.read()
OUTCOMES = {"interruption", "ebr_exit", "repetition", "unmet_need"}
# What an example that shows nothing looks like: it would also hold for a column that is never filled.
EMPTY = (None, 0, 0.0, False)


@cache
def unit_tests() -> list[dict[str, Any]]:
    """Return all of them, as they are written."""
    found = (read_yaml(path)["unit_tests"] for path in DBT_PROJECT.glob("models/**/_*__unit_tests.yml"))
    return list(chain.from_iterable(found))


def examples(model: str) -> Iterator[dict[str, Any]]:
    """Yield the expected rows of a model's unit tests."""
    for test in unit_tests():
        if test["model"] == model:
            yield from test["expect"]["rows"]


def defined(kind: str) -> set[str]:
    return {row["name"] for row in definitions.rows() if row["kind"] == kind}


def services() -> list[dict[str, str]]:
    return [row for row in seeds.rows("services") if row["domain"] != "protection"]


@pytest.mark.parametrize("group", sorted({feature.group for feature in FEATURES}))
def test_each_feature_has_an_example_that_shows_it(group: str) -> None:
    rows = list(examples(f"child_{group}"))
    names = [feature.name for feature in FEATURES if feature.group == group]
    assert [name for name in names if all(row.get(name) in EMPTY for row in rows)] == []


def test_what_is_defined_is_what_there_is() -> None:
    assert defined("feature") == {feature.name for feature in FEATURES}
    assert defined("outcome") == OUTCOMES
    assert defined("rule") == {row["need"] for row in services()}
    assert defined("indicator") == OUTCOMES | {"over_age", "low_attendance", "unmet_service", *OF_YEARS}
    assert [row["name"] for row in definitions.rows() if not row["sentence"]] == []


def test_what_a_share_is_a_share_of_is_said() -> None:
    shares = {feature.name for feature in FEATURES if feature.unit == "share" and feature.name.endswith("_share")}
    assert [row["name"] for row in definitions.rows() if row["name"] in shares and not row["denominator"]] == []


def test_each_reason_is_a_feature() -> None:
    assert set(definitions.reasons()) <= {feature.name for feature in FEATURES}


def test_the_page_in_the_docs_is_the_table() -> None:
    assert definitions.PAGE.read_text(encoding="utf-8") == definitions.page()


def test_our_exit_rate_is_the_dropout_that_the_ministry_publishes(country: Country) -> None:
    """The simulator publishes it from children's lives, and not from what it delivers of them."""
    ((published, exits),) = country.ask(
        "select sum(n_pupils), sum(n_dropouts) from intermediate.int_ministry__dropouts where school_year = 2023"
    )
    ((landed, ours),) = country.ask(
        "select count(*), count(*) filter (not is_regular_after) from intermediate.int_outcomes__interruptions "
        "where school_year = 2023 and level in ('B0', 'F0') and not is_deceased and not is_graduate"
    )
    assert published > 900
    assert abs(landed - published) <= 0.005 * published
    assert exits > 20
    assert abs(ours - exits) <= max(2, 0.05 * exits)


def test_who_went_abroad_is_no_interruption_by_the_rows_that_landed(country: Country) -> None:
    """From raw rows alone: no flag of a model takes part."""
    abroad = (
        "select distinct child_key, cast(id_anio as integer) as school_year from raw.siagie_enrollments "
        "where justificacion_retiro = 'VIAJE AL EXTRANJERO'"
    )
    gone = f"({abroad}) as a anti join raw.siagie_enrollments as e on e.child_key = a.child_key and e.id_anio = a.school_year + 1"
    counted = f"select count(*), count(*) filter (o.label) from {gone} join outcomes.child_outcomes as o on o.child_key = a.child_key and year(o.as_of_date) = a.school_year and o.outcome = "
    ((rows, labeled),) = country.ask(counted + "'interruption'")
    assert (rows > 10, labeled) == (True, 0)
    ((rows, exits),) = country.ask(counted + "'ebr_exit' and o.label is not null")
    assert rows == exits > 10
