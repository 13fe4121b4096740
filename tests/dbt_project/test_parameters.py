"""What a home states beside what is shipped: of what is known by a date the last that is valid counts, and the past stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import few
from tests.conftest import Country, examples, qhawaq
from warehouse.settings import Home

FIRST = date(2025, 1, 1)
DAYS = 12
OFFICES = ("own", "other")
FOR_EVER = date(9999, 12, 31)
WHY = ("--who", "R. Quispe", "--why", "the office says so in writing")
CAPACITIES, SCORES = "intermediate.int_places__ugel_capacities", "scores.risk_scores"


class Said(NamedTuple):
    """A capacity that a home stated: of whom, from when on, how many, known from and until."""

    ugel: str
    valid_from: date
    children: int
    known_at: date
    known_until: date


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Draw what a home stated, one after the other, some of it withdrawn on the same day or later."""
    said, known = [], 0
    for children in range(1, draw(st.integers(0, 6)) + 1):
        known = draw(st.integers(known, DAYS))
        until = draw(st.none() | st.integers(known, DAYS + 1))
        ugel, valid = draw(st.sampled_from((*OFFICES, "*"))), draw(st.integers(0, DAYS))
        said.append(Said(ugel, day(valid), children, day(known), FOR_EVER if until is None else day(until)))
    return said


def resolved(said: list[Said], ugel: str, on: date) -> int:
    """Return what holds of a UGEL on a day, in plain words: 0 where it is what is shipped."""
    known = [(one.valid_from, n, one) for n, one in enumerate(said) if one.known_at <= on < one.known_until]
    for whose in (ugel, "*"):
        valid = [(since, n, one.children) for since, n, one in known if one.ugel == whose and since <= on]
        if valid:
            return max(valid)[2]
    return 0


class Model:
    """The compiled model over tables of its own."""

    def __init__(self, home: Home) -> None:
        (path,) = home.dbt.glob("compiled/**/int_places__ugel_capacities.sql")
        self.sql = path.read_text(encoding="utf-8")
        self.db = duckdb.connect()
        self.db.execute(
            "attach ':memory:' as warehouse; use warehouse; create schema staging; create schema intermediate"
        )
        self.db.execute("create table intermediate.int_pupils__as_of (as_of_date date, ugel_code varchar)")
        rows = [(day(number), ugel) for number in range(DAYS + 1) for ugel in (*OFFICES, "other")]
        self.db.executemany("insert into intermediate.int_pupils__as_of values (?, ?)", rows)
        self.db.execute("create table staging.ugel_capacity (ugel_code varchar, valid_from date, capacity_children integer, "
                        "capacity_share double)")  # fmt: skip
        self.db.execute("insert into staging.ugel_capacity values ('*', '2018-01-01', 0, null)")
        self.db.execute("create table staging.stg_home__parameters (parameter_number integer, kind varchar, ugel_code varchar, "
                        "valid_from date, capacity_children integer, capacity_share double, known_at date, known_until date)")  # fmt: skip

    def of(self, said: list[Said]) -> dict[tuple[str, date], int]:
        """Return what the model says of each UGEL on each day."""
        self.db.execute("delete from staging.stg_home__parameters")
        for number, one in enumerate(said, 1):
            row = [number, "capacity", one.ugel, one.valid_from, one.children, None, one.known_at, one.known_until]
            self.db.execute("insert into staging.stg_home__parameters values (?, ?, ?, ?, ?, ?, ?, ?)", row)
        rows = self.db.execute(f"select ugel_code, as_of_date, capacity_children from ({self.sql})").fetchall()
        assert len(rows) == len(OFFICES) * (DAYS + 1)
        return {(ugel, on): children for ugel, on, children in rows}


@pytest.fixture(scope="module")
def model(country: Country) -> Model:
    return Model(country.home)


@settings(max_examples=examples(40))
@given(said=histories())
def test_the_last_valid_statement_that_is_known_by_the_date_counts(model: Model, said: list[Said]) -> None:
    found = model.of(said)
    assert found == {(ugel, on): resolved(said, ugel, on) for ugel, on in found}


@settings(max_examples=examples(20))
@given(said=histories(), at=st.integers(0, 5))
def test_what_is_withdrawn_brings_back_what_was_before(model: Model, said: list[Said], at: int) -> None:
    """From the withdrawal on all is as if it had never been stated; before it, as if it had never been withdrawn."""
    if at >= len(said) or said[at].known_until == FOR_EVER:
        return
    until = said[at].known_until
    found, never = model.of(said), model.of(said[:at] + said[at + 1 :])
    standing = model.of([*said[:at], said[at]._replace(known_until=FOR_EVER), *said[at + 1 :]])
    assert {key: n for key, n in found.items() if key[1] < until} == {
        key: n for key, n in standing.items() if key[1] < until
    }
    later = [key for key in found if key[1] >= until]
    assert [_children(said, found[key]) for key in later] == [
        _children(said[:at] + said[at + 1 :], never[key]) for key in later
    ]


