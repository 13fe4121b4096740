"""What dbt itself shows of a model: the queries that a macro hides, and SQL that is other when it is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from warehouse import database
from warehouse.build import compiling, dbt, firewall
from warehouse.errors import BuildFailed
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

MACROS = """
{% macro harmless() %}{% if execute %}{{ context['run_' ~ 'query']('select 40 + 2')[0][0] }}{% endif %}{% endmacro %}
{% macro now_or_then() %}{{ 2 if flags.WHICH == 'build' else 1 }}{% endmacro %}
"""
MODELS = {
    "asks": "select {{ harmless() }} as n",
    "turns": "select {{ now_or_then() }} as n",
    "plain": "select 1 as n",
    "grows": "{{ config(materialized='incremental') }} select 1 as n "
    "{% if is_incremental() %} union all select count(*) as n from raw.deliveries {% endif %}",
    "grows_fairly": "{{ config(materialized='incremental') }} select 1 as n "
    "{% if is_incremental() %} where 1 not in (select n from {{ this }}) {% endif %}",
}


@pytest.fixture
def project(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three marts for officials, with the macros and settings of ours."""
    folder = tmp_path / "project"
    shutil.copytree(DBT_PROJECT / "macros", folder / "macros")
    for name in ("dbt_project.yml", "profiles.yml", "models/_groups.yml", "models/_docs.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(DBT_PROJECT / name, folder / name)
    (folder / "macros" / "hidden.sql").write_text(MACROS)
    marts = folder / "models" / "marts" / "officials"
    marts.mkdir(parents=True)
    for name, sql in MODELS.items():
        (marts / f"{name}.sql").write_text(sql)
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(firewall, "DBT_PROJECT", folder)
    with database.warehouse(home) as db:
        tables.prepare(db)
    return folder


def test_a_query_that_a_macro_hides_is_refused(project: Path, home: Home, silent: Progress) -> None:
    (told,) = firewall.breaches(compiling.compiled(home, silent, project))
    assert "officials.asks asks the database while it is compiled" in told
    assert "select 40 + 2" in told


def test_sql_that_is_other_when_it_is_run_is_not_published(project: Path, home: Home, silent: Progress) -> None:
    (project / "models" / "marts" / "officials" / "asks.sql").unlink()
    firewall.check(home, silent)
    built = dbt.build(home, silent, ("--select", "turns", "plain"), project=project)
    assert built.statements.keys() == {"model.qhawaq.turns", "model.qhawaq.plain"}
    with pytest.raises(BuildFailed, match=r"other SQL ran than the firewall has judged, of model\.qhawaq\.turns$"):
        firewall.check_ran(home, built.statements)


def test_a_table_that_grows_may_name_nothing_more_when_it_does(project: Path, home: Home, silent: Progress) -> None:
    (project / "models" / "marts" / "officials" / "asks.sql").unlink()
    firewall.check(home, silent)
    for says_more in (False, True):  # the second time the tables are there
        built = dbt.build(home, silent, ("--select", "grows", "grows_fairly"), project=project)
        assert built.growing.keys() == {"model.qhawaq.grows", "model.qhawaq.grows_fairly"}
        assert built.statements == {}
        if says_more:
            with pytest.raises(BuildFailed, match=r"has judged, of model\.qhawaq\.grows$"):
                firewall.check_ran(home, built.statements, built.growing)
        else:
            firewall.check_ran(home, built.statements, built.growing)
