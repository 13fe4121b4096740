"""What is built by date or by year is refused where replacing the text that stands for them would build it wrongly."""

from __future__ import annotations

import os
import re
from pathlib import Path
from unittest import mock

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from warehouse.build import closing, dbt
from warehouse.settings import DBT_PROJECT, Home

DATES = ("2024-01-31", "2024-02-29", "2024-03-31")
AS_OF = "{{ config(materialized='as_of') }} "
JOINS = "{{ config(materialized='as_of', joins_dates=true) }} -- depends_on: {{ ref('int_pupils__as_of') }}\n"
BY_YEAR = "{{ config(materialized='by_year', facts='facts') }} "
SOUND = {
    "dated": AS_OF + "select {{ as_of() }} as as_of_date, n from {{ ref('facts') }}",
    "joined": JOINS + "select as_of_date, n from {{ ref('dated') }} where {{ in_built_dates() }}",
    "remarked": AS_OF + "-- never before 1900-01-01\nselect {{ as_of() }} as as_of_date, n from {{ ref('facts') }}",
    "other_day": AS_OF + "select {{ as_of() }} as as_of_date, n from {{ ref('facts') }} where {{ as_of() }} > date '1900-01-02'",
    "yearly": BY_YEAR + "select * from {{ ref('facts') }} where {{ in_built_years() }}",
    "yearly_of_alias": BY_YEAR + "select f.* from {{ ref('facts') }} as f where f.{{ in_built_years() }}",
}  # fmt: skip
REFUSED = {
    "same_rows": (AS_OF + "select d.as_of_date, n from {{ ref('facts') }}, {{ ref('int_calendar__as_of_dates') }} as d",
                  "does not name it"),
    "only_in_a_remark": (AS_OF + "-- {{ as_of() }}\nselect date '2024-01-31' as as_of_date, n from {{ ref('facts') }}",
                         "does not name it"),
    "other_case": (AS_OF + "select CAST('1900-01-01' AS DATE) as as_of_date, n from {{ ref('facts') }}", "stands for the date"),
    "other_form": (AS_OF + "select date '1900-01-01' as as_of_date, n from {{ ref('facts') }}", "stands for the date"),
    "own_day": (AS_OF + "select {{ as_of() }} as as_of_date, cast('1900-01-01' as date) as began, n from {{ ref('facts') }}",
                "stands for the date"),
    "macro_in_other_case": (AS_OF + "select {{ as_of() }} as as_of_date, n from {{ ref('facts') }} where {{ upper_case() }} > 1",
                            "in another form than as_of"),
    "arithmetic": (JOINS + "select as_of_date, n from {{ ref('dated') }} where as_of_date = {{ as_of() }} - 31",
                   "use that alone"),
    "both": (JOINS + "select as_of_date, {{ as_of() }} - 1 as before, n from {{ ref('dated') }} where {{ in_built_dates() }}",
             "use that alone"),
    "not_by_date": ("{{ config(materialized='table') }} select {{ as_of() }} as as_of_date, n from {{ ref('facts') }}",
                    "not built by it"),
    "no_years": (BY_YEAR + "select * from {{ ref('facts') }}", "does not say where its years are chosen"),
    "years_in_a_remark": (BY_YEAR + "select * from {{ ref('facts') }} -- where {{ in_built_years() }}",
                          "does not say where its years are chosen"),
    "years_by_hand": (BY_YEAR + "select * from {{ ref('facts') }} where SCHOOL_YEAR BETWEEN 0  AND 9999", "use in_built_years"),
    "years_of_a_macro": (BY_YEAR + "select * from {{ ref('facts') }} where {{ in_built_years() }} and {{ upper_years() }}",
                         "in another form than in_built_years"),
}  # fmt: skip
MACROS = """
{% macro upper_case() %}year(CAST('1900-01-01' AS DATE)){% endmacro %}
{% macro upper_years() %}SCHOOL_YEAR BETWEEN 0 AND 9999{% endmacro %}
"""
LANDED = """
create schema raw; create schema intermediate;
create table raw.deliveries (file varchar, source varchar, status varchar, delivered_at date, effective_at date,
  deleted_on date, changed_no bigint);
create table raw.standing (file varchar, standing_from date, standing_until date);
"""


