"""The comparison can fail, and the second implementation stands on nothing of ours."""

from __future__ import annotations

import ast
import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest

from tests.second import compare, reasons
from tests.second.arithmetic import rounded
from tests.second.enrollments import _word
from tests.second.marks import points
from tests.second.outcomes import _schools

ON = dt.date(2025, 10, 31)
ROW = {
    "child_key": 7,
    "absence_days": 31,
    "attendance_share": Fraction(9, 10),
    "is_working": False,
    "poverty_class": None,
}
OURS = {"warehouse", "ml", "service", "dags", "deploy", "grafana"}


def test_it_imports_nothing_of_ours() -> None:
    for file in Path(__file__).parent.glob("[!t]*.py"):  # its tests use the fixtures of all tests
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
        assert not OURS & {module.split(".")[0] for module in modules}, file.name


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("absence_days", 32),
        ("attendance_share", 0.9001),
        ("is_working", True),
        ("poverty_class", 0),
        ("absence_days", None),
        ("unheard_of", 1),
    ],
)
def test_a_value_that_differs_is_found_and_told(column: str, value: object) -> None:
    (found,) = compare.children(ON, {7: {**ROW, "attendance_share": 0.9, column: value}}, {7: ROW}, {7})
    assert (found.column, found.warehouse) == (column, value)
    assert str(found).startswith(f"child 7 on 2025-10-31: {column} is {value} in the warehouse, ")
    assert str(found) in compare.report([found])


def test_equal_values_and_children_that_were_not_drawn_are_no_difference() -> None:
    assert not list(compare.children(ON, {7: {**ROW, "attendance_share": 0.9}}, {7: ROW}, {7}))
    assert not list(compare.children(ON, {7: ROW, 8: {"grade": 4}}, {7: ROW, 8: {"grade": 5}}, {7}))


@pytest.mark.parametrize(("theirs", "mine"), [({7: ROW}, {}), ({}, {7: ROW})])
def test_a_pupil_whom_only_one_knows_is_found(theirs: dict, mine: dict) -> None:
    (found,) = compare.children(ON, theirs, mine, {7})
    assert (found.column, found.warehouse, found.second) == ("pupil", 7 in theirs, 7 in mine)


def test_a_cell_that_differs_is_found_and_one_of_nobody_is_none() -> None:
    cell, empty = (2025, "01", None, "B0", "over_age"), (2025, "02", None, "B0", "over_age")
    assert not list(compare.counts({cell: (9, 1), empty: (0, 0)}, {cell: (9, 1)}))
    (found,) = compare.counts({cell: (9, 1)}, {cell: (9, 2)})
    assert (
        str(found) == "over_age of level B0 at ['01', None] on 2025: n_cases is 1 in the warehouse, 2 by the sentences"
    )
    assert [one.column for one in compare.counts({cell: (9, 1)}, {})] == ["n_pupils", "n_cases"]


def test_keys_that_became_one_child_are_drawn_together() -> None:
    merged = [{"child_key": 1, "merged_into": 2}, {"child_key": 2, "merged_into": 3}]
    raw = type("Raw", (), {"tables": {"child_merges": merged}})()
    assert compare.keys_of(raw, [1, 9]) == {1, 2, 3, 9}


def test_a_reason_that_the_raw_rows_contradict_is_found() -> None:
    row = {name: None for name in reasons.TEXTS} | {"absence_days": 31, "is_working": False, "n_moves_this_year": 1}
    assert reasons.contradiction("absence_days", 31.0, row) is None
    assert reasons.contradiction("absence_days", 32.0, row) == "absence_days is 32.0, and by the raw rows 31.0"
    assert reasons.contradiction("poverty_class", 0.0, row) is not None
    assert reasons.contradiction("base", None, row) is None
    assert reasons.unfounded("acumula 31 días de falta este año; cambió de escuela 1 vez este año", row) == []
    assert reasons.unfounded("acumula 30 días de falta este año; trabaja", row) == [
        "acumula 30 días de falta este año",
        "trabaja",
    ]


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (Fraction(323, 40), 2, "8.08"),
        (Fraction(-1, 8), 2, "-0.13"),
        (Fraction(1, 3), 4, "0.3333"),
        (0.25, 1, "0.3"),
        (Fraction(0), 2, "0"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: Fraction | float, places: int, expected: str) -> None:
    assert rounded(value, places) == Fraction(expected)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("A D", 4),
        ("AA", 3),
        (" b", 2),
        ("c ", 1),
        ("18", 4),
        ("17", 3),
        ("14", 3),
        ("13", 2),
        ("11", 2),
        ("10", 1),
        ("0", 1),
        (None, None),
        ("NSP", None),
    ],
)
def test_marks_have_points(mark: str | None, expected: int | None) -> None:
    assert points(mark) == expected


@pytest.mark.parametrize(
    ("regions", "waited_for"),
    [
        ({"1": "15", "2": None, "3": "08"}, [{"1"}, {"3"}]),  # a school of no region holds nobody back
        ({"1": None, "2": "", "3": None}, [{"1", "2", "3"}]),  # all are one where none has a region
        ({}, []),
    ],
)
def test_schools_that_labels_wait_for(regions: dict[str, str | None], waited_for: list[set[str]]) -> None:
    rows = [{"cod_mod": code, "anexo": "0", "_region": region} for code, region in regions.items()]
    named = [{f"{code.zfill(7)}-0" for code in codes} for codes in waited_for]
    assert sorted(_schools(rows), key=sorted) == sorted(named, key=sorted)


@pytest.mark.parametrize(
    ("said", "tells"),
    [
        ("ninguna ", None),
        ("No", None),
        (" ", None),
        (None, None),
        ("NO TIENE", None),
        ("Nomatsiguenga", "NOMATSIGUENGA"),
    ],
)
def test_a_word_that_says_none_tells_nothing(said: str | None, tells: str | None) -> None:
    assert _word(said) == tells
