"""The whole country: nothing is lost, and each planted trap is treated as its answer key says."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import Country
from warehouse import contracts, database, keys
from warehouse.settings import DBT_PROJECT

RAW = tuple(contracts.read(DBT_PROJECT))


def traps(country: Country, name: str) -> list[str]:
    """Return the files that the answer key names for a trap."""
    rows = duckdb.execute(f"select file from '{country.truth / 'traps.parquet'}' where trap = ?", [name]).fetchall()
    assert rows, name
    return [row[0] for row in rows]


def one(country: Country, sql: str) -> object:
    return country.ask(sql)[0][0]


def test_accepted_and_quarantined_are_delivered(country: Country) -> None:
    ledger = country.ask(
        "select file, delivered_rows, accepted_rows, quarantined_rows from raw.deliveries "
        "where status in ('landed', 'superseded')"
    )
    assert len(ledger) > 200
    held: dict[str, int] = {}
    for table in RAW:
        held |= dict(country.ask(f"select _file, count(*) from raw.{table} group by 1"))
    set_aside = dict(country.ask("select file, count(distinct line) from quarantine.rows group by 1"))
    for file, delivered, accepted, quarantined in ledger:
        assert (accepted + quarantined, held[file], set_aside.get(file, 0)) == (delivered, accepted, quarantined), file


def test_dates_that_do_not_exist_are_quarantined(country: Country) -> None:
    files = traps(country, "a date typed by hand that does not exist")
    rows = country.ask("select file, column_name, reason from quarantine.rows")
    assert len(rows) > 5
    assert {row[0] for row in rows} <= set(files)
    assert {row[1:] for row in rows} == {("fecha_ingreso", "not a valid date")}
    assert one(country, "select count(*) from protection_staging.stg_protection__demuna_cases "
               "where opened_date is null") == 0  # fmt: skip


def test_a_renamed_column_is_refused_and_the_repaired_file_lands(country: Country) -> None:
    (broken,) = traps(country, "a year's file with a renamed column")
    status, reason = country.ask(f"select status, reason from raw.deliveries where file = '{broken}'")[0]
    assert (status, "missing: sexo" in reason, "unknown at position" in reason) == ("refused", True, True)
    assert one(country, "select count(*) from raw.deliveries where status = 'landed' and period = '2020' "
               "and file like 'SIAGIE_MATRICULA_2020_20210204%'") == 1  # fmt: skip


def test_a_file_delivered_twice_changes_nothing(country: Country) -> None:
    (again,) = traps(country, "a file delivered twice")
    assert one(country, f"select status from raw.deliveries where file = '{again}'") == "duplicate"
    assert one(country, f"select count(*) from raw.midis_juntos where _file = '{again}'") == 0


def test_a_corrected_file_supersedes_without_erasing(country: Country) -> None:
    (first,) = traps(country, "a corrected file delivered later")
    status, until = country.ask(f"select status, superseded_at from raw.deliveries where file = '{first}'")[0]
    assert (status, str(until)) == ("superseded", "2022-11-20")
    versions = country.ask(
        "select known_at, known_until, sum(absence_days) from intermediate.int_attendance__months "
        "where school_year = 2022 and month = 9 group by all order by 1"
    )
    assert [str(v[0]) for v in versions] == ["2022-10-10", "2022-11-20"]
    assert str(versions[0][1]) == "2022-11-20"
    assert versions[1][2] > versions[0][2]  # the first file had halved the absences


def test_a_missing_region_is_withheld_and_resolved(country: Country) -> None:
    (file,) = traps(country, "a month of attendance missing for one region")
    rows = country.ask("select file, region, known_at, resolved_at from raw.withheld")
    assert [(row[0], str(row[2]), str(row[3])) for row in rows] == [(file, "2023-07-10", "2023-08-15")]
    region = rows[0][1]
    shown = country.ask(
        "select department_code, max(n_withheld_months) from features.child_features "
        "where as_of_date = date '2023-07-31' group by 1 having max(n_withheld_months) > 0"
    )
    assert shown == [(region, 1)]
    assert one(country, "select max(n_withheld_months) from features.child_features "
               "where as_of_date = date '2023-10-31'") == 0  # fmt: skip


def test_mixed_encodings_are_read_right_and_noted(country: Country) -> None:
    (file,) = traps(country, "latin-1 and UTF-8 mixed")
    assert "UTF-8" in str(one(country, f"select reason from raw.deliveries where file = '{file}'"))


def test_each_child_has_one_key_and_each_key_one_child(country: Country) -> None:
    """Names that ever stood in one row lead to one key, and no key, twins' neither, is two children's.

    A child whose document and number never stand in one row keeps two keys: that is for linkage.
    """
    db = database.scratch(country.home)
    database.attach_vault(db, country.home, keys.load(country.home.secrets), read_only=True)
    merged = dict(db.execute("select child_key, merged_into from vault.merges").fetchall())
    names = db.execute(
        "select c.child, a.child_key, c.second_id_from < 9999 or c.dni_from > 0 from vault.aliases as a "
        f"join '{country.truth / 'children.parquet'}' as c on (a.kind = 'dni' and a.value = c.dni::varchar) "
        "or (a.kind = 'siagie' and a.value in (c.persona::varchar, c.persona_2::varchar))"
    ).fetchall()
    together = db.execute(
        "select distinct d.child_key, p.child_key from vault.siagie_enrollments as e "
        "join vault.aliases as d on d.kind = 'dni' and d.value = e.n_doc and e.tipo_doc = 'DNI' "
        "join vault.aliases as p on p.kind = 'siagie' and p.value = e.id_persona"
    ).fetchall()
    twins = one_of(db, f"select count(*) from '{country.truth / 'children.parquet'}' where is_twin")
    db.close()

    def last(key: int) -> int:
        while key in merged:
            key = merged[key]
        return key

    children_of: dict[int, set[int]] = {}
    for child, key, _ in names:
        children_of.setdefault(last(key), set()).add(child)
    assert merged
    assert twins > 0
    assert any(trapped for *_, trapped in names)
    assert any(first != second for first, second in together)
    assert [pair for pair in together if last(pair[0]) != last(pair[1])] == []
    assert {key: found for key, found in children_of.items() if len(found) > 1} == {}


def one_of(db: duckdb.DuckDBPyConnection, sql: str) -> int:
    return db.execute(sql).fetchone()[0]


def test_no_child_is_lost_or_doubled_on_a_date(country: Country) -> None:
    """The answer key's children in school and those with a feature row differ only by late registration."""
    true = dict(
        duckdb.execute(
            f"select as_of_date, count(*) from '{country.truth / 'child_dates.parquet'}' "
            "where month(as_of_date) = 10 group by 1"
        ).fetchall()
    )
    found = dict(
        country.ask("select as_of_date, count(*) from features.child_features where month(as_of_date) = 10 group by 1")
    )
    assert sorted(true) == sorted(found)
    for day, n in true.items():
        assert abs(found[day] - n) <= 0.03 * n, day


