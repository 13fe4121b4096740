"""Answers in the name of officials are the published cells, to the last digit, and nothing that they do not show."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from warehouse.analysis import published
from warehouse.analysis.question import parse
from warehouse.errors import HomeError, UsageError
from warehouse.publish import switching
from warehouse.settings import Home

SHOWN = "n_pupils, n_cases, case_share"


@pytest.fixture(scope="module")
def file(country: Country) -> Iterator[duckdb.DuckDBPyConnection]:
    """The officials' file."""
    path = switching.file(country.home, "officials", switching.current(country.home) or "")
    with duckdb.connect(str(path), read_only=True) as db:
        yield db


@pytest.mark.parametrize(
    ("question", "cells"),
    [
        ("interruption", "select school_year, level, {} from indicators where department_code = '00'"),
        ("interruption by department", "select department_name, school_year, level, {} from indicators where department_code <> '00'"),
        ("over_age por ugel", "select ugel_code, school_year, level, {} from ugel_indicators"),
        ("repetition by sex", "select split_part(group_name, '=', 2), school_year, level, {} from group_gaps where place_code = '00' and group_name like 'sex=%'"),
        ("repetition by sex, department", "select split_part(group_name, '=', 2), place_name, school_year, level, {} from group_gaps where length(place_code) = 2 and place_code <> '00' and group_name like 'sex=%'"),
    ],
)  # fmt: skip
def test_an_answer_is_what_the_mart_shows(
    country: Country, file: duckdb.DuckDBPyConnection, question: str, cells: str
) -> None:
    indicator = question.split()[0]
    select = cells.format(SHOWN)
    told = file.execute(
        f"select * exclude (indicator) from ({select.replace(' from ', ', indicator from ', 1)}) "
        f"where indicator = '{indicator}'"
    ).fetchall()
    answer = published.answer(country.home, parse(question))
    assert sorted(answer.rows, key=repr) == sorted(told, key=repr)
    assert len(told) > 10
    assert answer.n_hidden == sum(row[-1] is None for row in told) + sum(
        row[-1] is not None and None in row[-3:] for row in told
    )


def test_conditions_and_years_choose_cells_and_a_value_needs_no_accent(country: Country) -> None:
    whole = published.answer(country.home, parse("over_age by department"))
    asked = published.answer(
        country.home, parse("over_age where departamento = Áncash and nivel = B0 from 2021 to 2022")
    )
    assert asked.rows == [
        row[1:] for row in whole.rows if row[0] == "Áncash" and row[2] == "B0" and row[1] in (2021, 2022)
    ]
    assert len(asked.rows) == 2
    plain = published.answer(country.home, parse("over_age where department = ancash and level = B0 from 2021 to 2022"))
    assert plain == asked
    others = published.answer(country.home, parse("over_age by department where department != ancash"))
    assert others.rows == [row for row in whole.rows if row[0] != "Áncash"]


def test_several_indicators_stand_side_by_side(country: Country) -> None:
    both = published.answer(country.home, parse("repetition, over_age by level, school_year"))
    assert both.head[:2] == ("level", "school_year")
    assert both.head[2:5] == ("repetition: pupils", "repetition: cases", "repetition: share")
    for indicator, columns in (("repetition", slice(2, 5)), ("over_age", slice(5, 8))):
        alone = published.answer(country.home, parse(f"{indicator} by level, school_year"))
        shown = {row[:2]: row[columns] for row in both.rows}
        assert {row[:2]: row[2:] for row in alone.rows} == {key: shown[key] for key in (row[:2] for row in alone.rows)}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("dropout_of_last_century", "has no value «dropout_of_last_century»"),
        ("interruption by school", "no dimension of what is published is called «school»"),
        ("interruption by sex, language", "of one sex, language or another trait at a time, not of language and sex"),
        ("interruption by ugel where department = Cusco", "of one department or UGEL at a time"),
        ("interruption by department where department = Cuzko", "did you mean Cusco"),
    ],
)
def test_what_is_not_published_is_refused_with_what_there_is(country: Country, question: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        published.answer(country.home, parse(question))


def test_a_home_without_a_release_says_so(tmp_path) -> None:
    home = Home(tmp_path)
    with pytest.raises(HomeError, match="published nothing for officials yet"):
        published.answer(home, parse("interruption"))


def test_the_command_tells_how_many_cells_are_hidden_and_of_which_release(country: Country) -> None:
    asked = "interruption by department from 2022"
    said = qhawaq(country.home.root, "query", "--published", asked)
    assert "of the cells hidden)" in said.stderr
    assert switching.current(country.home) in said.stderr
    head, *lines = said.stdout.splitlines()
    assert head.split()[:3] == ["department", "school_year", "level"]
    table = list(csv.reader(io.StringIO(qhawaq(country.home.root, "query", "--published", "--csv", asked).stdout)))
    assert len(table) == len(lines) + 1
    assert table[0][-1] == "interruption: share"


@pytest.mark.parametrize("options", [["--list"], ["--sql", "interruption"], []])
def test_published_cells_have_no_list_and_no_sql_to_show(country: Country, options: list[str]) -> None:
    said = qhawaq(country.home.root, "query", "--published", *options, expect=2).stderr
    assert "--published goes with a question" in said
