"""The step that estimates what services did to those who got them, as soon as outcomes have matured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import numpy as np

from warehouse import database
from warehouse.build import calendar
from warehouse.database import quoted
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.registry import figures
from warehouse.settings import Home

if TYPE_CHECKING:
    from ml.data.dataset import Rows
    from ml.effects.finding import EffectFinding, EffectLimits, EffectMethod
    from ml.effects.table import EffectContract

OUTCOMES = ("interruption", "repetition")
LIST = "LISTA"  # stands for whatever those at the end of a list got
MOST_OTHERS = 60_000  # children to compare with; more bring nothing and cost memory
SCORES = "scores.risk_scores"
LEAST_A_DATE = 20  # served after an as-of date, for it to count


@dataclass(frozen=True)
class EffectsResult:
    """How many effects were estimated, or why none was."""

    judged: int
    reason: str | None = None


def if_due(home: Home, progress: Progress) -> EffectsResult:
    """Judge the effects if outcomes have matured since they were judged last."""
    today = calendar.read(home)
    with database.warehouse(home) as db:
        matured = _matured(db, today)
        judged = database.value(db, "select max(labels_until) from ml.effects")
    if matured is None or matured == judged:
        return EffectsResult(0, "no new matured labels")
    return EffectsResult(len(judge(home, progress)))


def judge(home: Home, progress: Progress) -> list[tuple[str, str, EffectFinding]]:
    """Judge every service of education and welfare that somebody got, and the lists; note and return the findings."""
    from ml import parallel

    today = calendar.read(home)
    with database.warehouse(home) as db:
        studies = [(support, _study(db, home, support, today)) for support in _supports(db)]
        progress.say("compared", services=", ".join(support for support, _ in studies))
        judged = parallel.each(lambda study: _judged(study[1]), studies)
        estimates = [
            (support, outcome, finding)
            for (support, _), findings in zip(studies, judged, strict=True)
            for outcome, finding in findings.items()
        ]
        estimates.append((LIST, OUTCOMES[0], _of_lists(db, OUTCOMES[0], today)))
        figures.note_effects(db, estimates, judged_on=today, labels_until=_matured(db, today))
    return estimates


class TableEffect(NamedTuple):
    """The effect in other people's table, and what a page about it needs."""

    finding: EffectFinding
    contract: EffectContract
    limits: EffectLimits
    n_rows: int


def of_table(file: str, contract_file: Path, progress: Progress) -> TableEffect:
    """Judge the effect in another table than the warehouse's; nothing is written."""
    from ml.effects import effects as ml_effects
    from ml.effects import table
    from ml.effects.finding import read_limits

    contract = table.read_contract(contract_file)
    found = table.read(contract, file, read_limits())
    served = found.study.served
    progress.say("read", rows=len(served), treated=int(served.sum()), left_out=found.n_left_out)
    outcomes = {contract.outcome: found.outcome}
    finding = ml_effects.of_service(found.study, outcomes, found.limits, progress.say)[contract.outcome]
    return TableEffect(finding, contract, found.limits, len(served))


def _matured(db: duckdb.DuckDBPyConnection, today: date) -> date | None:
    """Return until when outcomes have matured."""
    return database.value(
        db,
        "select max(interruption_known_at) from intermediate.int_calendar__label_dates "
        "where interruption_known_at <= ?",
        [today],
    )


def _supports(db: duckdb.DuckDBPyConnection) -> list[str]:
    return database.column(
        db,
        "select distinct support_code from intermediate.int_supports__around_dates where is_received_after order by 1",
    )


def _study(db: duckdb.DuckDBPyConnection, home: Home, support: str, today: date) -> Rows | None:
    """Read the children who had not got a service by a date, after which some did; None where hardly any did."""
    from ml.data import dataset

    among = _AMONG.format(support=quoted(support, "'"), outcomes=", ".join(map(_label, OUTCOMES)))
    days, share = _days(db, home, among, today)
    if not days:
        return None
    some = f"(select * from {among} where is_served or child_key % 10000 < {10_000 * share})"
    names = dataset.Names(label="is_served", segments={name: f"l.{name}" for name in OUTCOMES})
    return dataset.read_rows(db, learning.parquet(home, days), some, names, learning.every_feature(), str(today))


