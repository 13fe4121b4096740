"""A week's visits on paper: who waits, in order, by name; logged before; outside the home and for its owner only."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Country, qhawaq
from tests.paper.pages import texts
from warehouse import clock, database, keys
from warehouse.identity import vault
from warehouse.paper import pdf, words
from warehouse.publish import switching
from warehouse.settings import Home
from warehouse.worksheets import sheets, visits
from warehouse.worksheets.sheets import VisitNames
from warehouse.worksheets.visits import Visit, WeekOfVisits

REASON = ("--reason", "visitas de esta semana")
MARKUP = ["#eval(\"1+1\")", "*negrita*", "_cursiva_", "$x^2$", "@ref", "<etiqueta>", "#include \"/etc/passwd\"", "\\u{41}",
          "`raw`", "// nada", "= título", "- lista", "]#quit[", "{", "#let x = 1", "~", "'comillas'", "...", "--"]  # fmt: skip


@pytest.fixture(scope="module")
def home(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return country.copy(tmp_path_factory.mktemp("worksheets") / "home", "archive", "compiled", "features")


@pytest.fixture(scope="module")
def ugel(country: Country) -> str:
    """The UGEL with the longest list."""
    sql = "select ugel_code from education.priority_list group by 1 order by count(*) desc, 1 limit 1"
    return country.ask(sql)[0][0]


@pytest.fixture(scope="module")
def written(home: Home, ugel: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets") / "new"
    qhawaq(home.root, "worksheet", "--ugel", ugel, "--to", str(folder), "--first", "3", "--who", "docente", *REASON)
    (path,) = folder.iterdir()
    return path


def identity(home: Home, child: str) -> VisitNames:
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        found = vault.identity(db, int(child))
        assert found
        return VisitNames(f"{found.given_names} {found.first_surname}", vault.guardian(db, int(child)))


def test_each_child_of_the_week_has_a_page_by_name_in_the_order_of_the_list(
    home: Home, country: Country, ugel: str, written: Path
) -> None:
    listed = country.ask(
        f"select child_key, grade from education.priority_list where ugel_code = '{ugel}' order by rank_in_ugel limit 3"
    )
    pages = texts(written)
    assert len(pages) == len(listed)
    for page, (child, grade) in zip(pages, listed, strict=True):
        named = identity(home, child)
        assert named.child in page
        assert named.guardian in page
        assert words.grade(grade) in page
        assert child in page
        assert "Datos sintéticos" in page
        assert "distrito" in page
        assert "grado " not in page


def test_it_is_its_owners_only(written: Path) -> None:
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700


def test_each_child_is_logged_as_a_reveal_with_its_reason(home: Home, written: Path) -> None:
    lines = [json.loads(line) for line in home.access_log.read_text(encoding="utf-8").splitlines()]
    noted = [line for line in lines if line["what"] == "reveal" and line["who"] == "docente"]
    assert len(noted) == len(texts(written)) == len({line["child"] for line in noted})
    assert all("visitas de esta semana" in line["why"] for line in noted)


def test_a_folder_of_the_home_is_refused_and_nobody_is_revealed(home: Home, ugel: str, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(home.root)
    before = home.access_log.read_bytes()
    for folder in (home.root / "paper", link / "paper"):
        said = qhawaq(home.root, "worksheet", "--ugel", ugel, "--to", str(folder), *REASON, expect=2).stderr
        assert "names only in its vault" in said
        assert not folder.exists()
    assert home.access_log.read_bytes() == before


def test_without_a_reason_or_a_known_ugel_there_is_no_sheet(home: Home, tmp_path: Path) -> None:
    to = ("--to", str(tmp_path / "x"))
    assert "--reason" in qhawaq(home.root, "worksheet", "--ugel", "150101", *to, expect=2).stderr
    assert (
        "say in a sentence" in qhawaq(home.root, "worksheet", "--ugel", "150101", *to, "--reason", "x", expect=2).stderr
    )
    assert "six digits" in qhawaq(home.root, "worksheet", "--ugel", "../1", *to, *REASON, expect=2).stderr
    assert "nothing is published" in qhawaq(home.root, "worksheet", "--ugel", "999999", *to, *REASON, expect=2).stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("week", ["2025-W99", "2025-W00", "soon"])
def test_a_week_that_is_none_is_refused(home: Home, ugel: str, tmp_path: Path, week: str) -> None:
    qhawaq(home.root, "worksheet", "--ugel", ugel, "--week", week, "--to", str(tmp_path), *REASON, expect=2)


def test_a_week_before_every_list_is_told(home: Home, ugel: str, tmp_path: Path) -> None:
    call = ("worksheet", "--ugel", ugel, "--week", "2019-W10", "--to", str(tmp_path / "x"), *REASON)
    assert "no release for 2019-03-10" in qhawaq(home.root, *call, expect=1).stderr


LIST = """
create table release as select '20251205T0-a' as release_id, 'real' as kind, date '2025-12-05' as built_for;
create table priority_list as select date '2025-11-30' as as_of_date, (100 + n)::varchar as child_key, n as rank_in_ugel,
  '0000001-0' as service_code, 9 as grade, 'A' as section, 'faltó; repitió' as reason_text, 'visitar' as action_text,
  date '2026-03-30' as expires_on from range(1, 10) t (n);
create table cases (child_key varchar, school_year int, assigned_on date, contacted_on date, served_on date,
  dismissed_on date, closed_on date);
create table suggested_services as select '101' as child_key, date '2025-11-30' as as_of_date, 'TUTOR' as support_code,
  'conversar' as tutor_text, 'tutor' as who_acts;
