"""What the main job says at its end, and the side file that `qhawaq status` reads."""

from __future__ import annotations

import json

from warehouse import database
from warehouse.deliveries import IS_TAKEN_IN
from warehouse.files import write_whole
from warehouse.operate import status
from warehouse.pipeline.learning import OUTCOME
from warehouse.pipeline.state import State
from warehouse.registry import notes
from warehouse.settings import Home

COUNTS = f"""
select count(*), count(*) filter (where {IS_TAKEN_IN}), count(*) filter (where status = 'refused'),
  count(*) filter (where status = 'duplicate'), coalesce(sum(delivered_rows), 0)::bigint,
  coalesce(sum(accepted_rows), 0)::bigint, coalesce(sum(quarantined_rows), 0)::bigint
from raw.deliveries
"""
METRICS = """
select m.dataset, m.ranked_by, m.metric, m.value, m.low, m.high from ml.model_metrics as m
where m.model_version = (select model_version from ml.model_versions where algorithm <> 'rule'
  order by trained_at desc, model_version desc limit 1)
and m.metric = 'precision_at_capacity' and m.segment = 'all' and (m.dataset = 'validation' or m.dataset like 'test%')
order by m.dataset desc, m.value desc
"""
ABSENT = "select topic_name, missing_text from officials.availability where not is_available order by source, topic"
INCOMPLETE = (
    "select topic_name, missing_text from officials.availability where is_available and missing_text is not null "
    "order by source, topic"
)


def where(home: Home) -> str:
    """Say where to look."""
    return f"files in {home.serving}"


def facts(home: Home, state: State) -> dict[str, object]:
    """Collect what a person wants to know of the home."""
    with database.warehouse(home) as db:
        row = db.execute(COUNTS).fetchone() or (0,) * 7
        names = ("files", "landed", "refused", "duplicate", "delivered_rows", "accepted_rows", "quarantined_rows")
        return dict(zip(names, row, strict=True)) | {
            "quarantine": db.execute(
                "select source, reason, count(*) from quarantine.rows group by all order by 3 desc limit 10"
            ).fetchall(),
            "refusals": db.execute(
                "select file, reason from raw.deliveries where status = 'refused' order by delivered_at desc limit 5"
            ).fetchall(),
            "missing": db.execute(
                "select source, period, region from raw.withheld where resolved_at is null order by all limit 10"
            ).fetchall(),
            "metrics": db.execute(METRICS).fetchall(),
            "absent": db.execute(ABSENT).fetchall(),
            "incomplete": db.execute(INCOMPLETE).fetchall(),
            "notes": notes.of_live(db, OUTCOME),
            "steps": state.done,
        }


def write_status(home: Home, state: State) -> None:
    """Write the side file, so that status never opens the warehouse."""
    write_whole(home.status, json.dumps(facts(home, state), indent=1, default=str, ensure_ascii=False))


def is_told(home: Home, state: State) -> bool:
    """Return whether the side file is there, whole, and of this state."""
    return status.is_whole(home) and status.read(home).get("steps") == state.done


def closing(home: Home, landed: int) -> str:
    """Return the closing summary as text, after the side file was written."""
    return "\n".join(["", *status.lines(home, status.read(home), landed)])
