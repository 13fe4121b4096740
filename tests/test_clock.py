"""Days are Lima's and come from one place: what is decided at 21:30 there is not of tomorrow, as it is in UTC."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import forms
from tests.conftest import examples, qhawaq
from tests.landing import samples
from warehouse import clock, database, keys
from warehouse.audit import accesses, pack
from warehouse.audit.access_log import AccessLog
from warehouse.landing import codes, ledger
from warehouse.pipeline import tables
from warehouse.rights import retention
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

CLOCK = REPOSITORY / "warehouse" / "clock.py"
FOLDERS = ("warehouse", "ml", "service", "dags", "deploy", "grafana", "benchmarks", "tests")
OF_DATETIME = {"now", "utcnow", "fromtimestamp", "utcfromtimestamp"}
OF_TIME = {"strftime", "localtime", "gmtime", "ctime"}
# In SQL: a day of the session's zone, and a stored moment cut to a day.
SQL_DAYS = re.compile(
    r"\bcurrent_date\b|"
    r"cast\(\s*(now\(\)|[\w.]*\b(?!known_at|stood_at|effective_at|delivered_at)\w+_at|\"at\")(::\w+)?\s+as\s+date\)|"
    r"\b(?!known_at|stood_at|effective_at|delivered_at)\w+_at::date\b|now\(\)::date",
    re.IGNORECASE,
)


def days_taken(code: str) -> list[str]:
    """Return where a module takes a day, or the moment, from elsewhere than the clock."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(code)) if is_taken(node)]


def is_taken(node: ast.AST) -> bool:
    if isinstance(node, ast.FormattedValue):
        spec = ast.unparse(node.format_spec) if node.format_spec else ""
        value = ast.unparse(node.value)
        is_moment = re.search(r"\bnow\b", value) and not value.startswith("clock.day_of")
        return "%d" in spec and "%H" not in spec and bool(is_moment)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "date":
        return not node.args
    if not isinstance(node, ast.Attribute):
        return False
    owner = ast.unparse(node.value).rpartition(".")[2]
    return (
        (node.attr in OF_DATETIME and owner != "clock")
        or (node.attr == "today" and owner in ("date", "datetime", "Timestamp"))
        or (node.attr in OF_TIME and owner == "time")
    )


def modules() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in sorted((REPOSITORY / folder).rglob("*.py")) if path != CLOCK)
    yield from REPOSITORY.glob("*.py")


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("datetime.now(UTC)", True), ("dt.datetime.utcnow()", True), ("field(default_factory=datetime.now)", True),
        ("date.today()", True), ("pd.Timestamp.today()", True), ("moment.date()", True), ("time.strftime('%Y')", True),
        ("f'{now:%Y%m%d}'", True), ("f'{clock.now():%Y-%m-%d}'", True), ("f'{now:%Y%m%dT%H%M}'", False),
        ("clock.now()", False), ("clock.today()", False), ("settings.today()", False), ("f'{day:%Y%m%d}'", False),
        ("polars.date(2020, 1, 1)", False),
    ],
)  # fmt: skip
def test_what_takes_a_day_is_seen(code: str, is_found: bool) -> None:
    assert bool(days_taken(code)) == is_found


def test_no_code_of_ours_takes_a_day_from_elsewhere() -> None:
    found = {str(path.relative_to(REPOSITORY)): days_taken(path.read_text(encoding="utf-8")) for path in modules()}
    assert len(found) > 250
    assert {name: days for name, days in found.items() if days} == {}


@pytest.mark.parametrize(
    ("sql", "is_found"),
    [
        ("cast(revealed_at as date)", True), ('cast("at" as date)', True), ("cast(r.landed_at as date)", True),
        ("current_date", True), ("scored_at::date", True), ("now()::date", True),
        ("cast(known_at as date)", False),
    ],
)  # fmt: skip
def test_sql_that_takes_a_day_is_seen(sql: str, is_found: bool) -> None:
    assert bool(SQL_DAYS.search(sql)) == is_found


def test_no_sql_of_ours_takes_a_day_from_elsewhere() -> None:
    texts = [
        *(path for path in DBT_PROJECT.rglob("*.sql") if "target" not in path.parts),
        *(path for path in modules() if path.parts[len(REPOSITORY.parts)] not in ("tests", "benchmarks")),
    ]
    assert len(texts) > 300
    found = {}
    for path in texts:
        code = path.read_text(encoding="utf-8")
        parts = string_parts(code) if path.suffix == ".py" else [code]
        if days := [match.group() for part in parts for match in SQL_DAYS.finditer(part)]:
            found[str(path.relative_to(REPOSITORY))] = days
    assert found == {}


def string_parts(code: str) -> list[str]:
    return [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC), date(2026, 2, 28)),
        (datetime(2026, 3, 1, 5, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 2, 30, tzinfo=UTC).replace(tzinfo=None), date(2026, 2, 28)),  # as tables hold it
        (datetime(2026, 2, 28, 21, 30, tzinfo=clock.LIMA), date(2026, 2, 28)),
        (datetime(2024, 3, 1, 2, 30, tzinfo=UTC), date(2024, 2, 29)),
    ],
)
def test_the_day_of_a_moment_is_lima_s(moment: datetime, day: date) -> None:
    assert clock.day_of(moment) == day


