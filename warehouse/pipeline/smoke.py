"""What a deployment looks at before it is believed, and the way back."""

from __future__ import annotations

import itertools
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import duckdb

from warehouse.errors import QhawaqError
from warehouse.pipeline import deploy
from warehouse.publish import corrections, releases, switching
from warehouse.settings import Home

NEWEST = """
select distinct model_version from priority_list where as_of_date = (select max(as_of_date) from priority_list)
"""
PATIENCE = 60.0  # seconds for a running service to take up a new model


def test(home: Home) -> dict[str, object]:
    """Open every serving file as its readers do; where a service runs, wait until it serves the live model.

    Raises:
        QhawaqError: a file cannot be read, files are of two releases, a list is ranked by another model than the live
            one, or the service does not take the model up.
    """
    live = deploy.live(home)
    links = _links(home)
    ranked = set(itertools.chain.from_iterable(map(_ranked_by, links)))
    if ranked - {live}:
        raise QhawaqError(f"lists are ranked by {', '.join(sorted(ranked))}, live is {live}")
    url = os.environ.get("QHAWAQ_SERVICE_URL")
    return {"files": len(links), "live": live, "service": _served(url, live) if url else "none is configured"}


def _links(home: Home) -> list[Path]:
    """Return the links of all audiences and areas that are in the current release.

    Raises:
        QhawaqError: nothing is published, or a link leads to another release.
    """
    release = switching.current(home)
    if not release:
        raise QhawaqError(f"{home.root} has nothing published yet: call 'qhawaq run' first")
    if strangers := switching.wrong_links(home):
        raise QhawaqError(f"not of release {release}: {', '.join(strangers)}")
    return [home.serving / folder / switching.CURRENT for folder in switching.manifest(home, release)]


def _ranked_by(link: Path) -> list[str]:
    """Return what ranks the newest list in a serving file; of a file without lists nothing, once it can be read."""
    with duckdb.connect(str(link), read_only=True) as db:
        tables = {name for (name,) in db.execute("select table_name from duckdb_tables()").fetchall()}
        if "priority_list" not in tables:
            return []
        return [version for (version,) in db.execute(NEWEST).fetchall()]


def _served(url: str, live: str | None) -> str:
    """Wait until a service says that it serves the live model.

    Raises:
        QhawaqError: it did not within a minute.
    """
    until = time.monotonic() + PATIENCE
    served = "nothing"
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url.rstrip('/')}/health/ready", timeout=5) as answer:  # noqa: S310  configured
                served = json.load(answer).get("model_version")
        except (urllib.error.URLError, OSError, ValueError) as error:
            served = str(error)
        if served == live:
            return served
        time.sleep(1)
    raise QhawaqError(f"the service at {url} says {served}, live is {live}")


def go_back(home: Home, model: str | None, release: str | None) -> str:
    """Let a model be live and a release be current again; say so.

    Args:
        home: the home.
        model: what was live before (None: nothing was).
        release: what was current before.
    """
    changes = []
    if model and model != deploy.live(home):
        deploy.make_live(home, model)
        changes.append(f"{model} is live again")
    if release and release != switching.current(home):
        changes.append(_release_again(home, release))
    return "deployment failed; " + (", ".join(changes) or "nothing had changed")


def _release_again(home: Home, release: str) -> str:
    """Let a release be current again, unless it shows what a family had corrected as it was before; say which."""
    try:
        releases.rollback(home, release)
    except corrections.EarlierValues as error:
        return str(error)
    return f"release {release} is current again"
