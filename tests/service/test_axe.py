"""axe-core finds nothing wrong with any page, on a phone and on a desk; the keyboard walks each in the order it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.service import browser, offices, serving
from tests.service.conftest import Asking
from tests.service.test_language import EVERYTHING, PAGES
from warehouse.settings import REPOSITORY

AXE = REPOSITORY / ".axe" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("QHAWAQ_PICTURES")
IN_CI = bool(os.environ.get("CI"))  # which installs both: there nothing is skipped
WIDTHS = (390, 1366)
# What the keyboard can come to, in the order in which it is read; of a group of radio buttons one at a time.
STOPS = """(() => { window.stops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, '
+ 'textarea, summary, [tabindex]')].filter(e => e.getClientRects().length && e.checkVisibility());
return stops.filter((e, at) => e.type !== 'radio' || stops.findIndex(o => o.name === e.name) === at).map(e => stops.indexOf(e)) })()"""

pytestmark = [
    pytest.mark.skipif(
        not (browser.CHROMIUM or IN_CI), reason="Chromium is not installed here: make chromium installs it"
    ),
    pytest.mark.skipif(not (AXE.exists() or IN_CI), reason="axe-core is not installed here: make axe installs it"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    opened = browser.Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()


@pytest.fixture
def site(asking: Asking, tmp_path: Path) -> Iterator[str]:
    offices.published(asking, tmp_path / "protection")
    asking.settings = replace(asking.settings, names=lambda keys: dict.fromkeys(keys, "ROSA QUISPE"))
    with serving.serving(asking.settings, asking.token(**EVERYTHING)) as port:
        yield f"http://127.0.0.1:{port}"


def violations(page: browser.Browser) -> list[str]:
    """Return what axe finds wrong with the page that is open: the rule, and where."""
    page.do("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
    asked = page.do(
        "Runtime.evaluate",
        expression="axe.run().then(r => ({passed: r.passes.length, wrong: r.violations.map(v => v.id + ': ' + v.help + ' ' "
        "+ v.nodes.map(n => n.html).join(' | '))}))",
        awaitPromise=True,
        returnByValue=True,
    )["result"]["value"]
    assert asked["passed"] > 10, "axe judged nothing"
    return list(asked["wrong"])


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_wrong_on_any_page(page: browser.Browser, site: str, width: int) -> None:
    """Closed parts are opened: what is in them is on the page."""
    found = {}
    for path in PAGES:
        for spoken in ("es", "en"):
            page.open(f"{site}{path}?lang={spoken}", width)
            page.ask("document.querySelectorAll('details').forEach(e => { e.open = true })")
            if wrong := violations(page):
                found[path, spoken] = wrong
            assert page.ask("document.documentElement.scrollWidth") <= width, path
        page.open(f"{site}{path}?lang=es", width)
    assert found == {}


def test_axe_would_find_what_is_wrong(page: browser.Browser, site: str) -> None:
    page.open(f"{site}/entrar?lang=es", 390)
    page.ask(
        "document.querySelector('main').innerHTML = '<img src=x><input><p>pale</p>';"
        "document.querySelector('main p').style.color = '#ccc'"
    )
    assert {one.partition(":")[0] for one in violations(page)} >= {"image-alt", "label", "color-contrast"}


def test_the_keyboard_walks_each_page_in_the_order_in_which_it_is_read(page: browser.Browser, site: str) -> None:
    for path in PAGES:
        page.open(f"{site}{path}?lang=es", 1366)
        stops = page.ask(STOPS)
        walked = []
        for _ in stops:
            page.press("Tab")
            walked.append(page.ask("stops.indexOf(document.activeElement)"))
        assert walked == stops, path
