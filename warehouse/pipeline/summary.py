"""What the main job says at its end, and the side file that `qhawaq status` reads."""

from __future__ import annotations

import json
from typing import Any

from warehouse import database
from warehouse.deliveries import HAS_ROWS
from warehouse.files import write_whole
from warehouse.pipeline.state import State
from warehouse.settings import Home

COUNTS = f"""
select count(*), count(*) filter (where {HAS_ROWS}), count(*) filter (where status = 'refused'),
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
            "steps": state.done,
        }


def write_status(home: Home, state: State) -> None:
    """Write the side file, so that status never opens the warehouse."""
    write_whole(home.status, json.dumps(facts(home, state), indent=1, default=str, ensure_ascii=False))


def closing(home: Home, state: State, landed: int) -> str:
    """Return the closing summary as text."""
    known = json.loads(home.status.read_text())
    done = known["steps"]
    kind = "synthetic data, no real child" if home.kind == "synthetic" else "real data"
    lines = [
        "",
        f"Qhawaq, {done['build']['today']} ({kind})",
        f"  deliveries   {landed} new; {known['landed']} landed, {known['refused']} refused, "
        f"{known['duplicate']} duplicate",
        f"  rows         {known['delivered_rows']:,} delivered = {known['accepted_rows']:,} accepted "
        f"+ {known['quarantined_rows']:,} quarantined",
        *(f"               {n:,} of {source}: {reason}" for source, reason, n in known["quarantine"]),
        *(f"  refused      {file}: {reason}" for file, reason in known["refusals"]),
        *(f"  missing      {source} {period}, region {region}" for source, period, region in known["missing"]),
        *(f"  not to see   {topic}: {text}" for topic, text in known["absent"]),
        f"  tests        {done['build']['tests'] + done['score']['tests']} passed "
        f"on {done['build']['models'] + done['score']['models']} models",
        f"  live         {done['deploy']['live']} ({done['deploy']['gate']})",
        *_metric_lines(known["metrics"]),
        f"  published    release {done['publish']['release']}, {done['publish']['files']} files in {home.serving}",
        f"  look at      {home.serving / 'officials' / 'current.duckdb'} with any DuckDB client; qhawaq status",
    ]
    return "\n".join(lines)


def _metric_lines(metrics: list[list[Any]]) -> list[str]:
    lines = []
    for dataset, ranked_by, _, value, low, high in metrics:
        lines.append(f"  {dataset:<16} {ranked_by:<14} precision at capacity {value:.3f} [{low:.3f}, {high:.3f}]")
    return lines
