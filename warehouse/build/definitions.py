"""The table of definitions in the docs, from the seed and from what the features' YAML says.

`python -m warehouse.build.definitions` writes `docs/definitions.md`; a test keeps the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from warehouse import seeds
from warehouse.build import feature_catalog
from warehouse.settings import DBT_PROJECT, REPOSITORY, read_yaml

PAGE = REPOSITORY / "docs" / "definitions.md"
TITLES = {
    "outcome": "Outcomes",
    "indicator": "Indicators",
    "ratio": "Ratios to the population",
    "rule": "Rules of services",
    "feature": "Features and reasons",
}
COLUMNS = {
    "name": "name",
    "sentence": "what it means",
    "formula": "formula",
    "denominator": "of",
    "if_missing": "missing",
    "basis": "basis",
}
HEAD = """# Definitions

Generated from `dbt_project/seeds/definitions.csv` and the features' YAML by `python -m warehouse.build.definitions`.

Every value is what was **known** on the as-of date. A row is known from its delivery, the day in its file's name, and
not before its own date, where it has one: FECHA_REGISTRO of an enrollment and of a survey of work, the last day of a
month of attendance, 31 July and 31 December for marks of period A and B, FECHA_MATRICULA in alternative education,
FECHA_CLASIFICACION, and FECHA of a service; what arrives after a date was closed, from the day after it. (What was
landed with `--backfill` is known from its own date.) Of rows that tell of one thing the known one **told last** counts:
by delivery, then by the order of landing, then by line. Of a file that another replaced no row counts.

A number or a document that is not known to be a child's gets a key of its own; keys that are known to be one child are
that child from then on. What a school told under two keys is taken as what two schools tell: a row ends only what the
same school told before under the same key. Of enrollments one is chosen as said below; a mark of an area, and a SISFOH
classification of one day, counts once, as told last; a service of a kind and day counts once; of work surveyed in one
year the most hours count; on a roll a child is active who is so under one key.

Years are calendar years, which are school years in Peru. «This year» is the year of the as-of date, «last year» the one
before; a month of attendance is known where it has days open and both kinds of absence. Where two schools tell of one
month, their days add up if together they are no more than the month's days from Monday to Friday; else they tell of the
same days, and the school that was open on more of them counts, with all that it tells; of equals the one with more
absences, then with more of them unjustified, then with more days late.

Words of lists, areas, sections and schooling count without spaces around them and in any case; spaces alone say
nothing, and SÍ is SI. A disability, a mother tongue or a country of birth is not registered where its word says that
there is none: {words_for_none}.
Mother tongues that are no language of Peru other than Spanish: {other_languages}.

Shares, means of marks, the slope of absences and differences of these have 4 decimals, other means and ratios 2,
distances 1. Halves are rounded away from zero, and a difference is taken of rounded numbers.

A pupil on a date is a child whose enrollment of this year is no exit (ESTADO_MATRICULA RETIRADO, FALLECIDO), in primary
(B0) or secondary (F0). Of several enrollments of this year, of whatever level, **the child's enrollment** is chosen
first, and is that of the child's school: a death before everything, then one that is neither an exit nor a transfer
(TRASLADADO), then a withdrawal, then a transfer; of equals the one of the last FECHA_MATRICULA, then of the last
FECHA_REGISTRO, then of the lesser service code, then of the lesser key. If that one is of another level, as special
education, the child is no pupil.

How a year ended, the enrollment of the last FECHA_MATRICULA tells that is not TRASLADADO; of two of one day, the one
with the better result: passed, failed, recovery not told yet, postponed, withdrawn, moved abroad, died. A guided
promotion passes. **Moved abroad** is who has VIAJE AL EXTRANJERO as JUSTIFICACION_RETIRO, in these words, in an
enrollment of the year; **died**, who has FALLECIDO as ESTADO_MATRICULA or SITUACION_FINAL.

Labels of year t are final from the first delivery of t+1 of 30 November or later, once nearly all schools of each
region that deliveries of t told of have been told of in deliveries of t+1, be they earlier ones: 80% of them or, where
they are few, all but two and at least half. A school that no register names is of no region: it is waited for only
where none of these schools has a region, and then all are one; labels of its pupils are final with the others'.
Repetition is final from the first delivery of t of 1 March of t+1 or later, once the same holds of the schools with
pupils to recover; with the other labels where no recovery was held (`docs/data-quality.md`). A label says what was
known on that day.

An indicator counts the pupils whose school the register names as open; the others count in no cell, not even of the
nation. `own` as a basis means: no public norm was found, the definition is ours.
"""


def rows(project: Path = DBT_PROJECT) -> list[dict[str, str]]:
    """Return the rows of the seed, a feature's sentence from its column."""
    sentences = {feature.name: feature.description for feature in feature_catalog.read(project)}
    defined = seeds.rows("definitions", project)
    return [{**row, "sentence": row["sentence"] or sentences.get(row["name"], "")} for row in defined]


def reasons(project: Path = DBT_PROJECT) -> dict[str, str]:
    """Return the text of each feature that can be a reason."""
    return {row["feature"]: row["reason_text"] for row in seeds.rows("reason_texts", project)}


def page(project: Path = DBT_PROJECT) -> str:
    """Return the page, a table for each kind."""
    definitions = rows(project)
    texts = reasons(project)
    parts = [_head(project)]
    for kind, title in TITLES.items():
        columns = COLUMNS | ({"reason": "as a reason"} if kind == "feature" else {})
        parts += [f"\n## {title}\n", _line(columns.values()), _line("---" for _ in columns)]
        for row in definitions:
            if row["kind"] == kind:
                parts.append(_line(_cells(row | {"reason": texts.get(row["name"], "")}, columns)))
    return "\n".join(parts) + "\n"


def _head(project: Path) -> str:
    """Return what stands before the tables, with the lists of words that the project's variables are."""
    policy = read_yaml(project / "dbt_project.yml")["vars"]
    return HEAD.format(**{name: ", ".join(policy[name]) for name in ("words_for_none", "other_languages")})


def _cells(row: dict[str, str], columns: Iterable[str]) -> list[str]:
    return [f"`{row[key]}`" if key == "name" else row[key].replace("|", "\\|") for key in columns]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
