"""Questions are read as they were meant, and what is none is refused with what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.analysis.measures import plain, suggestion
from warehouse.analysis.question import Filter, Question, parse
from warehouse.errors import UsageError


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("dropout", Question(("dropout",))),
        ("Dropout , repeaters by  Grade,sex", Question(("dropout", "repeaters"), ("grade", "sex"))),
        (
            "dropout where department = Madre de Dios and level != F0 from 2019 to 2024",
            Question(
                ("dropout",), (), (Filter("department", "Madre de Dios"), Filter("level", "F0", True)), 2019, 2024
            ),
        ),
        (
            'deserción por grado donde escuela = "Luz y Vida from 1 to 2" y área=rural desde 2020',
            Question(
                ("deserción",), ("grado",), (Filter("escuela", "Luz y Vida from 1 to 2"), Filter("área", "rural")), 2020
            ),
        ),
        ("dropout to 2020 by grade", Question(("dropout",), ("grade",), last_year=2020)),
        ("tomatoes by fromage", Question(("tomatoes",), ("fromage",))),
    ],
)
def test_a_question_is_read_as_it_was_meant(text: str, question: Question) -> None:
    assert parse(text) == question


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "which measure"),
        ("by grade", "which measure"),
        ("dropout by", "nothing after it"),
        ("dropout by grade by sex", "twice"),
        ("dropout by grade por sexo", "twice"),
        ("dropout where grade", "is no condition"),
        ("dropout where grade =", "is no condition"),
        ("dropout from 19", "is no year"),
        ("dropout to 20x4", "is no year"),
    ],
)
def test_what_is_no_question_is_refused_with_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text)


names = st.from_regex(r"[a-z]{3,8}_[a-z]{1,8}", fullmatch=True)
values = (
    st.text(st.characters(codec="utf-8", exclude_characters='"', exclude_categories=["C"]), min_size=1)
    .map(str.strip)
    .filter(bool)
)


@given(
    st.lists(names, min_size=1, max_size=3, unique=True),
    st.lists(names, max_size=3, unique=True),
    st.lists(st.tuples(names, values, st.booleans()), max_size=3),
    st.none() | st.integers(1000, 9999),
)
def test_whatever_is_written_in_the_form_is_read_back(
    measures: list[str], by: list[str], filters: list[tuple[str, str, bool]], year: int | None
) -> None:
    text = ", ".join(measures)
    text += f" by {', '.join(by)}" if by else ""
    conditions = [f'{name} {"!=" if negated else "="} "{value}"' for name, value, negated in filters]
    text += f" where {' and '.join(conditions)}" if conditions else ""
    text += f" from {year}" if year else ""
    found = tuple(Filter(name, value, negated) for name, value, negated in filters)
    assert parse(text) == Question(tuple(measures), tuple(by), found, year)


@pytest.mark.parametrize(
    ("said", "most", "told"),
    [
        ("Cuzco", 2, "did you mean Cusco, Ayacucho"),  # the closest first
        ("ancas", None, "did you mean Áncash"),
        ("zzz", 2, "there are Ayacucho, Cusco"),
        ("zzz", None, "there are Ayacucho, Cusco, Lima, Áncash"),
    ],
)
def test_a_suggestion_begins_with_the_closest(said: str, most: int | None, told: str) -> None:
    known = {plain(name): name for name in ("Cusco", "Ayacucho", "Lima", "Áncash")}
    assert suggestion(said, known, "there are", most) == told
