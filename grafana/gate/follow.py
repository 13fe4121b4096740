"""Tell Grafana of each release: its data source keeps the file that it opened until it is asked how it is.

A health request closes the file and opens what the link leads to now, in every version of the plugin that was read
(0.4.5); a reload of provisioning would leave the former file open for good.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from grafana.source import UID

EVERY = 1.0  # seconds between two looks at the link
LOCKED = 330.0  # seconds after a refused password: Grafana locks a name for five minutes after some
HEALTH = f"/api/datasources/uid/{UID}/health"
ADMINISTRATOR = "admin"
MAGIC = slice(8, 12)  # where a DuckDB file says that it is one
log = logging.getLogger("qhawaq.gate")


class NotTold(Exception):
    """Grafana did not open the file anew; `wait` says when to try again."""

    def __init__(self, why: str, wait: float = EVERY) -> None:
        super().__init__(why)
        self.wait = wait


def shown(link: Path) -> str | None:
    """Return what stands for the release that a link leads to; None where it leads to no DuckDB file.

    A file that is none is never told of: the data source would close the good one for it.
    """
    try:
        found = link.resolve(strict=True)
        if not found.is_file():
            return None
        with found.open("rb") as file:
            is_database = file.read(MAGIC.stop)[MAGIC] == b"DUCK"
        return f"{found.parent.name} {found.stat().st_ino}" if is_database else None
    except (OSError, RuntimeError):  # a loop of links is a RuntimeError before Python 3.13
        return None


async def follow(link: Path, reopen: Callable[[], Awaitable[None]]) -> None:
    """Call `reopen` at the start and whenever the link leads elsewhere, again and again until it succeeds."""
    told: str | None = None
    said = ""
    while True:
        wait = EVERY
        why = ""
        now = await asyncio.to_thread(shown, link)
        if now is None:
            why = f"{link} leads to no DuckDB file: Grafana keeps what it has open"
        elif now != told:
            why, wait = await _tell(now.split()[0], reopen)
            told = None if why else now  # what fails may have closed the former file
        if why and why != said:
            log.warning(why)
        said = why
        await asyncio.sleep(wait)


async def _tell(release: str, reopen: Callable[[], Awaitable[None]]) -> tuple[str, float]:
    """Tell of a release; return why it could not be told, empty where it was, and when to look again."""
    try:
        await reopen()
    except Exception as error:  # whatever it is: the next release must be told all the same
        wait = error.wait if isinstance(error, NotTold) else EVERY
        return f"Grafana was not told of release {release}, and will be: {str(error) or type(error).__name__}", wait
    log.info("Grafana reads release %s", release)
    return "", EVERY


async def opened_anew(grafana: httpx.AsyncClient, password: Path) -> None:
    """Have the data source close its file and open it again.

    Raises:
        NotTold: Grafana refused the password, or its data source could not open the file.
        httpx.HTTPError: Grafana did not answer.
        OSError, ValueError: the password cannot be read.
    """
    secret = (await asyncio.to_thread(password.read_text, encoding="utf-8")).strip()
    answer = await grafana.get(HEALTH, auth=(ADMINISTRATOR, secret), timeout=40)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise NotTold("the administrator's password is refused", LOCKED)
    if answer.status_code != httpx.codes.OK:
        raise NotTold(f"its data source answers {answer.status_code}")
