"""The model of the country: what is stored is what scores, for machines and for an auditor with SQL."""

from __future__ import annotations

import duckdb
import numpy as np

from ml import score
from ml.models import registry, terms
from tests.conftest import Country, qhawaq
from warehouse.audit import explanation
from warehouse.pipeline import explain


def version(country: Country) -> tuple:
    return country.ask(
        "select model_version, file, sha256, slope, intercept, gate, is_live from ml.model_versions where algorithm = 'additive'"
    )[0]


def test_terms_in_the_warehouse_are_the_registered_model(country: Country) -> None:
    name, file, sha256, slope, intercept, *_ = version(country)
    model = registry.load(country.home.models, file, sha256)
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:
        stored = terms.from_table(db.execute("select * from ml.model_terms").to_arrow_table(), name, intercept)
    spec_order = registry_features(country, name)
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:
        columns = ", ".join(f"cast({f} as double)" for f in spec_order)
        rows = db.execute(
            f"select {columns}, level, is_rural, as_of_date from features.child_features where as_of_date = date '2025-11-30'"
        ).to_arrow_table()
    values = np.column_stack([column.to_numpy() for column in rows.columns[:-3]])
    segments = score.segments(rows)
    by_terms = stored.log_odds(values[:, [spec_order.index(f) for f in stored.features]], segments)
    slopes, shifts = stored.calibration.of_rows(segments)
    assert len(stored.calibration.of_segment) >= 4  # two levels, two areas
    assert stored.calibration.slope == slope
    assert np.abs(by_terms - (shifts + slopes * model.decision_function(values))).max() < 1e-9


def registry_features(country: Country, name: str) -> list[str]:
    import json

    return json.loads((country.home.models / name / "card.json").read_text())["features"]


def test_an_auditor_recomputes_any_score_in_sql(country: Country) -> None:
    name, *_, is_live = version(country)
    listed = country.ask(
        "select child_key, as_of_date, log_odds from scores.risk_scores where log_odds is not null order by log_odds desc limit 20"
    )
    if not is_live:
        assert listed == []  # a small country's model may be refused: then a rule ranks, and is named
        assert country.ask("select distinct model_version like 'rule:%' from scores.risk_scores") == [(True,)]
        return
    with duckdb.connect(str(country.home.warehouse), read_only=True) as db:
        for child, day, log_odds in listed:
            found = explanation.terms(db, child, day, name, explain.terms_by_trees)
            assert abs(sum(points for _, _, points in found) - log_odds) < 1e-9


def test_explain_says_where_a_score_comes_from(country: Country) -> None:
    child, day = country.ask(
        "select child_key, max(as_of_date) from scores.risk_scores where tier = 'alto' group by 1 limit 1"
    )[0]
    said = qhawaq(country.home.root, "explain", str(child), str(day)).stdout
    assert "tier alto" in said
    assert "log-odds" in said or "a rule ranks" in said


def test_lists_have_the_capacity_of_each_ugel(country: Country) -> None:
    wrong = country.ask(
        "with counted as (select ugel_code, s.as_of_date, count(*) as n, count(*) filter (where tier = 'alto') as listed "
        "from scores.risk_scores as s join features.child_features as f using (child_key, as_of_date) group by all) "
        "select count(*) from counted where listed <> ceil(0.05 * n)"
    )
    assert wrong == [(0,)]


def test_scores_are_of_the_current_year_only_and_expire(country: Country) -> None:
    assert country.ask("select distinct year(as_of_date), expires_on - as_of_date from scores.risk_scores") == [
        (2025, 120)
    ]


def test_metrics_show_the_rules_beside_the_models(country: Country) -> None:
    rows = country.ask(
        "select dataset, list(distinct ranked_by order by ranked_by) from ml.model_metrics "
        "where dataset not like 'train%' group by 1 order by 1"
    )
    baselines = ["baseline:chance", "baseline:last_year", "baseline:school"]
    assert rows == [
        (where, ["additive", *baselines, "rule:abc", "rule:cut_offs", "rule:over_age"])
        for where in ("origin_2022", "origin_2023", "test_2024", "validation")
    ]


def test_no_small_group_is_told_of_where_operations_look(country: Country) -> None:
    counted = "metric in ('n_rows', 'n_cases', 'base_rate') and segment <> 'all'"
    assert country.ask(f"select count(*) from operations.model_performance where {counted}") == [(0,)]
    protected = "regexp_matches(segment, '^(sex|language|disability|nationality)=')"
    assert country.ask(f"select count(*) from operations.model_performance where {protected}") == [(0,)]
    small = country.ask(
        "select count(*) from operations.model_performance as p join (select dataset, ranked_by, segment, "
        "max(value) filter (where metric = 'n_cases') as n, max(value) filter (where metric = 'recall_at_capacity') as r "
        "from ml.model_metrics group by all) as m using (dataset, ranked_by, segment) "
        "where segment <> 'all' and (round(n * r) < 10 or n - round(n * r) < 10)"
    )
    assert small == [(0,)]
    assert country.ask("select count(*) from operations.fairness where n_cases < 10") == [(0,)]
