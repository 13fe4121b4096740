"""`qhawaq query`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from warehouse.commands.context import Context
from warehouse.spreadsheets import harmless

if TYPE_CHECKING:
    from warehouse.analysis.answers import Answer
    from warehouse.analysis.measures import Measure, Measures
    from warehouse.analysis.published import PublishedAnswer

NOT_PUBLISHED = "exact numbers, small ones too: for work inside, not for publication"


@click.command()
@click.argument("question", required=False)
@click.option("--list", "lists", is_flag=True, help="List the measures; with a measure, what it means and is split by.")
@click.option(
    "--published", "of_officials", is_flag=True, help="Answer with what officials see: rounded and hidden cells."
)
@click.option("--sql", "shows_sql", is_flag=True, help="Show the SQL instead of its answer.")
@click.option("--csv", "as_csv", is_flag=True, help="Write the answer as CSV, shares as fractions.")
@click.pass_obj
def query(
    context: Context, question: str | None, lists: bool, of_officials: bool, shows_sql: bool, as_csv: bool
) -> None:
    r"""Answer a question with the measures of the warehouse.

    \b
    qhawaq query "dropout by grade, sex where department = Cusco from 2019"
    qhawaq query "ausentismo crónico por departamento donde nivel = F0 desde 2022 hasta 2024"

    Measures and dimensions are those of dbt's semantic models, by name or Spanish label, accents and case apart.
    With --published the answer is made of the cells that officials see, each of one year and one level.
    A value with «and», «from» or a like word in it stands in double quotes.
    """
    from warehouse import database
    from warehouse.analysis import answers, published
    from warehouse.analysis import question as questions
    from warehouse.analysis.measures import Measures
    from warehouse.errors import UsageError

    home = context.home.existing()
    if of_officials:
        if lists or shows_sql or not question:
            raise UsageError("--published goes with a question, and with --csv alone")
        _write_published(published.answer(home, questions.parse(question)), as_csv)
        return
    measures = Measures.of(home)
    if lists:
        _list(measures, question)
        return
    if not question:
        raise UsageError(f"what is the question? {questions.FORM}; qhawaq query --list shows all measures")
    with database.warehouse(home, read_only=True) as db:
        answer = answers.answer(db, measures, questions.parse(question))
    if shows_sql:
        click.echo(";\n\n".join(answer.statements) + ";")
    else:
        _write_exact(answer, as_csv)


def _list(measures: Measures, said: str | None) -> None:
    if said is None:
        for measure in measures.all.values():
            click.echo(f"{measure.name:22} {measure.label:36} {measure.description}")
        return
    measure = measures.find(said)
    click.echo(f"{measure.name} ({measure.label}): {measure.description}")
    for name, text in measure.definition.items():
        click.echo(f"  {name:12} {text}")
    click.echo(f"  {'split by':12} {', '.join(one.name for one in measures.dimensions(measure))}")


def _write_published(answer: PublishedAnswer, as_csv: bool) -> None:
    if as_csv:
        _write_csv(answer.head, answer.rows)
        return
    body = [[_published(value, name) for value, name in zip(row, answer.head, strict=True)] for row in answer.rows]
    _write_table(answer.head, body, sum(": " not in name for name in answer.head))
    click.echo(f"({len(body)} rows of release {answer.release}; {answer.n_hidden} of the cells hidden)", err=True)


def _published(value: Any, name: str) -> str:  # noqa: ANN401  of any type
    return f"{100 * value:.1f}%" if name.endswith(": share") and value is not None else _dimension(value)


def _write_exact(answer: Answer, as_csv: bool) -> None:
    head = [*answer.dimensions, *(measure.name for measure in answer.measures)]
    if as_csv:
        _write_csv(head, answer.rows)
        return
    width = len(answer.dimensions)
    body = [[*map(_dimension, row[:width]), *map(_shown, row[width:], answer.measures)] for row in answer.rows]
    _write_table(head, body, width)
    click.echo(f"({len(body)} rows; {NOT_PUBLISHED})", err=True)


def _write_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([harmless(value) for value in row] for row in rows)


def _padded(cells: Sequence[str], pad: Callable[[str, int], str]) -> list[str]:
    """Return a column's cells, each as wide as the widest."""
    return [pad(cell, max(map(len, cells))) for cell in cells]


def _write_table(head: Sequence[str], body: Sequence[Sequence[str]], n_dimensions: int) -> None:
    columns = zip(head, *body, strict=True)
    padded = [_padded(cells, str.ljust if n < n_dimensions else str.rjust) for n, cells in enumerate(columns)]
    for line in zip(*padded, strict=True):
        click.echo("  ".join(line).rstrip())


def _dimension(value: Any) -> str:  # noqa: ANN401  of any type
    return "—" if value is None else str(value)


def _shown(value: Any, measure: Measure) -> str:  # noqa: ANN401  a number of SQL
    from warehouse.analysis.measures import COUNT, PERCENT

    if value is None:
        return "—"
    if measure.unit == PERCENT:
        return f"{100 * value:.1f}%"
    return f"{value:,.0f}" if measure.unit == COUNT else f"{value:.2f}"