def test_leading_zeros_are_restored(country: Country) -> None:
    assert one(country, "select count(*) from raw.midis_feeding where length(cod_mod) <> 7") == 0
    assert one(country, "select count(*) from raw.midis_feeding where cod_mod like '0%'") > 0
    unknown = one(
        country,
        "select count(*) from staging.stg_midis__feeding where service_code not in "
        "(select service_code from intermediate.int_schools__registers)",
    )
    assert unknown == 0


def test_district_codes_of_the_other_coding_are_translated(country: Country) -> None:
    assert one(country, "select count(*) from raw.inei_populated_places where sistema_codigo = 'RENIEC'") > 0
    wrong = one(
        country,
        "select count(*) from raw.escale_schools as s join intermediate.int_places__populated as p "
        "on s.codccpp = p.populated_place_code where s.consulta_ubigeo <> p.district_code",
    )
    assert wrong == 0


def test_careless_letters_are_marks(country: Country) -> None:
    dirty = "nl_c1 in ('A D', 'AA', ' b', 'c ')"
    assert one(country, f"select count(*) from raw.siagie_grades where {dirty}") > 0
    points = country.ask(
        "select nl_c1, min(competence_1_points), max(competence_1_points) from raw.siagie_grades as r "
        f"join staging.stg_siagie__grades as s using (_file, _line) where {dirty} group by 1 order by 1"
    )
    assert points == [(" b", 2, 2), ("A D", 4, 4), ("AA", 3, 3), ("c ", 1, 1)]


def test_null_attendance_is_not_zero(country: Country) -> None:
    assert one(country, "select count(*) from intermediate.int_attendance__months where absence_days is null") > 0


def test_attendance_means_nothing_in_the_closed_years(country: Country) -> None:
    assert one(country, "select count(attendance_share) from features.child_features "
               "where school_year in (2020, 2021)") == 0  # fmt: skip


def test_exactly_ninety_percent_counts_as_low(country: Country) -> None:
    rows = country.ask("select min(n_low_attendance_months) from features.child_features where attendance_share = 0.9 "
                       "and last_month_attendance_share = 0.9")  # fmt: skip
    assert rows[0][0] >= 1