@settings(deadline=None, max_examples=examples(100))
@given(st.datetimes(datetime(1995, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  as tables hold it
def test_sql_says_the_same_day(moment: datetime) -> None:
    ((day,),) = duckdb.execute(f"select {clock.day_sql('m')} from (select ?::timestamp as m)", [moment]).fetchall()
    assert day == clock.day_of(moment)


def test_models_say_the_same_day_as_python() -> None:
    macro = (DBT_PROJECT / "macros" / "dialect" / "words.sql").read_text(encoding="utf-8")
    said = re.search(r"macro lima_day\(moment\) -%} (.*?) {%-", macro).group(1)
    assert said.replace("{{ moment }}", "x") == clock.day_sql("x")


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 30))
def test_years_are_counted_by_the_calendar(day: date, years: int) -> None:
    later = clock.years_later(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) == (day.month, day.day) or (
        (day.month, day.day) == (2, 29) and (later.month, later.day) == (2, 28)
    )


class Told(Exception):
    """What was called, with what."""


@pytest.mark.parametrize(
    ("called", "arguments"),
    [
        ("warehouse.rights.subject.oppose", ["subject", "oppose", "7"]),
        ("warehouse.rights.subject.review", ["subject", "review", "7", "2025-11-30", "keep"]),
        (
            "warehouse.rights.rectifying.rectify",
            ["subject", "rectify", "7", "--source", "s", "--column", "c", "--value", "v"],
        ),
        ("warehouse.rights.parting.part", ["subject", "part", "7"]),
        ("warehouse.rights.erasure.erase", ["subject", "erase", "7", "--yes"]),
        ("warehouse.collect.run.collect", ["collect"]),
        ("warehouse.pipeline.retain.due", ["retain"]),
    ],
)
def test_a_command_of_the_evening_is_of_this_day(
    home: Home, evening: date, monkeypatch: pytest.MonkeyPatch, called: str, arguments: list[str]
) -> None:
    def tell(*given: object, **_: object) -> None:
        raise Told(*given)

    monkeypatch.setattr(called, tell)
    monkeypatch.setattr(Home, "existing", lambda home: home)
    reason = ["--reason", "the family asks for it"] if arguments[0] == "subject" else []
    with pytest.raises(Told) as told:
        qhawaq(home.root, *arguments, *reason)
    assert [given for given in told.value.args if isinstance(given, date)][-1] == evening


def test_a_code_decided_in_the_evening_is_known_from_this_day(home: Home, evening: date) -> None:
    decision = codes.CodeDecision(
        source="siagie.siagie_enrollments", column="estado_matricula", code="EN PROCESO",
        decision=codes.CodeVerdict.ACCEPT, who="R. Quispe", why="the ministry says so",
    )  # fmt: skip
    with database.warehouse(home) as db:
        tables.prepare(db)
        ledger.prepare(db, list(samples.CONTRACTS.values()))
        codes.decide(db, home, samples.CONTRACTS.values(), decision)
        assert db.execute("select known_at, decided_at from raw.codes").fetchall() == [
            (evening, datetime(2026, 3, 1, 2, 30, tzinfo=UTC).replace(tzinfo=None))
        ]


def test_accesses_of_the_evening_are_counted_on_this_day(home: Home, evening: date) -> None:
    secret = keys.load(home.secrets)  # before anything is sealed with it
    AccessLog(home.access_log, b"key").note("rosa", "child", "7", "ficha")
    with database.warehouse(home) as db:
        tables.prepare(db)
        accesses.count(db, home, secret)
        assert db.execute("select day, what from raw.accesses").fetchall() == [(evening, "child")]


def test_a_form_of_the_evening_holds_until_midnight_in_lima(monkeypatch: pytest.MonkeyPatch) -> None:
    service, caller = SimpleNamespace(settings=SimpleNamespace(log_key=b"key")), SimpleNamespace(name="rosa")

    def sealed(hour: int, day: int) -> str:
        monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, day, hour, 30, tzinfo=UTC))
        return forms.seal(service, caller, "7")

    assert sealed(23, day=1) == sealed(2, day=2) == sealed(4, day=2)
    assert sealed(4, day=2) != sealed(5, day=2)


def test_evidence_of_the_evening_is_named_after_this_day(
    home: Home, evening: date, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("warehouse.audit.pack.manifest.path", lambda _: None)
    monkeypatch.setattr(pack, "DOCUMENTS", {})
    assert pack.write(home, None).path == Path(f"audit-{evening:%Y%m%d}.zip")


def test_a_delivery_without_a_date_is_kept_by_lima_s_year() -> None:
    with duckdb.connect() as db:
        db.execute("create schema raw")
        db.execute(
            "create table raw.deliveries as select 'x' as file, 'h' as sha256, null::varchar as source, "
            "'refused' as status, null::varchar as period, null::date as delivered_at, "
            "timestamp '2026-01-01 02:30' as landed_at, null::date as deleted_on"
        )
        (kept,) = retention.expired(db, [], date(2030, 1, 1))
    assert kept.until == date(2026, 12, 31)


def test_tasks_of_the_evening_are_of_this_day(evening: date, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow is not installed where this runs: its decorators are stood in for."""

    def bare(task: object = None, **_: object) -> object:
        return task or (lambda given: given)

    stand_ins = {
        "airflow": {}, "airflow.sdk": {"task": bare, "get_current_context": dict},
        "airflow.sdk.exceptions": {"AirflowSkipException": Exception},
        "dags.graph": {"HOME": "home", "MODEL": "model", "step": bare},
    }  # fmt: skip
    for name, content in stand_ins.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    tasks = importlib.import_module("dags.tasks")
    monkeypatch.delitem(sys.modules, "dags.tasks")
    days: list[object] = []
    monkeypatch.setattr("warehouse.collect.run.collect", lambda *given: days.append(given[-1]) or [])
    monkeypatch.setattr("warehouse.pipeline.monitor.retain", lambda *given: days.append(given[-1]) or {})
    tasks.collect()
    tasks.retain()
    assert days == [evening, evening]
