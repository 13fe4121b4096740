"""Spark's answers, in an environment of its own: python tests/spark/session.py TABLES ANSWERS ASKED PROJECT

One JVM: the tables of the folder TABLES are registered, dbt-spark compiles the project's models for them, and each
statement of the file ASKED (JSON: model, path and dates) is run into a folder of ANSWERS. `answers.json` says how long each
took, or why it failed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

NO_DATE = "1900-01-01"
SETTINGS = {
    "spark.driver.memory": "3g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.catalogImplementation": "in-memory",  # no metastore
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # moments are UTC, without a zone
}


def session(folder: Path) -> SparkSession:
    """Start Spark on this machine alone, with a folder for what it writes."""
    builder = SparkSession.builder.master("local[2]").config("spark.sql.warehouse.dir", str(folder))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")  # errors come back as exceptions
    return spark


def register(spark: SparkSession, paths: list[Path]) -> None:
    """Make each Parquet file a table of the name that it bears."""
    for path in paths:
        schema, table = path.stem.split(".")
        spark.sql(f"create database if not exists {schema}")
        spark.sql(f"create table {schema}.{table} using parquet location '{path}'")


def compiled(project: Path, target: Path, models: list[str]) -> None:
    """Compile models by name as dbt-spark does; those in Python it submits to Databricks only.

    Raises:
        SystemExit: dbt refused.
    """
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    written = ["--target-path", str(target), "--log-path", str(target), "--no-partial-parse", "--quiet"]
    outcome = dbtRunner().invoke(["compile", "--target", "spark", *folders, *written, "--select", *models])
    if not outcome.success:
        raise SystemExit(f"dbt-spark compiles no models: {outcome.exception or outcome.result}")


def answer(spark: SparkSession, sql: str, asked: dict[str, Any], answers: Path) -> dict[str, Any]:
    """Run a model for each of its dates, and return the seconds or the error."""
    begun = time.monotonic()
    try:
        for date in asked["dates"]:
            rows = spark.sql(sql.replace(f"cast('{NO_DATE}' as date)", f"cast('{date}' as date)"))
            rows.coalesce(1).write.parquet(str(answers / f"{asked['table']}.{date}"))
    except Exception as error:  # whatever Spark says is the answer
        return {"error": str(error)[:600]}
    return {"seconds": round(time.monotonic() - begun, 2)}


def main(tables: Path, answers: Path, asked: Path, project: Path) -> None:
    """Answer all that is asked."""
    told = json.loads(asked.read_text(encoding="utf-8"))
    incremental = {one["table"] for one in told if one["is_incremental"]}
    spark = session(answers / "spark")
    paths = sorted(tables.glob("*.parquet"))
    register(spark, [path for path in paths if path.stem not in incremental])
    compiled(
        project, answers / "dbt", [one["table"].partition(".")[2] for one in told]
    )  # as at the first build: what is built on top of itself is not there yet
    register(spark, [path for path in paths if path.stem in incremental])
    found = {}
    for number, one in enumerate(told, 1):
        sql = (answers / "dbt" / "compiled" / "qhawaq" / one["path"]).read_text(encoding="utf-8")
        found[one["table"]] = answer(spark, sql, one, answers)
        sys.stderr.write(f"{number} of {len(told)} {one['table']} {found[one['table']]}\n")
    (answers / "answers.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:5]))
