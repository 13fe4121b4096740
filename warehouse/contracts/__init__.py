"""Source contracts: dbt's `sources` YAML is the only description of a delivery.

Keys beyond dbt's own stand in `config.meta` of a table (`file_pattern`, `separator`, `encoding`, `quoting`, `key`,
`known_at`, `replaces`, `scope`, `coverage`, `line_end_required`, `missing`, `retention_years`, `other_columns`,
`packed`, `rules`) and of a column (`identity`, `alias`, `pseudonym`, `optional`, `since`, `until`, `headers`, `link`,
`document`, and what its values may be: `rules.py`). `docs/add-a-source.md` explains each.
"""

from warehouse.contracts.contract import (
    CHILD_KEY,
    LANDING_COLUMNS,
    REGION,
    Alias,
    Column,
    Contract,
    Coverage,
    LandedColumn,
    Packed,
    Stated,
)
from warehouse.contracts.reading import read

__all__ = [
    "CHILD_KEY",
    "LANDING_COLUMNS",
    "REGION",
    "Alias",
    "Column",
    "Contract",
    "Coverage",
    "LandedColumn",
    "Packed",
    "Stated",
    "read",
]
