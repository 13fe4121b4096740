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
HEALTH = f"/api/datasources/uid/{UID}/health"
ADMINISTRATOR = "admin"
log = logging.getLogger("qhawaq.gate")


def shown(link: Path) -> str | None:
    """Return what stands for the release that a link leads to; None where it leads nowhere."""
    try:
        found = link.resolve(strict=True)
        return f"{found.parent.name} {found.stat().st_ino}"
    except OSError:
        return None


async def follow(link: Path, reopen: Callable[[], Awaitable[None]]) -> None:
    """Call `reopen` at the start and whenever the link leads elsewhere, again and again until it succeeds."""
    told: str | None = None
    while True:
        now = shown(link)
        if now is not None and now != told:
            try:
                await reopen()
            except (httpx.HTTPError, OSError) as error:
                log.warning("Grafana was not told of release %s, and will be: %s", now.split()[0], error)
            else:
                told = now
                log.info("Grafana reads release %s", now.split()[0])
        await asyncio.sleep(EVERY)


async def opened_anew(grafana: httpx.AsyncClient, password: Path) -> None:
    """Have the data source close its file and open it again.

    Raises:
        httpx.HTTPError: Grafana did not answer, or its data source could not open the file.
        OSError: the password cannot be read.
    """
    secret = (await asyncio.to_thread(password.read_text, encoding="utf-8")).strip()
    answer = await grafana.get(HEALTH, auth=(ADMINISTRATOR, secret), timeout=40)
    answer.raise_for_status()
