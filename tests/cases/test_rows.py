"""Rows that cannot be true are quarantined with their reason; nothing that one row says stops a landing or a build."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests import conftest, few
from tests.cases import home
from tests.cases.home import CaseHome
from tests.landing import samples
from warehouse import clock
from warehouse.deliveries import Fault, Status

MONTH = "SIAGIE_ASISTENCIA_{period}_{delivered}.txt"
HELD = "select count(*), count(distinct child_key) from raw.siagie_attendance"


@pytest.fixture
def empty(tmp_path: Path) -> CaseHome:
    return home.empty(tmp_path)


def attendance(empty: CaseHome, *rows: str, period: str = "202404", delivered: str = "20240510") -> None:
    """Land a month's lines, besides one that is sound."""
    year, month = period[:4], str(int(period[4:]))
    sound = f"{year}|{month}|150101|0100001|0|9999|18|0|0|0"
    empty.put(MONTH.format(period=period, delivered=delivered), samples.attendance([*rows, sound]))


def test_neither_45_days_open_nor_days_that_two_schools_tell_of_stop_a_build(empty: CaseHome) -> None:
    """Of two active enrollments the days count once."""
    empty.deliver("45-days-open-stops-every-build")
    assert empty.faults() == [(2, "dias_abiertos", Fault.MORE_THAN_MONTH)]
    ((before, children),) = empty.ask(HELD)
    empty.deliver("two-active-enrollments")
    assert len(empty.faults()) == 1
    empty.assert_nothing_lost()
    assert attendance_built(empty) > 20
    assert empty.ask(HELD) == [(before + 2, children + 1)]


def test_month_13_is_quarantined_and_other_files_land(empty: CaseHome) -> None:
    outcomes = empty.deliver("month-13-stops-all-landing")
    empty.put(samples.ENROLLMENT, samples.enrollment())
    assert [o.status for o in outcomes] == [Status.LANDED]
    assert empty.faults() == [(41, "mes", Fault.OUT_OF_RANGE)]
    assert [o.status for o in empty.outcomes] == [Status.LANDED] * 2
    empty.assert_nothing_lost()


def test_absences_of_minus_one_are_quarantined_and_a_corrected_file_stands(empty: CaseHome) -> None:
    (outcome,) = empty.deliver("absence-minus-one")
    assert (outcome.delivered_rows, outcome.accepted_rows, outcome.quarantined_rows) == (1, 0, 1)
    assert empty.faults() == [(2, "faltas_justificadas", Fault.OUT_OF_RANGE)]
    attendance(empty, "2024|4|010101|0643270|0|31000001|20|1|0|0", delivered="20240512")
    assert empty.ask("select count(*) from raw.siagie_attendance") == [(2,)]


def test_a_code_in_process_comes_back_when_it_is_accepted(empty: CaseHome) -> None:
    (outcome,) = empty.deliver("enrollment-in-process")
    assert (outcome.status, outcome.accepted_rows, outcome.quarantined_rows) == (Status.LANDED, 1, 1)
    assert empty.faults() == [(3, "estado_matricula", Fault.UNKNOWN_CODE)]
    assert "SIAGIE_MATRICULA_2024_20240329.txt line 3" in qhawaq(empty, "codes")
    assert "EN PROCESO: 1 lines" in qhawaq(empty, "codes", "list")
    sheet = next(empty.home.fault_sheets.iterdir()).read_text(encoding="utf-8")
    assert "un código que no está en ninguna lista (líneas 3)" in sheet
    decided = ("siagie.siagie_enrollments", "estado_matricula", "en proceso", "DEFINITIVA")
    qhawaq(empty, "codes", "map", *decided, "--who", "R. Quispe", "--why", "the ministry says that it is enrolled")
    assert empty.faults()
    empty.land()
    assert empty.faults() == []
    empty.assert_nothing_lost()
    rows = empty.ask("select _line, estado_matricula, known_at, child_key from raw.siagie_enrollments order by _line")
    today = clock.today()
    assert [row[:2] for row in rows] == [(2, "DEFINITIVA"), (3, "DEFINITIVA")]
    assert rows[0][2] == date(2024, 3, 29)
    assert today - timedelta(days=1) <= rows[1][2] <= today
    assert rows[1][3] not in (None, rows[0][3])
    assert qhawaq(empty, "codes").strip() == "every code is on a list"
    empty.land()
    empty.assert_nothing_lost()
    assert empty.ask("select count(*) from raw.siagie_enrollments") == [(2,)]


