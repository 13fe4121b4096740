"""What machine learning is given: rows of closed dates with matured outcomes, and what the columns are called."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb

from warehouse import database
from warehouse.build import closing, feature_catalog
from warehouse.build import policy as build_policy
from warehouse.database import quoted
from warehouse.errors import QhawaqError
from warehouse.rights import erased
from warehouse.settings import Home

if TYPE_CHECKING:
    from ml.data.dataset import Rows, Spec
    from ml.policy import Policy

OUTCOME = "interruption"  # the outcome that the lists of visits go by
REPETITION = "repetition"  # goes by the marks of the year before: a year without a past teaches what never holds
OUTCOMES = (OUTCOME, REPETITION)
# Segments of every figure, as SQL over features (f) and outcomes (l); what is null is «unknown».
SEGMENTS = {
    "level": "f.level",
    "area": "case when f.is_rural then 'rural' when not f.is_rural then 'urban' end",
    "region": "f.department_code",
    "sex": "case when f.is_female then 'mujer' when not f.is_female then 'varón' end",
    "language": "case when f.speaks_indigenous_language then 'originaria' "
    "when not f.speaks_indigenous_language then 'castellano' end",
    "disability": "case when f.has_disability then 'con' when not f.has_disability then 'sin' end",
    "nationality": "case when f.is_foreign then 'extranjera' when not f.is_foreign then 'peruana' end",
    "listed": "case when l.was_listed then 'sí' else 'no' end",
    "served": "case when l.was_served then 'sí' else 'no' end",
}


def policy(outcome: str = OUTCOME) -> Policy:
    """Return the thresholds by which rules rank and years train, for an outcome."""
    from ml.policy import Policy

    variables = build_policy.variables()
    return Policy(
        low_attendance_share=variables["low_attendance_share"],
        abc_failed_areas=variables["abc_failed_areas"],
        over_age_risk_years=variables["over_age_risk_years"],
        pandemic_years=tuple(variables["pandemic_years"]),
        needs_past=outcome == REPETITION,
    )


def spec(more: tuple[str, ...] = (), outcome: str = OUTCOME) -> Spec:
    """Return what models of an outcome learn from, with the direction that each is expected to have.

    Args:
        more: features besides that no model in use learns from (to see what they would bring).
        outcome: of the models.
    """
    from ml.data.dataset import Spec

    chosen = {f.name: f.direction for f in feature_catalog.read() if f.may_tell(outcome) or f.name in more}
    return Spec(tuple(chosen), tuple(chosen.values()))


def every_feature() -> Spec:
    """Return every feature, those too that no model learns from: who is served may depend on any of them."""
    return spec(tuple(feature.name for feature in feature_catalog.read()))


def rows(db: duckdb.DuckDBPyConnection, home: Home, outcome: str, chosen: Spec, today: date) -> Rows:
    """Read the rows of every closed date whose label of an outcome is known today."""
    from ml.data import dataset

    days = [day for day in closed_days(home) if day[:4] < str(today.year)]
    return dataset.read_rows(
        db, parquet(home, days), _outcomes(outcome), dataset.Names(segments=SEGMENTS), chosen, str(today)
    )


def closed_days(home: Home) -> list[str]:
    """Return the closed as-of dates that are not retired, in order."""
    return list(closing.kept(home))


def rows_of(db: duckdb.DuckDBPyConnection, home: Home, outcome: str, chosen: Spec, days: list[str]) -> Rows:
    """Read the rows of closed dates, whether their labels are known or not (they are all unknown here)."""
    from ml.data import dataset

    unknown = f"(select * replace (null as label, as_of_date as label_known_at) from {_outcomes(outcome)})"
    return dataset.read_rows(db, parquet(home, days), unknown, dataset.Names(segments=SEGMENTS), chosen, days[-1])


def parquet(home: Home, days: list[str]) -> str:
    """Return SQL for the features of closed dates without erased persons, after their files were read by their hashes.

    Raises:
        DamagedFile: a file is damaged or missing: nothing is learned or judged from it.
    """
    closing.check(home, days)
    files = ", ".join(quoted(str(home.features / f"as_of={day}" / "features.parquet"), "'") for day in days)
    return f"(select * from read_parquet([{files}]) where child_key not in ({_erased(home)}))"


def _erased(home: Home) -> str:
    """Return SQL of the keys of erased persons: closed dates keep their rows, nobody learns from them."""
    return ", ".join(erased.listed_in(home.erased)) or "-1"


def _outcomes(outcome: str) -> str:
    return f"(select * from outcomes.child_outcomes where outcome = {quoted(outcome, chr(39))})"


def capacity_share(db: duckdb.DuckDBPyConnection, today: date) -> float:
    """Return the share of pupils that can be visited per list, over all UGELs on the newest as-of date until today.

    Raises:
        QhawaqError: no capacity holds on that date.
    """
    share = database.value(
        db,
        "select round(sum(coalesce(capacity_children, capacity_share * n_pupils)) / sum(n_pupils), 6) "
        "from intermediate.int_places__ugel_capacities where as_of_date = "
        "(select max(as_of_date) from intermediate.int_places__ugel_capacities where as_of_date <= ?)",
        [today],
    )
    if share is None:
        raise QhawaqError("no UGEL's capacity is known: give ugel_capacity.csv a row for all (*) that holds today")
    return share
