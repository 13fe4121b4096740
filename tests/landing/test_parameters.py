"""A home states capacities, costs, holidays and targets: with who, why and from when; what cannot be true is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import clock, contracts, database
from warehouse.errors import HomeInUse, UsageError
from warehouse.landing import ledger, parameters, stating
from warehouse.landing.parameters import Capacity, Decided
from warehouse.pipeline import tables
from warehouse.pipeline.state import inputs_key
from warehouse.settings import DBT_PROJECT, Home

WHY = ("--who", "R. Quispe", "--why", "the office says so in writing")
BY = Decided("R. Quispe", "the office says so in writing")
CAPACITY = ("capacity", "150101", "--children", "40", "--from", "2026-03-01")
FORTY = Capacity(ugel_code="150101", valid_from=date(2026, 3, 1), capacity_children=40)


def call(home: Home, *arguments: str, expect: int = 0) -> str:
    """Call `qhawaq parameters`; return what it said."""
    said = qhawaq(home.root, "parameters", *arguments, expect=expect)
    return said.stderr if expect else said.stdout


def stated(home: Home, *asked: str) -> list[tuple]:
    """Return columns of what is stated, in order."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(f"select {', '.join(asked)} from raw.parameters order by parameter_number").fetchall()


@pytest.mark.parametrize(("arguments", "says"), [
    (CAPACITY, "1 capacity: 150101, 40 children per list from 2026-03-01, known from 2026-02-28"),
    (("capacity", "*", "--share", "0.075", "--from", "2026-03-01"), "1 capacity: *, 7.50% per list from 2026-03-01"),
    (("cost", "tutor", "120.5", "--from", "2026-03-01"), "1 cost: TUTOR, 120.50 soles per child from 2026-03-01"),
    (("holiday", "2026-07-27", "Puente"), "1 holiday: 2026-07-27, Puente, known from"),
    (("no-holiday", "2026-07-28"), "1 holiday: 2026-07-28, is none, known from"),
    (("target", "DROPOUT", "f0", "2030", "0.01", "--source", "a plan"), "1 target: dropout F0 2030, 1.00% (a plan), known"),
    (("deadline", "cem", "3", "--of", "Violence", "--from", "2026-03-01", "--source", "a norm"),
     "1 deadline: CEM violence, 3 working days from 2026-03-01 (a norm), known"),
])  # fmt: skip
def test_each_kind_is_stated_and_listed(home: Home, evening: date, arguments: tuple[str, ...], says: str) -> None:
    assert call(home).strip() == "nothing is stated: what Qhawaq ships holds"
    said = call(home, *arguments, *WHY)
    assert says in said
    assert "it counts from the next 'qhawaq run'" in said
    (line,) = call(home, "list").splitlines()
    assert says in line
    assert line.endswith("; R. Quispe: the office says so in writing")
    moment = datetime(2026, 3, 1, 2, 30, tzinfo=UTC).replace(tzinfo=None)
    assert stated(home, "known_at", "decided_at", "withdrawn_on") == [(evening, moment, None)]