def test_a_split_ugel_moves_its_schools(country: Country) -> None:
    split = country.ask("select distinct ugel_code from intermediate.int_schools__registers where ugel_code like '%90'")
    assert len(split) == 1
    years = country.ask(f"select min(school_year) from features.child_features where ugel_code = '{split[0][0]}'")
    assert years == [(2022,)]


def test_the_dead_and_the_emigrated_are_censored(country: Country) -> None:
    rows = country.ask(
        "select label_status, count(*) from intermediate.int_outcomes__labels as l join outcomes.child_outcomes as o "
        "using (child_key, as_of_date) where (is_deceased or is_emigrated) and outcome = 'interruption' group by 1"
    )
    assert [row[0] for row in rows] == ["censored"]


def test_moving_to_alternative_education_is_an_exit_but_no_interruption(country: Country) -> None:
    rows = country.ask(
        "select outcome, bool_and(label), bool_or(label) from intermediate.int_outcomes__labels "
        "join outcomes.child_outcomes using (child_key, as_of_date) where is_in_alternative_after "
        "and not is_enrolled_after and not is_graduate and outcome in ('interruption', 'ebr_exit') "
        "and label is not null group by 1 order by 1"
    )
    assert rows == [("ebr_exit", True, True), ("interruption", False, False)]


def test_a_transfer_is_no_exit(country: Country) -> None:
    """Whoever the answer key says stays is labeled as staying, transfers and all."""
    wrong, total = country.ask(
        "select count(*) filter (where label), count(*) from outcomes.child_outcomes join "
        "(select distinct child_key, year(as_of_date) as y from features.child_features where is_in_transit) as t "
        "on t.child_key = child_outcomes.child_key and t.y = year(child_outcomes.as_of_date) "
        "where outcome = 'interruption' and label is not null"
    )[0]
    assert total > 0
    assert wrong / total < 0.1


def test_leaked_columns_are_in_no_feature(country: Country) -> None:
    columns = {row[0] for row in country.ask(
        "select column_name from information_schema.columns where table_schema = 'features'")}  # fmt: skip
    assert not columns & {"withdrawal_reason", "final_result", "recovery_result"}


@pytest.mark.parametrize("table", ["demuna_cases", "cem_cases", "upe_cases"])
def test_cases_without_a_document_wait_for_linkage(country: Country, table: str) -> None:
    without, linked = country.ask(
        f"select count(*) filter (where child_key is null), count(child_key) from raw.{table}"
    )[0]
    assert without > 0
    assert linked > 0


def test_labels_agree_with_the_answer_key(country: Country) -> None:
    """Child by child and date by date, but for noise of registration; shares of a date would not do: late in the year
    some are on the roll whom no record tells to have left."""
    db = database.warehouse(country.home, read_only=True)
    database.attach_vault(db, country.home, keys.load(country.home.secrets), read_only=True)
    found = db.execute(
        "with known as (select child, unnest([persona, persona_2])::varchar as value "
        f"from '{country.truth / 'children.parquet'}'), "
        "true_labels as (select distinct coalesce(m.merged_into, a.child_key) as child_key, "
        "year(d.as_of_date) as school_year, d.interrupts "
        f"from '{country.truth / 'child_dates.parquet'}' as d join known using (child) "
        "join vault.aliases as a on a.kind = 'siagie' and a.value = known.value "
        "left join vault.merges as m on m.child_key = a.child_key) "
        "select o.as_of_date, avg((o.label = t.interrupts)::int), avg(t.interrupts::int), count(*) "
        "from outcomes.child_outcomes as o join true_labels as t "
        "on t.child_key = o.child_key and t.school_year = year(o.as_of_date) "
        "where o.outcome = 'interruption' and o.label is not null group by 1"
    ).fetchall()  # fmt: skip
    db.close()
    assert len(found) == 21  # three dates of seven years whose labels are final
    for day, agree, interrupts, n in found:
        assert n > 900, day
        assert agree > 0.99 > 1 - interrupts, day  # labels that are all false would not pass


def test_what_landed_adds_up_to_what_the_ministry_publishes(country: Country) -> None:
    """By school, level and age; a file that lost rows would show as a gap."""
    years = country.ask("select school_year, sum(n_published), sum(n_gap), bool_and(is_reconciled) "
                        "from operations.control_totals where level in ('B0', 'F0') group by 1 order by 1")  # fmt: skip
    assert [row[0] for row in years] == [2021, 2022, 2023, 2024]
    assert all(published > 500 for _, published, _, _ in years)
    assert [(gap, reconciled) for _, _, gap, reconciled in years] == [(0, True)] * 4
