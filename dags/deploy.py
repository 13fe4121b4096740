"""Airflow DAG `qhawaq_deploy`: a registered model goes live where its gates passed, and back where anything fails."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from dags import tasks
from dags.graph import COMMON, MODEL, models
from warehouse.build import dbt

with DAG(
    "qhawaq_deploy",
    schedule=[MODEL],
    params={"full_refresh": Param(False, type="boolean", description="Build marts again from nothing")},
    description="Promote or refuse a model, score again, publish, reload the service, and go back where that fails",
    doc_md=__doc__,
    **COMMON,
):
    promoted = tasks.promote()
    scores = models("scores", exclude=dbt.FIRST)
    published = tasks.publish()
    tested = tasks.smoke_test()
    promoted >> scores >> published >> tested
    [promoted, scores, published, tested] >> tasks.go_back(promoted)