def test_a_file_of_nothing_but_an_unknown_code_comes_back_whole(empty: CaseHome) -> None:
    rows = samples.enrollment(ESTADO_MATRICULA="EN PROCESO").splitlines()[:2]
    (outcome,) = empty.put(samples.ENROLLMENT, "\n".join(rows) + "\n")
    assert (outcome.status, outcome.quarantined_rows) == (Status.REFUSED, 1)
    why = ("--who", "me", "--why", "the ministry wrote that it is")
    qhawaq(empty, "codes", "accept", "siagie.siagie_enrollments", "ESTADO_MATRICULA", "EN PROCESO", *why)
    (outcome,) = empty.land()
    assert (outcome.status, outcome.accepted_rows) == (Status.LANDED, 1)
    empty.assert_nothing_lost()
    assert not list(empty.home.inbox.iterdir())


def test_a_rejected_code_stays_in_quarantine_and_is_listed_no_more(empty: CaseHome) -> None:
    empty.deliver("enrollment-in-process")
    why = ("--who", "me", "--why", "the ministry wrote that it is none")
    qhawaq(empty, "codes", "reject", "siagie.siagie_enrollments", "estado_matricula", "EN PROCESO", *why)
    empty.land()
    assert len(empty.faults()) == 1
    assert qhawaq(empty, "codes").strip() == "every code is on a list"


@pytest.mark.parametrize(
    "arguments",
    [
        ("accept", "siagie.siagie_enrollments", "nombres", "ANA"),
        ("accept", "siagie.siagie_enrollments", "sexo", "M"),
        ("map", "siagie.siagie_enrollments", "sexo", "F", "MUJER"),
    ],
)
def test_what_no_list_can_take_is_refused(empty: CaseHome, arguments: tuple[str, ...]) -> None:
    why = ("--who", "me", "--why", "there must be a reason")
    assert "qhawaq:" in qhawaq(empty, "codes", *arguments, *why, fails=2)


@pytest.mark.parametrize("state", ["ROSA", "71234560", "QUISPE MAMANI", "x" * 40])
def test_a_code_that_may_be_a_child_is_not_shown(empty: CaseHome, state: str) -> None:
    empty.put(samples.ENROLLMENT, samples.enrollment(ESTADO_MATRICULA=state))
    ((fault, code),) = empty.ask("select fault, code from quarantine.rows")
    assert fault == (Fault.IDENTITY_IN_OPEN_COLUMN if state.isdigit() else Fault.UNKNOWN_CODE)
    assert code is None
    assert state.upper() not in qhawaq(empty, "codes").upper()


@pytest.mark.long
def test_neither_stops_a_build_of_everything(empty: CaseHome) -> None:
    empty.deliver("45-days-open-stops-every-build")
    empty.deliver("two-active-enrollments")
    assert empty.build().tests > 200


def attendance_built(empty: CaseHome) -> int:
    """Build all that tells of attendance, with the tests of what days and pupils go through; return how many passed."""
    few.begin(empty.home)
    return few.build(
        empty.home, "+int_attendance__*", judged=("*attendance*", "int_enrollments__*", "*enrollments")
    ).tests


def test_a_code_with_and_without_its_zero_is_one_school(empty: CaseHome) -> None:
    (outcome,) = empty.deliver("padded-and-unpadded-code")
    assert (outcome.accepted_rows, outcome.quarantined_rows) == (1, 1)
    assert [fault for _, _, fault in empty.faults()] == [Fault.KEY_TWICE]


def test_a_code_that_a_spreadsheet_made_a_decimal_is_read(empty: CaseHome) -> None:
    (outcome,) = empty.deliver("code-as-float")
    assert (outcome.accepted_rows, outcome.quarantined_rows) == (1, 0)
    assert empty.ask("select lpad(cod_mod, 7, '0'), anexo from raw.siagie_enrollments") == [("0643270", "0")]


