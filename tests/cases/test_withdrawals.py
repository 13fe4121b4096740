"""A file that should never have come: it counts until its withdrawal, then what it had replaced counts again."""

from __future__ import annotations

import duckdb

from tests import few
from tests.cases.deliveries import ATTENDANCE, BOTH, CUSCO, LIMA, ask, build, land, month, months, sent
from tests.conftest import qhawaq
from warehouse.settings import Home

GRADES = ("stg_siagie__grades", "int_grades__areas")


def withdraw(home: Home, file: str, expect: int = 0) -> str:
    """Withdraw a file; return what the command says."""
    reason = "the office sent the wrong month"
    ran = qhawaq(home.root, "withdraw", file, "--reason", reason, "--who", "ana", expect=expect)
    return ran.stdout + ran.stderr


def test_a_withdrawn_correction_gives_back_what_it_replaced(home: Home) -> None:
    """It was known until then, closed dates stay, and the same content can be delivered again."""
    land(home, sent(2024, 3, "20240410"), month(2024, 3, BOTH, 1))
    wrong = sent(2024, 3, "20240420", "_C1")
    land(home, wrong, month(2024, 3, BOTH, 9))
    build(home)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("insert into raw.closed_dates values (date '2024-04-30')")
    known_then = "select * from intermediate.int_attendance__months where {day} >= known_at and {day} < known_until"
    past = known_then.format(day="date '2024-04-30'").replace("*", "child_key, absence_days") + " order by all"
    before = ask(home, past)
    assert "count until 2024-05-01 and no longer" in withdraw(home, wrong)
    build(home)
    assert months(home) == [(3, CUSCO, 10, 10), (3, LIMA, 10, 10)]
    assert ask(home, past) == before
    held = ask(home, "select * from intermediate.int_attendance__months order by all")
    few.build(home, *ATTENDANCE, full_refresh=True)
    assert ask(home, "select * from intermediate.int_attendance__months order by all") == held
    assert ask(
        home, "select status, withdrawn_by, withdrawn_on::varchar from raw.deliveries where withdrawn_on is not null"
    ) == [("withdrawn", "ana", "2024-05-01")]
    assert "withdrawn: it has no rows that count" in withdraw(home, wrong, expect=2)
    assert "no delivery is called" in withdraw(home, "NO_FILE.txt", expect=2)
    land(home, wrong, month(2024, 3, BOTH, 9))
    build(home)
    assert months(home) == [(3, CUSCO, 10, 90), (3, LIMA, 10, 90)]


def marks(first: str, second: str | None) -> str:
    header = "ID_ANIO|PERIODO|COD_MOD|ANEXO|ID_PERSONA|AREA|NL_C1|NL_C2|NL_C3"
    rows = [f"2024|A|0100001|0|70{n}|COMUNICACION|{mark}||" for n, mark in ((1, first), (2, second)) if mark]
    return "\n".join([header, *rows]) + "\n"


def test_a_withdrawn_file_of_rows_gives_back_only_what_it_named(home: Home) -> None:
    """Where a file replaces the rows that it names: of three versions the one in the middle goes."""
    names = [f"SIAGIE_NOTAS_2024A_202408{day}.txt" for day in (10, 11, 12)]
    for name, content in zip(names, (marks("A", "B"), marks("C", "C"), marks("AD", None)), strict=True):
        land(home, name, content)
    build(home, *GRADES)
    now = "select points, known_at::varchar from intermediate.int_grades__areas where known_until = date '9999-12-31' order by 1"
    assert ask(home, now) == [(1, "2024-08-11"), (4, "2024-08-12")]
    withdraw(home, names[1])
    build(home, *GRADES)
    assert ask(home, now) == [(2, "2024-08-12"), (4, "2024-08-12")]
    held = ask(home, "select * from intermediate.int_grades__areas order by all")
    few.build(home, *GRADES, full_refresh=True)
    assert ask(home, "select * from intermediate.int_grades__areas order by all") == held
