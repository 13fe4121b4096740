"""Bulletins hold what was published and nothing else, need nothing else, and run nothing anywhere."""

from __future__ import annotations

import csv
import os
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Country, qhawaq
from tests.paper.pages import texts
from tests.service.browser import CHROMIUM, Browser
from warehouse import files, spreadsheets
from warehouse.errors import HomeError, UsageError
from warehouse.publish import switching
from warehouse.report import exports, figures, headlines, page, paper, wording
from warehouse.settings import Home

PICTURES = os.environ.get("QHAWAQ_PICTURES")
EVIL = '=HYPERLINK("http://x","<b>y</b>")'


@pytest.fixture(scope="module")
def ugel(country: Country) -> str:
    """The UGEL with the longest list."""
    sql = "select ugel_code from education.priority_list group by 1 order by count(*) desc, 1 limit 1"
    return country.ask(sql)[0][0]


@pytest.fixture(scope="module", params=["country", "region", "ugel"])
def written(
    request: pytest.FixtureRequest, country: Country, ugel: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[figures.Bulletin, Path]:
    """A bulletin as the command writes it, and its folder."""
    area = {"country": (), "region": ("--region", ugel[:2]), "ugel": ("--ugel", ugel)}[request.param]
    folder = tmp_path_factory.mktemp("bulletins")
    said = qhawaq(country.home.root, "report", *area, "--to", str(folder)).stdout
    (shown,) = folder.glob("*.html")
    assert str(shown) in said
    return figures.read(country.home, **dict([(area[0][2:], area[1])] if area else [])), folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two releases written by hand; their texts would like to be formulas and markup."""
    found = Home(tmp_path / "home")
    found.claim("real")
    folder = "education/150101"
    for release, day in (("20250701T0-a", "2025-06-30"), ("20250801T0-b", "2025-07-31")):
        path = switching.file(found, folder, release)
        path.parent.mkdir(parents=True)
        with duckdb.connect(str(path)) as db:
            db.execute(
                f"create table release as select '{release}' as release_id, 'real' as kind, date '{day}' as built_for, now()::timestamp as published_at"
            )
            db.execute(
                "create table school_lists (service_code varchar, level varchar, n_pupils bigint, n_listed bigint)"
            )
            db.execute("insert into school_lists values (?, 'B0', 1234, null)", [EVIL])
            db.execute("create table priority_list (child_key varchar, probability_text varchar, rank_in_ugel bigint)")
            db.execute("create table immediate_cases (child_key varchar, need varchar, service_code varchar)")
            db.execute("create table suggested_services (child_key varchar, tutor_text varchar, who_acts varchar)")
            db.execute("create table list_changes (change varchar, cause_text varchar)")
            db.execute(
                "create table case_progress (school_year bigint, matter varchar, n_cases bigint, n_assigned bigint, n_contacted bigint, n_served bigint, n_dismissed bigint, n_closed bigint, contacted_share double, median_days_to_contact double)"
            )
        switching.write_manifest(found, release, {folder: {"sha256": files.sha256(path)}})
        switching.point(found, release)
    return found


def test_every_figure_is_the_published_one(written: tuple[figures.Bulletin, Path], country: Country) -> None:
    bulletin, folder = written
    html = next(folder.glob("*.html")).read_text()
    assert bulletin.name in html
    assert "Datos sintéticos" in html
    assert sum(len(table.rows) for table in bulletin.tables) > 5
    for table in bulletin.tables:
        for row in wording.shown_rows(table):
            for cell in row:
                assert page.escape(cell.rstrip(".")) in html or cell == "—"
        with (folder / f"{bulletin.file_name}-{table.key}.csv").open(encoding="utf-8-sig", newline="") as file:
            heads, *rows = csv.reader(file)
        found = exports.columns(table)
        assert [head.removesuffix(" (%)").removesuffix(" (pp)") for head in heads] == [one.heading for one in found]
        assert len(rows) == len(table.rows)
        for at, column in enumerate(found):
            for row, value in zip(rows, column.values, strict=True):
                if column.kind in ("percent", "points") and value is not None:
                    assert float(row[at]) == pytest.approx(100 * value, abs=0.006)
                else:
                    assert row[at] == ("" if value is None else str(value))


def test_the_pdf_says_the_same(written: tuple[figures.Bulletin, Path]) -> None:
    bulletin, folder = written
    told = " ".join(texts(next(folder.glob("*.pdf"))))
    assert bulletin.name in told
    assert "Datos sintéticos" in told
    for sentence in headlines.sentences(bulletin):
        assert sentence.replace(" ", "").replace("\N{NO-BREAK SPACE}", "") in told.replace(" ", "").replace(
            "\N{NO-BREAK SPACE}", ""
        )
    for table in bulletin.tables:
        assert wording.texts()["tables"][table.key]["title"] in told
        if not table.rows:
            assert wording.texts()["tables"][table.key]["empty"] in told


SHARE = re.compile(r"\d+\.\d%")


def test_no_sentence_tells_a_share_that_is_hidden(written: tuple[figures.Bulletin, Path], country: Country) -> None:
    """Shares of a sentence are published ones, or such a one less its published gap."""
    published = set()
    for table in ("indicators", "ugel_indicators"):
        gaps = "gap_to_nation" if table == "indicators" else "gap_to_nation, gap_to_similar"
        for share, *known in country.ask(f"select case_share, {gaps} from officials.{table} where not is_hidden"):
            published |= {wording.shown("case_share", share - (gap or 0)) for gap in (0, *known) if share is not None}
    told = headlines.sentences(written[0])
    assert 2 <= len(told) <= 3
    found = {share for sentence in told for share in SHARE.findall(sentence)}
    assert found <= published
    assert found or not written[0].table("indicators")


def test_indicators_are_those_of_the_newest_year_with_a_figure(country: Country) -> None:
    (table,) = (table for table in figures.read(country.home).tables if table.key == "indicators")
    for indicator, level, year, share, change, _, _ in table.rows:
        known = country.ask(
            f"select school_year, case_share from officials.indicators where department_code = '00' and "
            f"indicator = '{indicator}' and level = '{level}' and case_share is not null order by 1"
        )
        assert (year, share) == known[-1]
        assert change == (pytest.approx(share - known[-2][1]) if len(known) > 1 else None)  # the first has none


def test_gaps_are_the_largest_of_the_newest_year(country: Country) -> None:
    (table,) = (table for table in figures.read(country.home).tables if table.key == "gaps")
    found: dict[tuple[str, str], list[tuple[int, str, float]]] = {}
    for group, indicator, level, year, gap, _, _ in table.rows:
        found.setdefault((indicator, level), []).append((year, group, gap))
    assert len(found) >= 2
    for (indicator, level), rows in found.items():
        known = country.ask(
            "select school_year, group_name, gap_to_all from officials.group_gaps where place_code = '00' and "
            f"indicator = '{indicator}' and level = '{level}' and gap_to_all is not null order by 1 desc, 3 desc, 2"
        )
        assert rows == [one for one in known if one[0] == known[0][0] and one[2] >= 0.001][:3]


def test_no_child_is_in_a_bulletin(written: tuple[figures.Bulletin, Path], country: Country) -> None:
    keys = {
        key
        for (key,) in country.ask(
            "select child_key from education.priority_list union select child_key from education.immediate_cases"
        )
    }
    for path in written[1].iterdir():
        text = {".xlsx": unpacked, ".pdf": lambda pdf: " ".join(texts(pdf))}.get(path.suffix, read_text)(path)
        assert not set(re.findall(r"\d{9,16}", text)) & keys


def read_text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")


def unpacked(path: Path) -> str:
    with zipfile.ZipFile(path) as file:
        return "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".xml"))


def test_what_looks_like_a_formula_or_markup_is_text(home: Home, tmp_path: Path) -> None:
    bulletin = figures.read(home, ugel="150101")
    html = page.html(bulletin)
    assert "<b>y</b>" not in html
    assert "&lt;b&gt;y" in html
    assert "1,234" in html
    files = exports.write_csv(bulletin, tmp_path)
    assert "\"'=HYPERLINK(" in files[0].read_text(encoding="utf-8-sig")
    sheet = unpacked(exports.write_xlsx(bulletin, tmp_path))
    assert "HYPERLINK" in sheet
    assert "<f>" not in sheet
    assert "HYPERLINK" in " ".join(texts(paper.write(bulletin)))
    assert "<hyperlink" not in sheet


@given(st.text())
def test_no_text_is_a_formula(text: str) -> None:
    made = spreadsheets.harmless(text)
    assert not str(made).lstrip(" \0").startswith(spreadsheets.FORMULAS)
    assert made in (text, f"'{text}")


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("case_share", 0.1234, "12.3%"), ("case_share", None, "—"), ("case_share", 0, "0.0%"),
        ("change_share", 0.05, "+5.0\N{NO-BREAK SPACE}pp"), ("effect", -0.017, "-1.7\N{NO-BREAK SPACE}pp"),
        ("n_pupils", 999, "999"), ("n_pupils", 1000, "1,000"), ("school_year", 2025, "2025"),
        ("is_available", True, "Sí"), ("is_available", False, "No"), ("level", "B0", "Primaria"),
        ("median_days_to_contact", 3.5, "3.5"), ("last_delivered_at", date(2025, 3, 1), "01/03/2025"),
        ("gap_to_all", 0.105, "+10.5\N{NO-BREAK SPACE}pp"), ("gap_to_nation", -0.01, "-1.0\N{NO-BREAK SPACE}pp"), ("district_name", "SAN JUAN DE MIRAFLORES", "San Juan de Miraflores"), ("group_name", "language=originaria", "Lengua: originaria"),
        ("group_name", "area=unknown", "Área: sin dato"),
    ],
)  # fmt: skip
def test_values_are_said_as_people_read_them(column: str, value: object, shown: str) -> None:
    assert wording.shown(column, value) == shown


@pytest.mark.parametrize(
    ("day", "release"),
    [("2025-06-30", "20250701T0-a"), ("2025-07-30", "20250701T0-a"), ("2025-07-31", "20250801T0-b"), ("2026-01-01", "20250801T0-b")],
)  # fmt: skip
def test_as_of_takes_the_newest_release_of_that_day_or_before(home: Home, day: str, release: str) -> None:
    assert figures.read(home, ugel="150101", as_of=date.fromisoformat(day)).release == release


def test_what_cannot_be_told_says_so(home: Home, country: Country) -> None:
    with pytest.raises(HomeError, match="built for 2025-06-30, 2025-07-31"):
        figures.read(home, ugel="150101", as_of=date(2025, 6, 29))
    with pytest.raises(UsageError, match="not both"):
        figures.read(home, ugel="150101", region="15")
    with pytest.raises(UsageError, match="nothing is published"):
        figures.read(home, ugel="999999")
    with pytest.raises(UsageError, match="two digits"):
        figures.read(country.home, region="99")
    with pytest.raises(UsageError, match="two digits"):
        figures.read(country.home, region="00")
    qhawaq(country.home.root, "report", "--ugel", "../officials", expect=2)


def test_a_release_of_another_version_says_so(home: Home) -> None:
    with duckdb.connect(str((home.serving / "education" / "150101" / switching.CURRENT).resolve())) as db:
        db.execute("alter table list_changes rename cause_text to reason")
    with pytest.raises(HomeError, match="table changes: the release was published by another version"):
        figures.read(home, ugel="150101")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


@pytest.mark.skipif(
    not (CHROMIUM or os.environ.get("CI")), reason="Chromium is not installed here: make chromium installs it"
)
@pytest.mark.parametrize("width", [360, 1440])
def test_a_bulletin_is_readable_on_every_screen_and_on_paper(
    written: tuple[figures.Bulletin, Path], browser: Browser, width: int, tmp_path: Path
) -> None:
    (path,) = written[1].glob("*.html")
    assert path.stat().st_size < 1.5e6
    browser.open(f"file://{path}", width)
    browser.picture(Path(PICTURES or tmp_path) / f"boletin-{path.stem.split('-')[1]}-{width}.png")
    assert browser.said == []
    assert browser.ask("performance.getEntriesByType('resource').length") == 0
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert browser.ask("document.documentElement.lang") == "es-PE"
    assert browser.low_contrasts() == []
    tables = browser.ask("document.querySelectorAll('.table').length")
    reached = set()
    for _ in range(3 * tables + 3):
        browser.press("Tab")
        reached.add(browser.ask("(e => e.id || e.getAttribute('aria-label') || e.className)(document.activeElement)"))
    assert browser.ask("[...document.querySelectorAll('.table')].map(e => e.getAttribute('aria-label'))") != []
    assert {
        "skip",
        *browser.ask("[...document.querySelectorAll('.table')].map(e => e.getAttribute('aria-label'))"),
    } <= reached
    printed = browser.do("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]
    assert len(printed) > 10_000
    browser.do("Emulation.setEmulatedMedia", media="print")
    browser.do("Emulation.setDeviceMetricsOverride", width=794, height=1123, deviceScaleFactor=1, mobile=False)
    too_wide = browser.ask(
        "[...document.querySelectorAll('table')].filter(e => e.getBoundingClientRect().right > 794).length"
    )
    browser.do("Emulation.setEmulatedMedia", media="")
    assert too_wide == 0


def test_a_bulletin_says_when_it_was_made(home: Home) -> None:
    bulletin = figures.read(home, ugel="150101")
    assert isinstance(bulletin.published_at, datetime)
    html = page.html(bulletin)
    assert "31/07/2025" in html
    assert "Uso interno de la UGEL" in html
    assert "sintéticos" not in html


def test_a_column_without_any_number_is_told_in_a_sentence(home: Home) -> None:
    html = page.html(figures.read(home, ugel="150101"))
    assert "Sin cifra que se pueda mostrar: En la lista." in html  # its only school has no number there
    with duckdb.connect(str(switching.file(home, "education/150101", "20250801T0-b"))) as db:
        db.execute("insert into school_lists values ('0000001-0', 'B0', 40, 3)")
    html = page.html(figures.read(home, ugel="150101"))
    assert "Sin cifra" not in html
    assert "—" in html


def test_an_empty_table_says_why(home: Home) -> None:
    html = page.html(figures.read(home, ugel="150101"))
    for key in ("urgency", "at_once", "services", "cases", "changes"):
        assert page.escape(wording.texts()["tables"][key]["empty"]) in html
    assert html.count("<table") == 1