def _children(said: list[Said], children: int) -> Said | None:
    """Return the statement of so many children; each states another number."""
    return next((one for one in said if one.children == children), None)


@settings(max_examples=examples(20))
@given(said=histories(), more=histories())
def test_what_is_stated_later_changes_no_earlier_date(model: Model, said: list[Said], more: list[Said]) -> None:
    last = max((one.known_at for one in said), default=FIRST)
    later = [one._replace(known_at=max(one.known_at, last), known_until=FOR_EVER) for one in more]
    before, after = model.of(said), model.of(said + later)
    since = min((one.known_at for one in later), default=FOR_EVER)
    assert {key: n for key, n in before.items() if key[1] < since} == {
        key: n for key, n in after.items() if key[1] < since
    }


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


@pytest.fixture(scope="module")
def stating(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A country of its own, in which one of each kind is stated by the command after the lists were written."""
    home = country.to_build(tmp_path_factory.mktemp("stating") / "home")
    ((ugel,),) = ask(home, f"select min(ugel_code) from {CAPACITIES}")
    for arguments in (
        ("capacity", ugel, "--children", "3", "--from", "2018-01-01"),
        ("cost", "TUTOR", "120", "--from", "2025-01-01"),
        ("cost", "VISITA", "80", "--from", "2025-12-06"),  # the day after
        ("holiday", "2025-12-26", "Puente"),
        ("no-holiday", "2025-12-25"),
        ("target", "over_age", "B0", "2023", "0.05", "--source", "a plan"),
    ):
        qhawaq(home.root, "parameters", *arguments, *WHY)
    return home


BUILT = ("int_places__ugel_capacities", "risk_scores", "int_parameters__*", "dim_service", "dim_date", "program_costs",
         "target_gaps")  # fmt: skip


def test_lists_that_were_written_and_closed_dates_stay(country: Country, stating: Home) -> None:
    """A synthetic home decides on the day of its newest delivery, which is after its last as-of date."""
    assert ask(stating, "select distinct known_at from raw.parameters") == [(date(2025, 12, 5),)]
    few.build(stating, *BUILT)
    for table in (CAPACITIES, SCORES):
        sql = f"select count(*), bit_xor(hash(t)) from {table} as t"
        assert ask(stating, sql) == country.ask(sql)
    assert (
        qhawaq(stating.root, "replay", "2025-11-30").stdout == qhawaq(country.home.root, "replay", "2025-11-30").stdout
    )


def test_what_is_known_today_counts_today(stating: Home) -> None:
    few.build(stating, *BUILT)
    costs = ask(
        stating, "select distinct support_code, unit_cost_soles from star.dim_service where unit_cost_soles > 0"
    )
    assert costs == [("TUTOR", 120.0)]
    december = ask(stating, "select date_day, holiday_name, is_working_day from star.dim_date where date_day between "
                            "date '2025-12-24' and date '2025-12-26' order by 1")  # fmt: skip
    assert [row[1:] for row in december] == [(None, True), (None, True), ("Puente", False)]
    ((share, gap),) = ask(stating, "select case_share, gap_to_target from officials.target_gaps")
    assert gap == round(share - 0.05, 4)


def test_a_list_is_cut_by_what_was_stated_in_time(stating: Home) -> None:
    """On the as-of date itself it counts; known a day later it does not."""
    with duckdb.connect(str(stating.warehouse)) as db:
        ((ugel,),) = db.execute("select ugel_code from raw.parameters where kind = 'capacity'").fetchall()
        (last,) = db.execute(f"select max(as_of_date) from {SCORES}").fetchone() or (None,)
        cut = (f"select count(*) filter (where tier = 'alto'), count(*) filter (where tier = 'medio') from {SCORES} "
               f"join features.child_features using (child_key, as_of_date) where as_of_date = date '{last}' and "
               f"ugel_code = '{ugel}' group by outcome, model_version")  # fmt: skip
        shipped = db.execute(cut).fetchall()
    cuts = []
    for known in (last + timedelta(days=1), last):
        with duckdb.connect(str(stating.warehouse)) as db:
            db.execute("update raw.parameters set known_at = ? where kind = 'capacity'", [known])
            db.execute(f"delete from {SCORES} where as_of_date = ?", [last])
        few.build(stating, "int_places__ugel_capacities", "risk_scores")
        cuts.append(set(ask(stating, cut)))
    assert cuts == [set(shipped), {(3, 3)}]
    assert (3, 3) not in shipped
