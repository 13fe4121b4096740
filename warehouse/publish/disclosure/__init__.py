"""What officials may see of groups of people: decided once per count, kept for ever, and tried as an attacker would."""

from __future__ import annotations

import duckdb

from warehouse import database
from warehouse.publish.disclosure import indicators, published


def decide_all(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on every count that was not decided before, and keep it for ever; return how many rows."""
    return indicators.decide_new(db) + published.decide_new(db)


def keep_effects(db: duckdb.DuckDBPyConnection) -> None:
    """Keep what officials are about to see of the effects of services; they are new figures on every day judged."""
    built = "select 1 from duckdb_tables() where schema_name = 'officials' and table_name = 'program_effects'"
    if not database.column(db, built):
        return
    shown = (
        "support_code, outcome, judged_on, n_served, share_served, share_without, effect, effect_low, effect_high, "
        "e_value, e_value_of_limit, is_shown"
    )
    db.execute(
        f"insert into raw.official_effects by name select *, (select today from raw.calendar) as shown_on from "
        f"(select {shown} from officials.program_effects except select {shown} from raw.official_effects)"
    )
