"""Airflow DAG `qhawaq_monitor`: every day, is what is live still right, fresh, kept no longer than it may be."""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from dags import tasks
from dags.graph import COMMON

with DAG(
    "qhawaq_monitor",
    schedule=CronTriggerTimetable("0 5 * * *", timezone="America/Lima"),
    description="Drift and performance as labels mature, freshness, retention, backup and a test of it",
    doc_md=__doc__,
    **COMMON,
):
    tasks.freshness()
    tasks.drift()
    tasks.retain() >> (written := tasks.backup())
    tasks.restore_test(written)