@pytest.mark.parametrize(("arguments", "says"), [
    (("capacity", "15010", "--children", "4", "--from", "2026-03-01"), "15010 is no UGEL: a code has 6 digits"),
    (("capacity", "150101", "--from", "2026-03-01"), "say either --children or --share"),
    (("capacity", "150101", "--children", "4", "--share", "0.1", "--from", "2026-03-01"), "say either --children or"),
    (("capacity", "150101", "--children", "0", "--from", "2026-03-01"), "a list has 1 to 100,000 children"),
    (("capacity", "150101", "--children", "100001", "--from", "2026-03-01"), "a list has 1 to 100,000 children"),
    (("capacity", "150101", "--share", "0", "--from", "2026-03-01"), "more than 0, up to 1"),
    (("capacity", "150101", "--share", "1.01", "--from", "2026-03-01"), "more than 0, up to 1"),
    (("capacity", "150101", "--share", "nan", "--from", "2026-03-01"), "more than 0, up to 1"),
    (("capacity", "150101", "--children", "4", "--from", "1999-12-31"), "no day from 2000-01-01 to 2060-12-31"),
    (("capacity", "150101", "--children", "4", "--from", "2061-01-01"), "no day from 2000-01-01 to 2060-12-31"),
    (("capacity", "150101", "--children", "4"), "Missing option '--from'"),
    (("cost", "TUTO", "1", "--from", "2026-03-01"), "TUTO is no service; there are: ALIMENTACION, EIB"),
    (("cost", "--from", "2026-03-01", "--", "TUTOR", "-1"), "from 0 to 1,000,000"),
    (("cost", "TUTOR", "1000001", "--from", "2026-03-01"), "from 0 to 1,000,000"),
    (("cost", "TUTOR", "inf", "--from", "2026-03-01"), "from 0 to 1,000,000"),
    (("holiday", "2026-07-28", "Fiestas"), "2026-07-28 is a holiday already"),
    (("holiday", "2026-07-27", " "), "say what the holiday is called"),
    (("holiday", "2026-07-27", "x" * 101), "in up to 100 characters"),
    (("no-holiday", "2026-07-27"), "2026-07-27 is no holiday already"),
    (("target", "dropouts", "B0", "2030", "0.01", "--source", "a plan"), "dropouts is no indicator; there are: "),
    (("target", "dropout", "A0", "2030", "0.01", "--source", "a plan"), "B0 is primary, F0 secondary"),
    (("target", "dropout", "B0", "2030", "1.01", "--source", "a plan"), "from 0 to 1"),
    (("target", "dropout", "B0", "2030", "0.01", "--source", " "), "say which plan or norm sets the goal"),
    (("deadline", "PNP", "3", "--from", "2026-03-01", "--source", "n"), "PNP is no protection office; there are: DEMUNA"),
    (("deadline", "CEM", "0", "--from", "2026-03-01", "--source", "n"), "0 working days: say from 1 to 250"),
    (("deadline", "CEM", "251", "--from", "2026-03-01", "--source", "n"), "251 working days: say from 1 to 250"),
    (("deadline", "CEM", "3", "--of", "x", "--from", "2026-03-01", "--source", "n"), "--of x: say one of violence, any"),
    (("deadline", "CEM", "3", "--from", "2026-03-01", "--source", " "), "--source: say which norm sets the deadline"),
    (("target", "dropout", "B0", "2061", "0.01", "--source", "a plan"), "2061 is not in the range"),
    (("withdraw", "1"), "no parameter 1 stands: call 'qhawaq parameters' to see which do (none)"),
])  # fmt: skip
def test_what_cannot_be_true_is_refused(home: Home, arguments: tuple[str, ...], says: str) -> None:
    decided = (arguments[0], *WHY, *arguments[1:])
    assert says in call(home, *decided, expect=2)
    assert call(home).strip() == "nothing is stated: what Qhawaq ships holds"


def test_who_decides_and_why_are_stated(home: Home) -> None:
    assert "--why: say in a sentence why" in call(home, *CAPACITY, "--why", "because", expect=2)
    assert "say who decides" in call(home, *CAPACITY, "--who", " ", "--why", "the office says so", expect=2)
    assert "Missing option '--why'" in call(home, *CAPACITY, expect=2)


@pytest.mark.parametrize("arguments", [
    ("capacity", "150101", "--children", "100000", "--from", "2000-01-01"),
    ("capacity", "150101", "--share", "1", "--from", "2060-12-31"),
    ("cost", "TUTOR", "0", "--from", "2026-03-01"), ("cost", "TUTOR", "1000000", "--from", "2026-03-01"),
    ("holiday", "2026-07-27", "x" * 100), ("target", "dropout", "B0", "2030", "0", "--source", "y" * 100),
    ("target", "promotion", "B0", "2030", "1", "--source", "a plan"),
])  # fmt: skip
def test_what_is_just_within_the_limits_is_taken(home: Home, arguments: tuple[str, ...]) -> None:
    assert call(home, *arguments, *WHY).startswith("1 ")


def test_a_ugel_that_no_register_names_is_refused(home: Home) -> None:
    stating.state(home, FORTY, BY)  # no register is built yet
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("create schema intermediate; create table intermediate.int_places__ugels as "
                   "select unnest(['150102', '150103', '080101']) as ugel_code")  # fmt: skip
    refused = "no school register names UGEL 150101; of department 15 there are: 150102, 150103"
    assert refused in call(home, *CAPACITY, *WHY, expect=2)
    assert "150102, 40 children" in call(home, "capacity", "150102", *CAPACITY[2:], *WHY)
    assert "*, 40 children" in call(home, "capacity", "*", *CAPACITY[2:], *WHY)


