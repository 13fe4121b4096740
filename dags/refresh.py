"""Airflow DAG `qhawaq_refresh`: from deliveries to published marts."""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param, chain

from dags import tasks
from dags.graph import COMMON, DELIVERIES, FEATURE_MART, models
from warehouse.build import dbt

with DAG(
    "qhawaq_refresh",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 2 * * *", timezone="America/Lima"), assets=[DELIVERIES]
    ),
    params={
        "today": Param(None, type=["null", "string"], format="date", description="Build for this day, for a backfill"),
        "full_refresh": Param(False, type="boolean", description="Build closed dates again"),
    },
    description="Collect, land, build features and outcomes, score, build marts, publish, tell, document",
    doc_md=__doc__,
    **COMMON,
):
    closed = tasks.close()
    chain(tasks.collect(), tasks.land(), models("features", select=dbt.FIRST), closed)
    chain(
        closed,
        models("scores", exclude=dbt.FIRST),
        tasks.publish.override(outlets=[FEATURE_MART])(),  # training waits until today's lists are out
        [tasks.notify(), tasks.docs()],
    )