"""
SCHOOLS = """
create table schools as select '0000001-0' as service_code, 'I.E. 1' as school_name, 'COMAS' as district_name,
  'UGEL 150101, LIMA' as ugel_name
"""


@pytest.fixture
def listed(tmp_path: Path) -> Home:
    """A home with a published list of nine children, of whom nobody has reached any."""
    home = Home(tmp_path / "listed")
    home.claim("real")
    release = "20251205T0-a"
    for folder, sql in (("education/150101", LIST), ("service", SCHOOLS)):
        path = switching.file(home, folder, release)
        path.parent.mkdir(parents=True)
        with duckdb.connect(str(path)) as db:
            db.execute(sql)
    switching.write_manifest(home, release, {"service": {"sha256": ""}})
    switching.point(home, release)
    return home


def ranks(home: Home, first: int | None = None) -> list[int]:
    return [visit.rank for visit in visits.read(home, "150101", date(2025, 12, 7), first).visits]


def change(home: Home, sql: str) -> None:
    with duckdb.connect(str(switching.file(home, "education/150101", "20251205T0-a"))) as db:
        db.execute(sql)


def test_a_week_takes_a_fourth_of_the_list_rounded_up(listed: Home) -> None:
    assert ranks(listed) == [1, 2, 3]
    change(listed, "delete from priority_list where rank_in_ugel = 9")
    assert ranks(listed) == [1, 2]
    assert ranks(listed, first=5) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("reached", ["contacted_on", "served_on", "dismissed_on", "closed_on"])
def test_who_was_reached_this_year_waits_no_more(listed: Home, reached: str) -> None:
    change(listed, f"insert into cases (child_key, school_year, {reached}) values ('101', 2025, '2025-11-03')")
    change(listed, f"insert into cases (child_key, school_year, {reached}) values ('102', 2024, '2024-11-03')")
    change(listed, "insert into cases (child_key, school_year, assigned_on) values ('103', 2025, '2025-11-03')")
    assert ranks(listed) == [2, 3, 4]


def test_where_all_were_reached_that_is_told(listed: Home, tmp_path: Path) -> None:
    change(
        listed,
        "insert into cases (child_key, school_year, closed_on) select child_key, 2025, '2025-11-03' from priority_list",
    )
    call = ("worksheet", "--ugel", "150101", "--to", str(tmp_path / "x"), *REASON)
    assert "nobody on the list of UGEL 150101 waits" in qhawaq(listed.root, *call, expect=1).stderr
    assert not (tmp_path / "x").exists()


def test_school_and_ugel_are_told_by_name(listed: Home) -> None:
    week = visits.read(listed, "150101", None)
    assert week.ugel_name == "UGEL 150101, Lima"
    assert week.visits[0].school == "I.E. 1, distrito Comas (código 0000001-0)"
    assert week.visits[0].reasons == ["Faltó.", "Repitió."]
    assert week.visits[0].actions == ["Visitar.", "Conversar (tutor)."]


def test_without_a_week_it_is_this_one_but_of_a_synthetic_home_its_own(
    listed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "today", lambda: date(2025, 12, 14))
    assert visits.read(listed, "150101", None).monday == date(2025, 12, 8)
    change(listed, "update release set kind = 'synthetic'")
    assert visits.read(listed, "150101", None).monday == date(2025, 12, 1)


def test_a_child_of_whom_much_is_known_has_one_page_too() -> None:
    long = "Asistió al 82% de los días en lo que va del año, y cada mes falta 0.8 días más que el anterior."
    contact = words.Contact(date(2025, 1, 1), "Se habló con la familia")
    visit = Visit("101", 1, "I.E. 1", "6.° de primaria", [long] * 8, [long[:60]] * 6, [contact] * 4, date(2026, 3, 30))
    week = WeekOfVisits("150101", "UGEL 1", date(2025, 12, 1), True, (visit, visit), 2)
    pages = texts(pdf.pdf("hoja", sheets.page_data(week, {"101": VisitNames("ANA " * 12, "LUZ " * 12)})))
    assert len(pages) == 2


def of_one(name: str | None, guardian: str | None) -> bytes:
    """The sheet of one child, whose texts are all the same."""
    text = name or "nada"
    visit = Visit("101", 1, text, text, [text], [text], [words.Contact(date(2025, 1, 1), text)], date(2026, 3, 30))
    week = WeekOfVisits("150101", text, date(2025, 12, 1), False, (visit,), 1)
    return pdf.pdf("hoja", sheets.page_data(week, {"101": VisitNames(name, guardian)}))


def test_what_no_record_has_is_a_line_to_fill_in() -> None:
    (page,) = texts(of_one(None, None))
    told = words.texts()["sheet"]
    for missing in ("unknown_name", "unknown_guardian", "no_address"):
        assert told[missing] in page
    assert "sintéticos" not in page


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_name_is_text(text: str) -> None:
    (page,) = texts(of_one(text, text))
    assert (
        page.replace(" ", "").count(text.replace(" ", "")) >= 7
    )  # name, guardian, UGEL, school, grade, reason, action


LETTERS = st.text(st.sampled_from("#*_$@<>\\`/=-[]{}()~'\"&;:,.%^|+0aZñÁé "), min_size=1, max_size=40)


@settings(max_examples=25)
@given(LETTERS.filter(str.strip))
def test_whatever_a_name_holds_is_one_page_and_the_text_itself(text: str) -> None:
    (page,) = texts(of_one(text, None))
    assert "".join(text.split()) in "".join(page.split())
