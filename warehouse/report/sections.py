"""The sections of a bulletin, ready to be laid out: the page and the PDF show the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from warehouse.report import charts
from warehouse.report.charts import Drawing
from warehouse.report.figures import Bulletin
from warehouse.report.tables import BulletinTable
from warehouse.report.wording import heading, is_share, shown_rows, texts

FOLDED = 15  # a table with a chart and more rows than this is folded


@dataclass(frozen=True)
class Section:
    """A table with its words and charts.

    Attributes:
        key: the table's key in the texts.
        title: its heading.
        definition: what it shows.
        limits: how it must not be read.
        drawings: its charts.
        headings: of the columns.
        rows: formatted for people.
        numeric: for each column whether it holds numbers.
        notes: sentences for rows that hold no figure, or why there are no rows.
        is_folded: whether the charts say the most of it and the rows may wait.
    """

    key: str
    title: str
    definition: str
    limits: str
    drawings: Sequence[Drawing]
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[bool]
    notes: Sequence[str]
    is_folded: bool


def sections(bulletin: Bulletin) -> list[Section]:
    """Return the sections of a bulletin in the order of its tables."""
    return [_section(bulletin, table) for table in bulletin.tables]


def _section(bulletin: Bulletin, table: BulletinTable) -> Section:
    own = texts()["tables"][table.key]
    drawings = charts.drawings(bulletin, table.key)
    told = _without_figures(table) if table.key == "effects" else {}
    kept = _kept(table, told)
    return Section(
        key=table.key,
        title=own["title"],
        definition=own["definition"],
        limits=own["limits"],
        drawings=drawings,
        headings=list(map(heading, kept.columns)),
        rows=shown_rows(kept),
        numeric=list(map(is_numeric, kept.columns)),
        notes=[*_notes(told), *_about_hidden(table)] if table.rows else [own["empty"]],
        is_folded=bool(drawings) and len(kept.rows) > FOLDED,
    )


def _kept(table: BulletinTable, told: Collection[int]) -> BulletinTable:
    """Return a table without the rows that notes tell and the columns that say nothing."""
    places = [at for at, name in enumerate(table.columns) if not _is_empty(table, name)]
    rows = tuple(tuple(row[at] for at in places) for number, row in enumerate(table.rows) if number not in told)
    return BulletinTable(table.key, tuple(table.columns[at] for at in places), rows)


def _is_empty(table: BulletinTable, column: str) -> bool:
    """Return whether a column says nothing of any row: names that a release lacks, what is missing where nothing is."""
    return (column in ("school_name", "missing_text") and not any(table.column(column))) or column in _hidden(table)


def _hidden(table: BulletinTable) -> list[str]:
    """Return the columns of numbers that have none in any row."""
    return [name for name in table.columns if is_numeric(name) and all(value is None for value in table.column(name))]


def _about_hidden(table: BulletinTable) -> list[str]:
    """Return a sentence that names the columns without any number; none where each has one."""
    names = ", ".join(map(heading, _hidden(table)))
    return [texts()["hidden_columns"].format(names=names)] if names else []


def _without_figures(table: BulletinTable) -> dict[int, tuple[str, str]]:
    """Return row → name and reason, of rows that have no figure."""
    found = {}
    for at, row in enumerate(table.dicts()):
        if all(row[name] is None for name in table.columns if is_numeric(name)):
            found[at] = (row["service_name"], row["verdict_text"])
    return found


def _notes(told: dict[int, tuple[str, str]]) -> list[str]:
    """Return a sentence for each reason, with the names of the rows that have it."""
    reasons: dict[str, list[str]] = {}
    for name, reason in told.values():
        reasons.setdefault(reason, []).append(name)
    words = texts()["without_figure"]
    return [words.format(reason=f"{reason.rstrip('.')}:", names=", ".join(names)) for reason, names in reasons.items()]


def is_numeric(column: str) -> bool:
    """Return whether a column holds shares, counts or days."""
    return is_share(column) or column.startswith(("n_", "median_"))
