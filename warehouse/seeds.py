"""Seeds of the dbt project: the tables of codes, words and limits that Qhawaq ships."""

from __future__ import annotations

import csv
from pathlib import Path

from warehouse.settings import DBT_PROJECT


def rows(name: str, project: Path = DBT_PROJECT) -> list[dict[str, str]]:
    """Return the rows of a seed in the order of its file, each column as text.

    Args:
        name: the seed, without `.csv`.
        project: a dbt project; the shipped one by default.

    Raises:
        FileNotFoundError: the project has no such seed.
    """
    with (project / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