def project(folder: Path) -> Path:
    """Write a project of sound and refused models, with the macros of ours."""
    models = {
        "int_calendar__as_of_dates": "{{ config(materialized='table', schema='intermediate') }} "
        f"select unnest([{', '.join(map(repr, DATES))}])::date as as_of_date",
        "int_pupils__as_of": "{{ config(materialized='table') }} select date '2024-01-31' as as_of_date",
        "facts": "{{ config(materialized='table') }} select 2024 as school_year, 1 as n, 'a' as _file",
        **SOUND,
        **{name: sql for name, (sql, _) in REFUSED.items()},
    }
    (folder / "models").mkdir(parents=True)
    (folder / "macros").mkdir()
    (folder / "macros" / "other.sql").write_text(MACROS)
    for name, sql in models.items():
        early = "-- depends_on: {{ ref('int_calendar__as_of_dates') }}\n" if name in (*SOUND, *REFUSED) else ""
        (folder / "models" / f"{name}.sql").write_text(early + sql)
    (folder / "models" / "_sources.yml").write_text(
        "{version: 2, sources: [{name: landing, schema: raw, tables: [{name: standing}, {name: calendar}]}]}"
    )
    (folder / "dbt_project.yml").write_text(yaml.safe_dump({
        "name": "small", "profile": "qhawaq", "macro-paths": ["macros", str(DBT_PROJECT / "macros")],
        "vars": {"rows_joined_at_once": 2}, "flags": {"send_anonymous_usage_stats": False},
    }))  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, tuple[str, str]]]:
    """All the models, built twice: the second time by date and by year. Name → how it ended, and what was said."""
    root = tmp_path_factory.mktemp("placeholders")
    home = Home(root / "home")
    home.root.mkdir()
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute(LANDED + closing.DDL)
    folder = project(root / "project")
    arguments = ["--quiet", "build", "--project-dir", str(folder), "--profiles-dir", str(DBT_PROJECT)]
    with mock.patch.dict(os.environ, dbt.environment(home)):
        dbtRunner().invoke(arguments)
        ended = dbtRunner().invoke(arguments)
    DuckDBConnectionManager.close_all_connections()
    return home, {ran.node.name: (str(ran.status), str(ran.message)) for ran in ended.result.results}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_model_is_built_of_each_date_or_year_once(
    built: tuple[Home, dict[str, tuple[str, str]]], name: str
) -> None:
    home, ended = built
    assert ended[name][0] == "success", ended[name][1]
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        rows = db.execute(f"select * from main.{name} order by all").fetchall()
    assert len(rows) == (1 if "yearly" in name else len(DATES))
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_would_be_built_wrongly_is_refused_by_name(
    built: tuple[Home, dict[str, tuple[str, str]]], name: str
) -> None:
    home, ended = built
    status, message = ended[name]
    assert status == "error"
    assert f"model {name} " in message
    assert REFUSED[name][1] in " ".join(message.split())
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select 1 from duckdb_tables() where table_name = ?", [name]).fetchall() == []


def test_nothing_of_ours_writes_by_hand_what_is_replaced() -> None:
    """Only where the placeholders are defined: there `as_of` and `in_built_years` say what they stand for."""
    texts = [path for path in DBT_PROJECT.rglob("*.sql") if "target" not in path.parts]
    assert len(texts) > 100
    written = {path.name for path in texts
               if re.search(r"1900-01-01|(?i:between\s+0\s+and\s+9999)", path.read_text(encoding="utf-8"))}  # fmt: skip
    assert written <= {"as_of.sql", "by_year.sql", "placeholders.sql"}