def test_a_name_of_2042_is_refused_and_moves_no_day(empty: CaseHome) -> None:
    empty.put(samples.ATTENDANCE, samples.attendance())
    (outcome,) = empty.deliver("name-states-2042")
    assert (outcome.status, outcome.refusal.fault) == (Status.REFUSED, Fault.DATED_AHEAD)
    assert empty.ask("select max(delivered_at) from raw.deliveries where status = 'landed'") == [(date(2024, 4, 10),)]


@pytest.mark.parametrize(
    ("moment", "delivered", "status"),
    [
        ("2026-02-28T23:59", "20260228", Status.LANDED),  # 18:59 in Lima
        ("2026-02-28T23:59", "20260301", Status.REFUSED),
        ("2026-03-01T00:00", "20260301", Status.LANDED),  # a computer that goes by UTC
        ("2026-03-01T04:59", "20260302", Status.REFUSED),
    ],
)
def test_a_name_may_state_today_in_lima_and_in_utc(
    empty: CaseHome, monkeypatch: pytest.MonkeyPatch, moment: str, delivered: str, status: Status
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(f"{moment}+00:00"))
    (outcome,) = empty.put(MONTH.format(period="202403", delivered=delivered), samples.attendance())
    assert outcome.status == status
    assert outcome.refusal is None or outcome.refusal.details["today"] == "2026-02-28"


@pytest.mark.parametrize(
    ("newest", "delivered", "status"),
    [
        ("20210515", "20260515", Status.LANDED),
        ("20210514", "20260515", Status.REFUSED),
        ("20200229", "20250228", Status.LANDED),  # five years by the calendar: 2025 has no 29 February
        ("20200229", "20250301", Status.REFUSED),
    ],
)
def test_a_name_years_after_every_other_is_a_slip(empty: CaseHome, newest: str, delivered: str, status: Status) -> None:
    year = int(newest[:4]) - 1
    rows = [row.replace("2024|3", f"{year}|12") for row in samples.ROWS]
    empty.put(MONTH.format(period=f"{year}12", delivered=newest), samples.attendance(rows))
    (outcome,) = empty.put(MONTH.format(period="202403", delivered=delivered), samples.attendance())
    assert outcome.status == status


def test_a_name_of_the_last_year_that_there_is_stops_no_other_file(empty: CaseHome) -> None:
    empty.offer(MONTH.format(period="202404", delivered="99991231"), samples.attendance())
    (sound, slip) = empty.put(samples.ATTENDANCE, samples.attendance())
    assert (sound.status, slip.status) == (Status.LANDED, Status.REFUSED)


