"""Answers to questions: exact numbers from the star, for who works with the warehouse; none of them is published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.analysis.measures import YEAR, Measure, Measures, plain, suggestion
from warehouse.analysis.question import Filter, Question
from warehouse.database import column, quoted
from warehouse.errors import UsageError

_GRADE = re.compile(r"(?P<number>\d+)\.° de (?P<stage>\w+)$")


@dataclass(frozen=True)
class Answer:
    """A table: the dimensions' columns, then one for each measure; ordered by the dimensions."""

    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]
    rows: list[tuple[Any, ...]]
    statements: tuple[str, ...]


def answer(db: duckdb.DuckDBPyConnection, measures: Measures, question: Question) -> Answer:
    """Answer a question.

    Args:
        db: the warehouse.
        measures: its measures.
        question: what is asked.

    Raises:
        UsageError: a measure, a dimension or a value is not known.
    """
    asked = list(map(measures.find, question.measures))
    statements = tuple(_statement(db, measures, measure, question) for measure in asked)
    columns = [dict(_values(db, sql)) for sql in statements]
    names = tuple(measures.dimension(asked[0], said).name for said in question.by)
    keys = sorted(set().union(*columns), key=lambda key: list(map(_order, key)))
    table = [(*key, *(column.get(key) for column in columns)) for key in keys]
    return Answer(names, tuple(asked), table, statements)


def _values(db: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield a measure's values by those of the dimensions."""
    return ((tuple(key), value) for *key, value in db.execute(sql).fetchall())


def _order(value: Any) -> tuple[Any, ...]:  # noqa: ANN401  of any type
    """Return where a value stands: grades by stage and number, nothing last."""
    grade = _GRADE.match(value) if isinstance(value, str) else None
    return (value is None, *((grade["stage"], int(grade["number"])) if grade else (value, 0)))


def _statement(db: duckdb.DuckDBPyConnection, measures: Measures, measure: Measure, question: Question) -> str:
    by = [measures.dimension(measure, said) for said in question.by]
    where = [_condition(db, measures, measure, one) for one in question.filters]
    return measures.sql(measure, by, [*where, *_years(measures, measure, question)])


def _years(measures: Measures, measure: Measure, question: Question) -> list[str]:
    limits = ((">=", question.first_year), ("<=", question.last_year))
    return [f"{measures.dimension(measure, YEAR).in_filter} {sign} {year}" for sign, year in limits if year is not None]


def _condition(db: duckdb.DuckDBPyConnection, measures: Measures, measure: Measure, asked: Filter) -> str:
    dimension = measures.dimension(measure, asked.dimension)
    value = value_meant(column(db, measures.values_sql(measure, dimension)), dimension.name, asked.value)
    literal = quoted(value, "'") if isinstance(value, str) else str(value)
    sign = "is distinct from" if asked.is_negated else "="
    return f"{dimension.in_filter} {sign} {_inert(literal)}"


def _inert(literal: str) -> str:
    """Return a literal in which the template language of filters finds nothing to do."""
    return "{% raw %}" + literal.replace("{%", "{' || '%") + "{% endraw %}" if "{" in literal else literal


def value_meant(known: Sequence[Any], name: str, said: str) -> Any:  # noqa: ANN401  of any type
    """Return the value that was meant, accents and case apart.

    Args:
        known: the values that there are.
        name: of what has them.
        said: the value, as somebody wrote it.

    Raises:
        UsageError: there is none like it; the message names some.
    """
    by_word = {plain(str(value)): value for value in known if value is not None}
    if plain(said) in by_word:
        return by_word[plain(said)]
    known_values = {word: str(value) for word, value in by_word.items()}
    some = suggestion(said, known_values, "it has, for example,", most=10)
    raise UsageError(f"{name} has no value «{said}»: {some}")