def test_what_is_withdrawn_stays_with_who_and_why(home: Home, evening: date) -> None:
    call(home, *CAPACITY, *WHY)
    call(home, "cost", "TUTOR", "100", "--from", "2026-03-01", *WHY)
    said = call(home, "withdraw", "1", "--who", "M. Huamán", "--why", "the visitor has left the office")
    assert "1 capacity: 150101" in said
    assert f"withdrawn, known until {evening}" in said
    first, withdrawn, second = call(home).splitlines()
    assert (first[:10], second[:6]) == ("1 capacity", "2 cost")
    assert withdrawn == f"  withdrawn, known until {evening}; M. Huamán: the visitor has left the office"
    assert "no parameter 1 stands: call 'qhawaq parameters' to see which do (2)" in call(
        home, "withdraw", "1", *WHY, expect=2
    )
    assert "3 capacity" in call(home, *CAPACITY, *WHY)  # what is stated again has another number


def test_what_stands_already_is_not_stated_again(home: Home) -> None:
    for children, code in (("40", 0), ("40", 2), ("41", 0), ("40", 0)):  # back to forty is news
        said = call(home, "capacity", "150101", "--children", children, "--from", "2026-03-01", *WHY, expect=code)
        assert code == 0 or "parameter 1 states just this, known from " in said


def test_a_holiday_is_judged_by_what_the_home_said_last(home: Home) -> None:
    day = "2026-07-28"
    for number, (said, code) in enumerate((("no-holiday", 0), ("no-holiday", 2), ("holiday", 0), ("holiday", 2))):
        name = ("Fiestas Patrias",) if said == "holiday" else ()
        call(home, said, day, *name, *WHY, expect=code)
        assert number < 2 or len(stated(home, "is_holiday")) == 2
    call(home, "withdraw", "2", *WHY)
    assert f"{day} is no holiday already" in call(home, "no-holiday", day, *WHY, expect=2)


def test_it_is_known_after_the_last_closed_date(home: Home, evening: date) -> None:
    with database.warehouse(home) as db:
        ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
        db.execute("insert into raw.closed_dates values (date '2026-02-27')")
    assert stating.state(home, FORTY, BY).known_at == evening
    with database.warehouse(home) as db:
        db.execute("insert into raw.closed_dates values (date '2026-02-28')")
    assert stating.withdraw(home, 1, BY).withdrawn_on == date(2026, 3, 1)


def test_a_page_states_a_capacity_by_one_call(home: Home) -> None:
    done = stating.state(home, FORTY, BY)
    assert (done.number, done.parameter, done.decided, done.withdrawn_on) == (1, FORTY, BY, None)
    with database.warehouse(home, read_only=True) as db:
        assert parameters.listed(db) == [done]
    with pytest.raises(UsageError, match="states just this"):
        stating.state(home, FORTY, BY)
    with pytest.raises(UsageError, match="--why: say in a sentence why"):
        stating.state(home, FORTY, Decided("R. Quispe", "no"))


def test_while_another_process_writes_it_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def held(*_: object, **__: object) -> None:
        raise HomeInUse("another process is using warehouse.duckdb")

    monkeypatch.setattr(database, "warehouse", held)
    with pytest.raises(HomeInUse):
        stating.state(home, FORTY, BY)


def test_the_main_job_has_something_to_do_after_it(home: Home) -> None:
    def key() -> str:
        with database.warehouse(home) as db:
            tables.prepare(db)
            return inputs_key(db, "2026-03-05")

    keys = [key()]
    stating.state(home, FORTY, BY)
    keys.append(key())
    stating.withdraw(home, 1, BY)
    keys.append(key())
    assert len(set(keys)) == 3
    assert key() == keys[-1]


def test_what_is_stated_outlives_backup_another_secret_and_retention(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QHAWAQ_BACKUPS", str(tmp_path / "backups"))
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "land")
    call(home, *CAPACITY, *WHY)
    call(home, "holiday", "2026-07-27", "Puente", *WHY)
    call(home, "withdraw", "1", *WHY)
    said = call(home)
    qhawaq(home.root, "rotate-secret")
    qhawaq(home.root, "retain", "--today", str(clock.today()), "--delete")
    qhawaq(home.root, "verify")
    qhawaq(home.root, "backup", "--rehearse")
    (backup,) = (path for path in (tmp_path / "backups").iterdir() if path.is_dir())
    again = Home(tmp_path / "again")
    qhawaq(again.root, "restore", str(backup))
    assert call(home) == said
    with duckdb.connect(str(again.warehouse), read_only=True) as db:
        assert [str(one.parameter) for one in parameters.listed(db)] == [str(FORTY), "2026-07-27, Puente"]
