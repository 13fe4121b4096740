"""A day of each role in a browser: `python -m tests.service.days HOME PICTURES` walks the tasks and counts taps.

It starts the service of a synthetic home as `qhawaq serve` does, signs in by the links that it prints, and takes
pictures of each page on a phone (390 pixels) and on a desk (1366).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.dags.scheduler import free_port
from tests.service.browser import Browser

WIDTHS = (390, 1366)
LINK = re.compile(r"^(?P<title>[^:]+): (?P<link>http://127\.0\.0\.1:\d+/entrar/demo/\S+)$", re.MULTILINE)
REASON = "Visitas de la semana a familias"
START_SECONDS = 60.0


@dataclass
class Task:
    """What somebody wanted to do, and what it took.

    Args:
        role: whose task.
        title: what.
        taps: links, buttons and boxes that were pressed.
        typed: characters that were typed.
        seconds: that the pages took, without anybody's thinking.
    """

    role: str
    title: str
    taps: int = 0
    typed: int = 0
    seconds: float = 0.0


@dataclass
class RecordedDay:
    """A browser that counts what is done in it, and takes pictures."""

    browser: Browser
    address: str
    pictures: Path
    tasks: list[Task] = field(default_factory=list)

    @contextmanager
    def task(self, role: str, title: str) -> Iterator[Task]:
        """Count what is done for a task, and how long pages take."""
        self.tasks.append(Task(role, title))
        began = time.perf_counter()
        yield self.tasks[-1]
        self.tasks[-1].seconds = time.perf_counter() - began

    def tap(self, selector: str, lands_on: str = "") -> None:
        """Press the first thing that a selector names; wait for the page that it leads to, by a selector of that one."""
        self.tasks[-1].taps += 1
        pressed = self.browser.ask(f"(e => e && (e.click(), true))(document.querySelector({selector!r}))")
        assert pressed, f"nothing to press: {selector}"
        if lands_on:
            self.see(lands_on)

    def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.tasks[-1].typed += len(text)
        assert self.browser.ask(f"(e => e && (e.value = {text!r}, true))(document.querySelector({selector!r}))"), (
            selector
        )

    def see(self, selector: str) -> None:
        """Wait until a page shows something."""
        shown = f"document.readyState === 'complete' && !!document.querySelector({selector!r})"
        assert self.browser.holds(shown), f"never seen: {selector}"

    def picture(self, name: str) -> None:
        """Take pictures of the page as it is, on a phone and on a desk; nothing may be wider than the screen."""
        for width in WIDTHS:
            self.browser.do(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
            )
            assert self.browser.ask("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width}"
            self.browser.picture(self.pictures / f"{name}-{width}.png", beyond=False)


def social_worker(day: RecordedDay) -> None:
    """From the list to a visit and back."""
    with day.task("social worker", "see whom to visit today"):
        day.see("ol.work li")
    day.picture("list")
    with day.task("social worker", "see their names"):
        day.tap("details summary")
        day.type("#why", REASON)
        day.tap("form[action='/lista/nombres'] button", "form[action='/lista/sin-nombres']")
    day.picture("list-named")
    with day.task("social worker", "take a case"):
        day.tap("button[name=child]", "form[action='/lista/sin-nombres']")
    with day.task("social worker", "put a colleague in charge"):
        day.tap("ol.work details summary")
        day.type("ol.work input[name=to]", "colega.demo")
        day.tap("ol.work details button", "datalist option[value='colega.demo']")
    with day.task("social worker", "record a visit from the list"):
        day.tap("ol.work li form a", "form[action$='/seguimiento']")
        day.picture("visit")
        day.tap("form[action$='/seguimiento'] input[type=radio][name=outcome]")
        day.tap("form[action$='/seguimiento'] > button", "h1")
    with day.task("social worker", "read a child's page"):
        day.browser.do("Page.navigate", url=day.address)
        day.see("ol.work li")
        day.tap("ol.work li .who a", "main header h1")
    day.picture("child")


def ugel_director(day: RecordedDay) -> None:
    """Schools, people, visits, capacity."""
    with day.task("director of a UGEL", "see how the work stands"):
        day.browser.do("Page.navigate", url=f"{day.address}/ugel")
        day.see("#schools")
    day.picture("ugel")


def tutor(day: RecordedDay) -> None:
    """Own pupils by name."""
    with day.task("tutor", "see own pupils by name"):
        day.see("ul.work li")
        day.tap("details summary")
        day.type("#why", "Acompañamiento de mi aula este mes")
        day.tap("form[action='/lista/nombres'] button", "form[action='/lista/sin-nombres']")
    day.picture("school")


def protection_officer(day: RecordedDay) -> None:
    """Open cases of a province."""
    with day.task("protection officer", "see open cases"):
        day.see("#cases")
    day.picture("protection")
    day.browser.do("Page.navigate", url=f"{day.address}/?lang=en")
    day.see("html[lang=en] #cases")
    day.picture("protection-en")


def auditor(day: RecordedDay) -> None:
    """From a number to the lines of files."""
    with day.task("auditor", "walk a number down to its files"):
        day.see("form[action='/audit']")
        day.tap("ul.soft a", "#walk")
    day.picture("audit")


DAYS: dict[str, Callable[[RecordedDay], None]] = {
    "Trabajadora social": social_worker,
    "Dirección de UGEL": ugel_director,
    "Tutoría y dirección de escuela": tutor,
    "Oficina de protección": protection_officer,
    "Auditoría": auditor,
}


@contextmanager
def served(home: Path) -> Iterator[dict[str, str]]:
    """Start the service of a home; yield the links of its demonstration by role."""
    command = [sys.executable, "-m", "warehouse", "--home", str(home), "serve", "--port", str(free_port())]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said)
        try:
            yield _links(process, said)
        finally:
            process.terminate()
            process.wait(30)


def _links(process: subprocess.Popen[bytes], said: object) -> dict[str, str]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        said.seek(0)  # type: ignore[attr-defined]  a text file
        links = {found["title"].split(",")[0]: found["link"] for found in LINK.finditer(said.read())}  # type: ignore[attr-defined]
        if len(links) == len(DAYS):
            return links
        time.sleep(0.2)
    raise AssertionError("the service did not start, or its home is no synthetic one")


def walk(home: Path, pictures: Path) -> list[Task]:
    """Walk the day of each role; return what each task took."""
    tasks = []
    with served(home) as links:
        for title, day_of in DAYS.items():
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                browser = Browser(Path(profile))
                try:
                    day = RecordedDay(browser, links[title].split("/entrar")[0], pictures)
                    browser.do("Page.navigate", url=links[title])
                    day_of(day)
                    tasks += day.tasks
                finally:
                    browser.close()
    return tasks


def main() -> None:
    """Walk the days of a home and print what they took."""
    home, pictures = map(Path, sys.argv[1:])
    print("| who | task | taps | typed | seconds of pages |\n|---|---|---|---|---|")
    for task in walk(home, pictures):
        print(f"| {task.role} | {task.title} | {task.taps} | {task.typed} | {task.seconds:.1f} |")


if __name__ == "__main__":
    main()
