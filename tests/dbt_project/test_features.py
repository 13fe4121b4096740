"""The wide table's YAML is generated; features know only what was known on their date."""

from __future__ import annotations

import duckdb

from tests.conftest import Country
from warehouse import contracts
from warehouse.build import closing, feature_catalog
from warehouse.pipeline import learning
from warehouse.settings import DBT_PROJECT


def test_the_wide_tables_yaml_is_generated() -> None:
    path = DBT_PROJECT / "models" / "features" / "_child_features__models.yml"
    assert path.read_text(encoding="utf-8") == feature_catalog.wide_yaml()


def test_at_least_ninety_features_in_eleven_narrow_groups() -> None:
    found = feature_catalog.read()
    assert len(found) >= 90
    assert len({f.group for f in found}) == 11
    assert max(sum(f.group == g for f in found) for g in {f.group for f in found}) + 2 <= 15  # and two keys


def test_each_feature_says_what_it_is() -> None:
    tables = contracts.read(DBT_PROJECT)
    for f in feature_catalog.read():
        assert f.description.endswith("."), f.name
        assert f.domain in ("education", "welfare"), f.name
        assert f.source in tables, f.name
        assert tables[f.source].domain in ("education", "welfare"), f.name
        assert f.direction in (-1, 0, 1), f.name
        assert f.unit or f.data_type == "boolean", f.name


def test_protected_traits_are_in_no_model() -> None:
    used = {f.name for f in feature_catalog.read() if f.in_model}
    assert not used & {"is_female", "speaks_indigenous_language", "is_foreign", "has_disability"}


def test_what_the_norm_says_of_promotion_is_for_models_of_repetition() -> None:
    of_norm = {"is_promotion_automatic", "n_counting_failed_areas"}
    interruption, repetition = (set(learning.spec(outcome=outcome).features) for outcome in learning.OUTCOMES)
    assert repetition - interruption == of_norm
    assert interruption < repetition


def test_every_model_feature_has_a_value_on_some_date(country: Country) -> None:
    """A feature that no child ever has is a mistake in its SQL: the change of class was one for months."""
    used = [f.name for f in feature_catalog.read() if f.in_model]
    counts = country.ask(f"select {', '.join(f'count({name})' for name in used)} from features.child_features")[0]
    assert [name for name, n in zip(used, counts, strict=True) if not n] == []


def test_every_model_feature_can_be_a_reason(country: Country) -> None:
    texts = {row[0] for row in country.ask("select feature from staging.reason_texts")}
    assert {f.name for f in feature_catalog.read() if f.in_model} <= texts


def test_tutors_read_nothing_they_must_not(country: Country) -> None:
    safe = {row[0] for row in country.ask("select feature from staging.reason_texts where is_tutor_safe")}
    for word in ("poverty", "foreign", "female", "disability", "language", "sibling", "transfer_", "household", "work"):
        assert not [name for name in safe if word in name], word
    said = " ".join(row[0] for row in country.ask("select reason_text from education.priority_list"))
    assert said
    for word in ("pobre", "pobreza", "JUNTOS", "hermano", "lengua", "trabaja", "socioecon"):
        assert word not in said


def test_education_sees_only_services_that_a_tutor_may_read_of(country: Country) -> None:
    codes = {row[0] for row in country.ask("select support_code from education.suggested_services")}
    assert codes
    assert not codes & {"JUNTOS", "DEMUNA", "VIOLENCIA", "EIB", "SAANEE"}
    assert country.ask("select count(*) from protection.work_referrals")[0][0] > 0


def test_the_feeding_programme_is_called_what_it_was_called_then(country: Country) -> None:
    """Renamed on 4 December 2024, abolished by 31 December 2025: at each moment there is one."""
    names = country.ask(
        "select d, s.service_name from (values (date '2024-12-03'), ('2024-12-04'), ('2025-12-30'), ('2025-12-31')) as t (d) "
        "left join staging.services as s on s.support_code = 'ALIMENTACION' and d >= valid_from and d < valid_until order by 1"
    )
    assert [name for _, name in names] == [
        "Qali Warma",
        "Wasi Mikuna",
        "Wasi Mikuna",
        "Programa de Alimentación Escolar",
    ]


def test_who_left_is_looked_for(country: Country) -> None:
    """Of the children who are looked for because nowhere enrolled, the answer key says that most left."""
    looked_for, all_left = country.ask(
        "select count(*), count(*) filter (where label) from intermediate.int_enrollments__unregistered as u "
        "join outcomes.child_outcomes as o on o.child_key = u.child_key and o.outcome = 'interruption' "
        "and o.as_of_date = date '2024-10-31'"
    )[0]
    assert looked_for > 5
    assert all_left == looked_for


def test_closed_dates_are_what_the_manifest_states(country: Country) -> None:
    kept = closing.kept(country.home)
    assert not [fault for day, entry in kept.items() if (fault := closing.fault(country.home, day, entry))]
    assert len(kept) == len(country.ask("select as_of_date from raw.closed_dates"))


def test_parquet_equals_the_table(country: Country) -> None:
    files = str(country.home.features / "as_of=*" / "*.parquet")
    closed = duckdb.execute(
        f"select count(*), sum(hash(f))::varchar from read_parquet('{files}', hive_partitioning=false) as f"
    )
    assert closed.fetchall() == country.ask("select count(*), sum(hash(f))::varchar from features.child_features as f")


def test_no_fact_of_a_closed_date_came_later(country: Country) -> None:
    """A feature row exists only for children whose enrollment was known by the date."""
    late = country.ask(
        "with known as (select e.child_key, e.known_at from raw.siagie_enrollments as e "
        "union all select m.merged_into, greatest(e.known_at, m.known_at) from raw.siagie_enrollments as e "
        "join intermediate.int_children__merges as m using (child_key)), "
        "first as (select child_key, min(known_at) as known_at from known group by 1) "
        "select count(*) from features.child_features as f left join first using (child_key) "
        "where first.known_at is null or first.known_at > f.as_of_date"
    )
    assert late == [(0,)]


def test_no_label_before_it_could_be_known(country: Country) -> None:
    early = country.ask(
        "select count(*) from outcomes.child_outcomes, raw.calendar where label is not null "
        "and outcome <> 'unmet_need' and (label_known_at is null or label_known_at > today or label_known_at <= as_of_date)"
    )
    assert early == [(0,)]
    current = country.ask(
        "select distinct label_status from outcomes.child_outcomes where year(as_of_date) = 2025 and outcome = 'interruption'"
    )
    assert current == [("provisional",)]
