"""The child's page as people meet it: on a small screen, by keyboard alone, with eyes that need contrast."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paper.pages import texts
from tests.service import browser, offices, serving
from tests.service.conftest import HERE, Asking

pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM or os.environ.get("CI")), reason="Chromium is not installed here: make chromium installs it"
)
PICTURES = os.environ.get("QHAWAQ_PICTURES")


@pytest.fixture
def site(asking: Asking, tmp_path: Path) -> Iterator[str]:
    offices.published(asking, tmp_path / "protection")
    token = asking.token(
        scope="education protection identity feedback", qhawaq_areas=["ugel:150101", f"province:{offices.HERE}"]
    )
    with serving.serving(asking.settings, token) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    opened = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "path",
    [f"/ficha/{HERE}", f"/ficha/{HERE}/hoja", f"/ficha/{HERE}/seguimiento", f"/proteccion/{offices.HERE}",
     f"/proteccion/{offices.HERE}/ficha/{offices.CHILD}", f"/proteccion/{offices.HERE}/revision/{offices.UNSURE}"],
    ids=["ficha", "hoja", "visita", "proteccion", "ficha de protección", "revisión"],
)  # fmt: skip
def test_it_is_readable_at_any_width(page: browser.Browser, site: str, tmp_path: Path, path: str, width: int) -> None:
    page.open(site + path, width)
    page.picture(Path(PICTURES or tmp_path) / f"{path.strip('/').replace('/', '-')}-{width}.png")
    assert page.ask("document.documentElement.scrollWidth") <= width
    assert page.low_contrasts() == []
    assert page.said == []
    assert page.ask(
        "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].every(e => e.labels.length)"
    )
    assert page.ask("[...document.querySelectorAll('h1')].length") == 1


def test_the_sheet_of_a_visit_prints_on_one_page(page: browser.Browser, site: str) -> None:
    page.open(f"{site}/ficha/{HERE}/hoja", 1280)
    assert page.ask("document.querySelector('.qr svg').getBoundingClientRect().width") > 90
    page.ask(
        "document.querySelector('#seen ~ ul').innerHTML += '<li>Asistió al 82 % de los días en lo que va del año.</li>'.repeat(6)"
    )
    page.ask(
        "document.querySelector('#before ~ p').outerHTML = '<ul>' + '<li>3 de marzo de 2025: Recibió un servicio</li>'.repeat(4) + '</ul>'"
    )
    printed = page.do("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True)["data"]
    (told,) = texts(base64.b64decode(printed))
    assert "Hoja de visita" in told
    assert "Ver el nombre" not in told


def test_a_name_is_shown_by_keyboard_alone(page: browser.Browser, site: str, asking: Asking) -> None:
    page.open(f"{site}/ficha/{HERE}", 360)
    for _ in range(20):
        page.press("Tab")
        if page.ask("document.activeElement.id") == "why":
            break
    assert page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.type("visita acordada con la dirección")
    page.press("Enter")
    assert page.holds("document.querySelector('h1').textContent.includes('Ficticia <script>')")
    assert asking.revealed == [int(HERE)]


def test_a_visit_is_recorded_by_keyboard_alone(page: browser.Browser, site: str, asking: Asking) -> None:
    page.open(f"{site}/ficha/{HERE}", 1280)
    page.ask("document.querySelector('input[name=outcome]').focus()")
    page.press("ArrowDown")
    page.ask("document.querySelector('#record ~ form > button').focus()")
    page.press("Enter")
    assert page.holds("document.querySelector('[role=status]').textContent.includes('Se guardó')")
    assert asking.delivered()[0][0]["RESULTADO"] == "ESTUDIANTE"
    assert page.holds(
        "document.querySelector('#done').parentElement.textContent.includes('Hablé solo con el estudiante')"
    )


SAVE = "document.querySelector('main form[action$=seguimiento] > button')"
TAPS = {  # what is told of a visit → what is tapped, the number of taps, and what is typed
    "the commonest": (["input[name=outcome]"], 2, ""),
    "nobody was there, and when to come again": (["input[value=NO_UBICADO]", "main form summary"], 3, "next_on"),
    "with a note": (["input[name=outcome]", "main form summary", "#note"], 4, "note"),
}


@pytest.mark.parametrize("told", TAPS)
def test_a_visit_takes_few_taps_on_a_phone(
    page: browser.Browser, site: str, asking: Asking, tmp_path: Path, told: str
) -> None:
    """Peers ask for a form of their own, a type and a status first: here are two taps from the child's page."""
    page.open(f"{site}/ficha/{HERE}", 390)
    tapped, taps, typed = TAPS[told]
    page.n_taps = 0
    for selector in tapped:
        page.tap(f"document.querySelector('{selector}')")
    if typed == "note":
        page.type("Volver con la directora")
    if typed == "next_on":
        page.ask("document.querySelector('#next_on').value = '2099-01-15'")
    page.picture(Path(PICTURES or tmp_path) / f"visita-{typed or 'dos-toques'}-390.png")
    page.tap(SAVE)
    assert page.holds("document.querySelector('[role=status]')?.textContent.includes('Se guardó')")
    assert page.n_taps == taps
    assert len(asking.delivered()) == 1
    page.picture(Path(PICTURES or tmp_path) / f"visita-{typed or 'dos-toques'}-guardada-390.png")


@pytest.mark.parametrize("width", [390, 1366])
def test_what_is_wrong_is_seen_beside_its_field(page: browser.Browser, site: str, tmp_path: Path, width: int) -> None:
    page.open(f"{site}/ficha/{HERE}/seguimiento", width)
    page.ask("document.querySelector('form[action$=seguimiento]').noValidate = true")
    page.ask("document.querySelector('main form summary').click()")
    page.ask("document.querySelector('#on').value = '2017-01-01'")
    page.ask("document.querySelector('#note').value = 'Se mantiene lo escrito'")
    page.tap(SAVE)
    assert page.holds("document.querySelector('[role=alert]') !== null")
    page.picture(Path(PICTURES or tmp_path) / f"visita-con-errores-{width}.png")
    assert page.ask("document.querySelector('#note').value") == "Se mantiene lo escrito"
    assert page.ask("document.querySelector('#on').getAttribute('aria-describedby')") == "day-error"
    assert page.ask("document.querySelector('#day-error').textContent").startswith("Escriba una fecha")
    assert page.low_contrasts() == []
    assert page.ask("document.documentElement.scrollWidth") <= width


def test_a_link_is_decided_by_keyboard_alone(
    page: browser.Browser, site: str, asking: Asking, tmp_path: Path
) -> None:  # fmt: skip
    page.open(f"{site}/proteccion/{offices.HERE}/revision/{offices.UNSURE}", 360)
    page.ask("document.querySelector('#why').focus()")
    page.type("revisión acordada con la oficina")
    page.press("Enter")
    assert page.holds("document.body.textContent.includes('ROSA ELENA')")
    page.picture(Path(PICTURES or tmp_path) / "comparacion-360.png")
    assert page.ask("document.documentElement.scrollWidth") <= 360
    assert page.low_contrasts() == []
    page.ask("document.querySelector('#decision').focus()")
    page.press("ArrowDown")
    page.press("ArrowDown")
    assert page.ask("document.querySelector('#decision').value") == "SEPARAR"
    page.ask("document.querySelector('#decision').form.querySelector('button').focus()")
    page.press("Enter")
    assert page.holds("document.querySelector('[role=status]').textContent.includes('Se guardó')")
    assert asking.recorded[0]["DECISION"] == "SEPARAR"