def _judged(rows: Rows | None) -> dict[str, EffectFinding]:
    """Judge a service by its study."""
    from ml.effects import effects as ml_effects
    from ml.effects.finding import EffectMethod, read_limits

    if rows is None:
        return dict.fromkeys(OUTCOMES, _too_few(EffectMethod.COMPARISON))
    study = ml_effects.Study(rows.values, learning.every_feature().features, rows.label == 1, rows.cluster.codes)
    return ml_effects.of_service(
        study, {name: _numbers(rows.segments[name].texts()) for name in OUTCOMES}, read_limits()
    )


def _too_few(method: EffectMethod) -> EffectFinding:
    from ml.effects.finding import EffectFinding, EffectVerdict

    return EffectFinding(method, 0, EffectVerdict.FEW)


# Children of a date who had not got the service by then: whether they did soon after, and what became of them.
_AMONG = """(
select o.child_key, o.as_of_date, max(o.label_known_at) as label_known_at, {outcomes},
  bool_or(coalesce(r.is_received_after, false)) as is_served
from outcomes.child_outcomes as o
left join (select * from intermediate.int_supports__around_dates where support_code = {support}) as r
  using (child_key, as_of_date)
where o.label_status = 'final' and not coalesce(r.is_received_before, false)
group by all)"""


def _label(outcome: str) -> str:
    return f"bool_or(o.label) filter (where o.outcome = {quoted(outcome, chr(39))}) as {outcome}"


def _numbers(labels: np.ndarray) -> np.ndarray:
    """Return 1 for true, 0 for false, NaN for unknown."""
    return np.select([labels == "true", labels == "false"], [1.0, 0.0], np.nan)


def _days(db: duckdb.DuckDBPyConnection, home: Home, among: str, today: date) -> tuple[list[str], float]:
    """Return the closed dates after which enough were served, and what share of the others is enough to compare with.

    Years of the pandemic are left out: what was written down then was another thing.
    """
    counts = db.execute(
        f"select as_of_date::varchar, count(*) filter (where not is_served) from {among} where label_known_at <= ? "
        "and not list_contains(?, year(as_of_date)) group by 1 having count(*) filter (where is_served) >= ?",
        [today, list(learning.policy().pandemic_years), LEAST_A_DATE],
    ).fetchall()
    closed = learning.closed_days(home)
    others = {day: n for day, n in counts if day in closed}
    return sorted(others), min(1.0, MOST_OTHERS / max(sum(others.values()), 1))


def _of_lists(db: duckdb.DuckDBPyConnection, outcome: str, today: date) -> EffectFinding:
    """Judge what being served did to those at the end of the lists that were shown."""
    from ml.effects import cut
    from ml.effects.finding import EffectMethod, read_limits

    if not database.value(
        db, "select count(*) from duckdb_tables() where schema_name || '.' || table_name = ?", [SCORES]
    ):
        return _too_few(EffectMethod.DISCONTINUITY)  # a first run judges before it scores
    rows = db.execute(_AT_THE_CUT, {"outcome": outcome, "today": today}).fetchnumpy()
    school = np.unique(rows["service_code"].astype(str), return_inverse=True)[1]
    return cut.of_list(
        np.asarray(rows["distance"], dtype=float),
        np.asarray(rows["is_served"], dtype=bool),
        np.asarray(rows["label"], dtype=float),
        school,
        read_limits(),
    )


# The cut of a list lies in the middle between the last who was on it and the next.
_AT_THE_CUT = """
with scored as (
  select s.child_key, s.as_of_date, s.model_version, s.log_odds, s.tier = 'alto' as is_listed,
    p.ugel_code, p.service_code, o.label::double as label
  from scores.risk_scores as s
  join intermediate.int_pupils__as_of as p using (child_key, as_of_date)
  join outcomes.child_outcomes as o using (child_key, as_of_date, outcome)
  where s.outcome = $outcome and s.log_odds is not null and o.label is not null and o.label_known_at <= $today),
cuts as (
  select as_of_date, model_version, ugel_code,
    (min(log_odds) filter (where is_listed) + max(log_odds) filter (where not is_listed)) / 2 as cut
  from scored group by all),
served as (
  select child_key, as_of_date, bool_or(is_received_after) as is_served
  from intermediate.int_supports__around_dates group by all)
select scored.log_odds - cuts.cut as distance, coalesce(served.is_served, false) as is_served, scored.label,
  scored.service_code
from scored join cuts using (as_of_date, model_version, ugel_code) left join served using (child_key, as_of_date)
where cuts.cut is not null order by scored.as_of_date, scored.model_version, scored.child_key
"""