# A month's rows and a year's enrollments → what is wrong with each. All of them land in one file: each has a line, and a pupil, of its own.
MONTH_SAYS = [
    ("2024|4|150101|0100001|0|9000|30|0|0|0", None),
    ("2024|4|150101|0100001|0|9000|31|0|0|0", Fault.MORE_THAN_MONTH),
    ("2024|4|150101|0100001|0|9000|20|0|0|0", None),
    ("2024|4|150101|0100001|0|9000|20|10|10|0", None),
    ("2024|4|150101|0100001|0|9000|20|10|11|0", Fault.MORE_THAN_OPEN),
    ("2024|4|150101|0100001|0|9000|20||21|0", Fault.MORE_THAN_OPEN),
    ("2024|4|150101|0100001|0|9000|20||||".rstrip("|") + "|||", None),
    ("2024|4|150101|0100001|0|9000|-1|0|0|0", Fault.OUT_OF_RANGE),
    ("2024|3|150101|0100001|0|9000|20|0|0|0", Fault.OTHER_PERIOD),
    ("2023|4|150101|0100001|0|9000|20|0|0|0", Fault.OTHER_PERIOD),
    ("2024|4|150101|01000011|0|9000|20|0|0|0", Fault.NOT_DIGITS),
    ("2024|4|250101|0100001|0|9000|20|0|0|0", None),
    ("2024|4|260101|0100001|0|9000|20|0|0|0", Fault.LIES_ELSEWHERE),
    ("2024|4|000101|0100001|0|9000|20|0|0|0", Fault.LIES_ELSEWHERE),
    ("2024|4|150101|0100001|0|9000|32767|32767|32767|0", Fault.OUT_OF_RANGE),
]
ENROLLMENT_SAYS: list[tuple[dict[str, str], Fault | None]] = [
    ({"FECHA_REGISTRO": "2024-03-29"}, None),
    ({"FECHA_REGISTRO": "2024-03-30"}, Fault.AFTER_DELIVERY),
    ({"FECHA_REGISTRO": "2042-03-12"}, Fault.AFTER_DELIVERY),
    ({"ID_GRADO": "4"}, None),
    ({"ID_GRADO": "10"}, Fault.LEVEL_AND_GRADE),
    ({"ID_GRADO": "15"}, Fault.OUT_OF_RANGE),
    ({"ID_NIVEL": "F0", "ID_GRADO": "9"}, Fault.LEVEL_AND_GRADE),
    ({"FECHA_NACIMIENTO": "1984-01-01"}, None),
    ({"FECHA_NACIMIENTO": "1983-12-31"}, Fault.IMPOSSIBLE_BIRTH),
    ({"ESTADO_MATRICULA": " definitiva "}, None),
    ({"ESTADO_MATRICULA": "RETIRADA"}, Fault.UNKNOWN_CODE),
    ({"SITUACION_FINAL": ""}, None),
    ({"SEXO": "X"}, Fault.UNKNOWN_CODE),
    ({"HORAS_SEMANALES_TRABAJO": "113"}, Fault.OUT_OF_RANGE),
    ({"ID_ANIO": "2023"}, Fault.OTHER_PERIOD),
]


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The faults of a month's file by line."""
    landed = home.empty(tmp_path_factory.mktemp("months"))
    attendance(landed, *(row.replace("|9000|", f"|{8000 + n}|") for n, (row, _) in enumerate(MONTH_SAYS)))
    return by_line(landed)


@pytest.fixture(scope="module")
def enrollments(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The faults of a file of enrollments by line."""
    landed = home.empty(tmp_path_factory.mktemp("enrollments"))
    lines = [
        samples.enrollment(**(pupil(n) | changes)).splitlines()[1] for n, (changes, _) in enumerate(ENROLLMENT_SAYS)
    ]
    landed.put(samples.ENROLLMENT, "\n".join([samples.enrollment().splitlines()[0], *lines]) + "\n")
    return by_line(landed)


def pupil(n: int) -> dict[str, str]:
    """Return who a line is about, unlike all others."""
    return {"N_DOC": f"7223{n:04}", "ID_PERSONA": f"{9100 + n}", "CODIGO_ESTUDIANTE": f"0000722{n:07}"}


def by_line(landed: CaseHome) -> dict[int, str]:
    """Return the faults by line, of a home in which no line is lost."""
    landed.assert_nothing_lost()
    faults = landed.faults()
    found = {line: fault for line, _, fault in faults}
    assert len(found) == len(faults), "one fault a line"
    return found


@pytest.mark.parametrize("n", range(len(MONTH_SAYS)), ids=[row for row, _ in MONTH_SAYS])
def test_what_a_month_may_say(months: dict[int, str], n: int) -> None:
    assert months.get(n + 2) == MONTH_SAYS[n][1]


@pytest.mark.parametrize("n", range(len(ENROLLMENT_SAYS)), ids=[str(changes) for changes, _ in ENROLLMENT_SAYS])
def test_what_an_enrollment_may_say(enrollments: dict[int, str], n: int) -> None:
    assert enrollments.get(n + 2) == ENROLLMENT_SAYS[n][1]


def qhawaq(empty: CaseHome, *arguments: str, fails: int = 0) -> str:
    """Call a command as a person does; return what it says."""
    said = conftest.qhawaq(empty.home.root, "--quiet", *arguments, expect=fails)
    return said.stdout + said.stderr
