"""The answer key, outside the home: true risks by child and date, and the rows that each trap touches."""

from __future__ import annotations

import calendar
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.country import lives, risk
from warehouse.country.lives import Year
from warehouse.country.office import Office


def as_of_dates(year: int, today: date) -> list[date]:
    """Return the as-of dates of a school year: three of a past year, every month's end of the current one."""
    months = range(3, 13) if year == today.year else (4, 7, 10)
    ends = [date(year, month, calendar.monthrange(year, month)[1]) for month in months]
    return [day for day in ends if day <= today]


def child_dates(year: Year, today: date) -> pa.Table | None:
    """Return the true risks, with and without services, of children in school on each as-of date."""
    parts = []
    for day in as_of_dates(year.year, today):
        month = day.month - risk.FIRST_MONTH
        here = year.left_month > day.month
        last = year.grade[here] == lives.LAST_GRADE
        state = (year.months[here, month], year.drift[here], risk.MONTHS - 1 - month)
        chance = risk.expected(year.log_odds[here], *state)
        untreated = risk.expected(year.risk_untreated[here], *state)
        parts.append(
            pa.table(
                {
                    "child": year.child[here],
                    "as_of_date": pa.array(np.full(here.sum(), np.datetime64(day)), type=pa.date32()),
                    "risk": risk.still_here(chance, day.month, last),
                    "risk_untreated": risk.still_here(untreated, day.month, last),
                    "interrupts": year.fate[here] == lives.Fate.LEAVES,
                    "fate": year.fate[here],
                }
            )
        )
    return pa.concat_tables(parts) if parts else None


def effects(years: list[Year]) -> pa.Table:
    """Return the recipients of each service in each year and its mean effect on their chance of leaving."""
    rows = [
        {
            "support_code": code,
            "school_year": year.year,
            "n_served": int(served.sum()),
            "effect": float(year.effect(code)[served].mean()),
        }
        for year in years
        for code, month in year.services.items()
        if (served := month > 0).any()
    ]
    return pa.Table.from_pylist(rows)


def write(folder: Path, office: Office, years: list[Year]) -> None:
    """Write `child_dates.parquet`, `children.parquet`, `cases.parquet`, `effects.parquet` and `traps.parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_dates(folder / "child_dates.parquet", office, years)
    office.db.execute(
        "copy (select child, household, persona, persona_2, dni, dni_from, second_id_from, father, mother, "
        "given_1 || ' ' || given_2 as given, born, is_twin from child) to ? (format parquet)",
        [str(folder / "children.parquet")],
    )
    pq.write_table(effects(years), folder / "effects.parquet")
    office.db.execute("copy (from case_of order by all) to ? (format parquet)", [str(folder / "cases.parquet")])
    traps = [trap._asdict() for trap in office.traps]
    pq.write_table(pa.Table.from_pylist(traps), folder / "traps.parquet")


def _write_dates(path: Path, office: Office, years: list[Year]) -> None:
    """Write the true risks year by year, so that memory holds a single year."""
    writer = None
    for year in years:
        if (table := child_dates(year, office.today)) is not None:
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    if writer:
        writer.close()
