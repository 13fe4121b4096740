"""A reader's browser before a Grafana: signs in by the form, opens dashboards, looks for what is broken."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.grafana.server import VIEWER, WORD, Server
from tests.service.browser import Browser

WIDTH = 1366  # of most screens
PANELS = "document.querySelectorAll('section[data-testid*=\"Panel header\"]')"
LOWEST = f"Math.max(...[...{PANELS}].map(e => e.getBoundingClientRect().bottom + scrollY))"
BROKEN = """[...document.querySelectorAll('[data-testid="data-testid Panel status error"]')].map(
  e => (e.closest('section') || e).innerText.slice(0, 80))"""
NARROW = 768
HARMLESS = ("WebGL", "GL Driver", "not correct url")  # of a machine without a graphics card, and of Grafana's own links


class Board:
    """One browser at one server's gate."""

    def __init__(self, server: Server, folder: Path, width: int = WIDTH) -> None:
        self.server, self.folder, self.width = server, folder, width

    @contextlib.contextmanager
    def opened(self) -> Iterator[Board]:
        """Start the browser and sign in."""
        self.browser = Browser(self.folder / "browser")
        try:
            self._sign_in()
            yield self
        finally:
            self.browser.close()

    def _sign_in(self) -> None:
        browser = self.browser
        browser.do("Page.navigate", url=self.server.gate + "/login")
        assert browser.holds("document.querySelector('input[name=user]') !== null", 60), browser.answers[-5:]
        for name, text in (("user", VIEWER), ("password", WORD)):
            browser.ask(f"document.querySelector('input[name={name}]').focus()")
            browser.type(text)
        browser.press("Enter")
        assert browser.holds("!location.pathname.startsWith('/login')", 60)

    def open(self, made: dict[str, Any], kiosk: bool = False, theme: str = "light") -> None:
        """Open a dashboard and wait until its panels have what they asked for; `kiosk` shows nothing else."""
        browser, most = self.browser, 4500 if self.width > NARROW else 7000  # on a phone panels stand below each other
        browser.said.clear()
        browser.answers.clear()
        self._window(most)
        browser.do("Page.navigate", url=f"{self.server.gate}/d/{made['uid']}?theme={theme}{'&kiosk' if kiosk else ''}")
        assert browser.holds(f"{PANELS}.length >= {len(made['panels'])}", 60), browser.said[-3:]
        until = time.monotonic() + 20
        asking = sum(bool(panel["targets"]) for panel in made["panels"])
        while self._asked() < asking and time.monotonic() < until:
            browser.ask("1")  # what was loaded meanwhile is heard
            time.sleep(0.2)
        time.sleep(1.5)  # the last answer is drawn
        if kiosk:
            self._window(int(browser.ask(LOWEST)) + 64)  # its footer
            time.sleep(1.5)

    def _window(self, height: int) -> None:
        self.browser.do(
            "Emulation.setDeviceMetricsOverride", width=self.width, height=height, deviceScaleFactor=1, mobile=False
        )

    def _asked(self) -> int:
        return sum("/api/ds/query" in url for _, url in self.browser.answers)

    def n_panels(self) -> int:
        return int(self.browser.ask(f"{PANELS}.length"))

    def broken_panels(self) -> list[str]:
        return list(self.browser.ask(BROKEN) or [])

    def errors(self) -> list[str]:
        """Return what the console says of errors."""
        said = [json.loads(one) for one in self.browser.said]
        found = [one for one in said if one.get("type") == "error" or "exceptionDetails" in one
                 or one.get("entry", {}).get("level") == "error"]  # fmt: skip
        return [text for one in found if not any(each in (text := json.dumps(one)) for each in HARMLESS)]

    def picture(self, path: Path) -> None:
        """Take a picture of what is in the window: a longer page would be laid out anew, and be empty."""
        self.browser.picture(path, beyond=False)
