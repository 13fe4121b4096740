"""Airflow DAGs `qhawaq_train` and `qhawaq_tune`: models learn when labels have matured, and are judged by gates."""

from __future__ import annotations

from airflow.sdk import DAG, chain

from dags import tasks
from dags.graph import COMMON, FEATURE_MART

with DAG(
    "qhawaq_train",
    schedule=[FEATURE_MART],
    description="Where labels have matured: backtest, choose a candidate, train it, judge it by its gates, register it",
    doc_md=__doc__,
    **COMMON,
):
    tasks.matured() >> (judged := tasks.backtest())
    chain(tasks.select(judged), tasks.train(), tasks.effects())

with DAG("qhawaq_tune", schedule=None, description="Search hyperparameters; a proposal, on demand", **COMMON):
    tasks.tune()
