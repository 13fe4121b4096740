"""A headless Chromium for tests of pages: opens, measures, presses keys, takes pictures, by its DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--remote-debugging-port=0", "--accept-lang=es-PE", "--force-device-scale-factor=1",
)  # fmt: skip
# Each text with its colors and size: what contrast is reckoned from (WCAG 2.1, 1.4.3).
TEXTS = """
[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
  && e.getClientRects().length).map(e => {
    const s = getComputedStyle(e); let b = e, color = 'rgba(0, 0, 0, 0)';
    while (b && (color = getComputedStyle(b).backgroundColor) === 'rgba(0, 0, 0, 0)') b = b.parentElement;
    return [e.textContent.trim().slice(0, 40), e instanceof SVGElement ? s.fill : s.color, b ? color : 'rgb(255, 255, 255)',
            parseFloat(s.fontSize), parseInt(s.fontWeight)]})
"""


class Browser:
    """One page of a browser of its own."""

    def __init__(self, folder: Path) -> None:
        self.open_things = contextlib.ExitStack()
        command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:  # type: ignore[union-attr]
            if found := re.search(r"ws://127\.0\.0\.1:(\d+)/", line):
                break
        pages = subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{found.group(1)}/json"], capture_output=True, check=True
        )
        url = next(page["webSocketDebuggerUrl"] for page in json.loads(pages.stdout) if page["type"] == "page")
        self.socket = self.open_things.enter_context(connect(url, max_size=None))
        self.numbers, self.said = itertools.count(1), []  # type: tuple[Any, list[str]]
        self.n_taps = 0
        self.answers: list[tuple[int, str]] = []  # status and address of all that was loaded
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def close(self) -> None:
        self.open_things.close()
        self.process.terminate()
        self.process.wait(20)

    def do(self, method: str, **given: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            got = json.loads(self.socket.recv(30))
            if got.get("id") == number:
                return got.get("result", {})
            self._hear(got)

    def _hear(self, got: dict[str, Any]) -> None:
        if got.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(got["params"]))
        elif got.get("method") == "Network.responseReceived":
            answer = got["params"]["response"]
            self.answers.append((answer["status"], answer["url"]))

    def open(self, url: str, width: int) -> None:
        self.said.clear()
        self.answers.clear()
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.do("Page.navigate", url=url)
        assert self.holds(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def holds(self, script: str, seconds: float = 20) -> bool:
        """Wait until a script says yes; while a page is on its way, there is nothing that could."""
        until = time.monotonic() + seconds
        while not (held := bool(self.ask(script))) and time.monotonic() < until:
            time.sleep(0.05)
        return held

    def ask(self, script: str) -> Any:
        found = self.do("Runtime.evaluate", expression=script, returnByValue=True)
        return found.get("result", {}).get("value")  # nothing where a page is on its way

    def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            code = {"Tab": 9, "Enter": 13, "ArrowDown": 40}[key]
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                    **({"text": "\r"} if key == "Enter" and kind == "keyDown" else {}))  # fmt: skip

    def tap(self, script: str) -> None:
        """Tap what a script finds, where a finger would."""
        where = "(() => {const e = %s; e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
        x, y = self.ask(where % script + "return [r.x + r.width / 2, r.y + r.height / 2]})()")
        self.n_taps += 1
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        self.do("Input.insertText", text=text)

    def picture(self, path: Path, beyond: bool = True) -> None:
        shot = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=beyond)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def low_contrasts(self) -> list[tuple[str, float]]:
        """Return the texts whose contrast is below what WCAG AA asks for their size."""
        found = []
        for text, ink, paper, size, weight in self.ask(TEXTS):
            is_large = size >= 24 or (size >= 18.66 and weight >= 700)
            if (contrast := _contrast(ink, paper)) < (3.0 if is_large else 4.5):
                found.append((text, round(contrast, 2)))
        return found


def _contrast(ink: str, paper: str) -> float:
    light, dark = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
