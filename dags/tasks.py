"""The steps between the groups of dbt models, each a call of what the command line calls."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.graph import HOME, MODEL, step
from warehouse import clock
from warehouse.errors import QhawaqError
from warehouse.progress import Progress

PROGRESS = Progress(as_json=True)
Result = dict[str, Any]


def _params() -> dict[str, Any]:
    return dict(get_current_context()["params"])


@task
def collect() -> Result:
    """Collect from the APIs that are configured into the inbox."""
    from warehouse.collect import run

    return {"collected": len(run.collect(HOME, PROGRESS, clock.today()))}


@step
def land() -> Result:
    """Land what waits and begin a build; what follows is skipped where nothing is new since the last release."""
    from warehouse.pipeline import build, run

    params = _params()
    landed = len(run.land(HOME, PROGRESS))
    day = build.set_day(HOME, date.fromisoformat(params["today"]) if params["today"] else None)
    release = run.released(HOME, PROGRESS, day)
    if release and not params["full_refresh"]:
        raise AirflowSkipException(f"nothing new: release {release} is current")
    run.note_begin(HOME, PROGRESS, day, params["full_refresh"])
    return {"landed": landed, "today": str(day)}


@step
def close() -> Result:
    """Close the as-of dates; decide what officials see."""
    from warehouse.pipeline import run, score

    return {
        "closed": run.close_dates(HOME, PROGRESS, _params()["full_refresh"]),
        "cells": score.before_marts(HOME),
    }


@step
def publish() -> Result:
    """Publish what is built and tested to each audience's serving files."""
    from warehouse.pipeline import run

    return asdict(run.publish_built(HOME, PROGRESS))


# What a receiver did not take now it may take later: unlike what is wrong with data, that is worth another try.
@task(retries=6, retry_delay=timedelta(minutes=5), retry_policy=None)
def notify() -> Result:
    """Tell schools, UGELs and senders what is new for them, once; skipped where the home has no table of recipients."""
    from warehouse.notify import notification

    if not HOME.recipients.exists():
        raise AirflowSkipException(f"nobody is to be told: {HOME.recipients} is missing")
    told = notification.require_acknowledged(notification.notify(HOME, PROGRESS, clock.now()))
    return {"new": told.new, "sent": told.sent, "held": told.held}


@step
def docs() -> Result:
    """Write the pages that document what was built."""
    from warehouse.audit import pages

    return {"pages": len(pages.write(HOME, PROGRESS))}


@step
def matured() -> Result:
    """Go on where labels have matured that no model knows; else skip what follows, and say why."""
    from warehouse.pipeline import train

    if reason := train.not_due(HOME):
        raise AirflowSkipException(reason)
    return {"due": True}


@step
def backtest() -> Result:
    """Judge every candidate, rule and baseline on years they have not seen."""
    from warehouse.pipeline import backtest, learning

    figures, verdict = backtest.of_home(HOME, PROGRESS, learning.OUTCOME)
    return {"figures": len(figures), "verdict": str(verdict), "chosen": getattr(verdict, "chosen", None)}


@step
def select(judged: Result) -> Result:
    """Say whether the simplest candidate within one standard error of the best is the one of ml/models/recipes.yml."""
    from ml.models import candidates

    champion = candidates.champion()
    return {"champion": champion, "chosen": judged["chosen"], "agree": judged["chosen"] in (None, champion)}


@step(outlets=[MODEL])
def train() -> Result:
    """Train the champion's recipe, judge it by its gates and register it with their result."""
    from warehouse.pipeline import train

    train.of_other_lists(HOME, PROGRESS)
    return asdict(train.train(HOME, PROGRESS))


@step
def effects() -> Result:
    """Compare children who got a service with comparable ones who did not."""
    from warehouse.pipeline import effects

    return asdict(effects.if_due(HOME, PROGRESS))


@step
def tune() -> Result:
    """Search hyperparameters; what is found is a proposal for ml/models/recipes.yml."""
    from warehouse.pipeline import learning, tune

    return tune.search(HOME, PROGRESS, learning.OUTCOME)


@step
def promote() -> Result:
    """Make the newest model live if its gates passed, else leave what is live, else the best rule."""
    from warehouse.pipeline import deploy, score
    from warehouse.publish import switching

    before = {"before": deploy.live(HOME), "release_before": switching.current(HOME)}
    deploy.of_other_lists(HOME)
    return {**before, **asdict(deploy.deploy(HOME)), "cells": score.before_marts(HOME)}


@step
def smoke_test() -> Result:
    """Look at what was published as its readers do; where a service runs, wait until it serves the same model."""
    from warehouse.pipeline import smoke

    return smoke.test(HOME)


@step(trigger_rule="one_failed", retries=0)
def go_back(promoted: Result | None) -> Result:
    """Where anything failed: let the model and the release be current again that were before, and fail the run."""
    from warehouse.pipeline import smoke

    before = promoted or {"before": None, "release_before": None}  # it failed before it changed anything
    raise QhawaqError(smoke.go_back(HOME, before["before"], before["release_before"]))


@step
def freshness() -> Result:
    """Say which sources are late by their contracts."""
    from warehouse.pipeline import monitor

    return monitor.late(HOME)


@step
def drift() -> Result:
    """Compare what the live model meets with what it learned from, and what it announced with what came."""
    from warehouse.pipeline import monitor

    return monitor.drift(HOME, PROGRESS)


@step
def retain() -> Result:
    """Delete what has been kept long enough, and prove it."""
    from warehouse.pipeline import monitor

    return monitor.retain(HOME, PROGRESS, clock.today())


@step
def backup() -> Result:
    """Copy the home to where backups go, with the hash of every file."""
    from warehouse.operate import backup

    written = backup.write(HOME, backup.folder(HOME))
    return {"backup": str(written.folder), "files": written.n_files}


@step
def restore_test(written: Result) -> Result:
    """Restore the backup beside the home, compare it and remove it: a backup that nobody restored is none."""
    from warehouse.operate import backup

    rehearsal = backup.rehearse(HOME, Path(str(written["backup"])))  # between tasks it is text
    return {"tables": rehearsal.n_tables, "bytes": rehearsal.n_bytes}
