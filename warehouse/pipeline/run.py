"""The main job: every step in order, resumed where it stopped, done once for the same inputs.

After landing, which links records and writes the senders' fault sheets, the day is set and the inputs are compared with
those of the last job: `job` returns the steps that are left, in order. An orchestrator runs the same steps as tasks of
its own; it notes here what it has begun, closed and published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from warehouse import database
from warehouse.build import calendar, closing
from warehouse.errors import DamagedFile
from warehouse.operate import damage
from warehouse.pipeline import build, deploy, effects, publish, score, summary, tables, train
from warehouse.pipeline.land import land
from warehouse.pipeline.state import State, inputs_key
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.settings import Home

FEATURES_BY_ORCHESTRATOR = "features by an orchestrator"  # a mark of its own: `qhawaq run` does the step again


def run(home: Home, progress: Progress, today: date | None = None, backfill: bool = False) -> str:
    """Land, build, train and deploy if due, score and publish; return the closing summary.

    Interrupted, it resumes where it stopped; with nothing new it does nothing.
    """
    with progress.step("land"):
        landed = len(land(home, progress, backfill))
    day = build.set_day(home, today)
    state = resume(home, day)
    if current := current_if_whole(home, state, progress):
        if not summary.is_told(home, state):  # lost or damaged since, or the job was killed just before
            summary.write_status(home, state)
        return _nothing_new(home, current)
    for name, step in job(home, progress, day, state.key).items():
        if name not in state.done:
            with progress.step(name):
                state.done[name] = step()
            state.write(home)
    summary.write_status(home, state)
    return summary.closing(home, landed)


def _nothing_new(home: Home, current: str) -> str:
    """Remove what killed publications left; say what is current and what is wrong."""
    later = switching.gone_back_from(home)
    back = f", gone back to from {later}," if later else ""
    left = f"; removed {n} folders of publications that were cut off" if (n := releases.sweep(home)) else ""
    wrong = f"; {len(found)} wrong here, see 'qhawaq status'" if (found := damage.found(home)) else ""
    return f"nothing new: release {current}{back} is current ({summary.where(home)}){left}{wrong}"


def current_if_whole(home: Home, state: State, progress: Progress) -> str | None:
    """Return the current release once it is whole, None where it is to be published, or published again.

    A release that a person went back to stays.

    Raises:
        DamagedFile: that one is damaged; which other is to be current is for a person to say.
    """
    if not _release(state):
        return None
    later = current = None
    try:
        current = switching.current(home)
        later = switching.gone_back_from(home)
        releases.check_current(home)
    except DamagedFile as error:
        if later:
            raise
        progress.say("published again", because=str(error))
        current = None
    if current is None:
        del state.done["publish"]
    return current


def job(home: Home, progress: Progress, today: date, key: str) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the steps after landing, in order; each returns what it found as plain values."""
    return {
        "build": lambda: asdict(build.build(home, progress, today)),
        "train": lambda: _train(home, progress),
        "deploy": lambda: _deploy(home),
        "effects": lambda: asdict(effects.if_due(home, progress)),
        "score": lambda: asdict(score.score(home, progress)),
        "publish": lambda: asdict(publish.publish(home, progress, key)),
    }


def _train(home: Home, progress: Progress) -> dict[str, Any]:
    train.of_other_lists(home, progress)
    return asdict(train.train(home, progress))


def _deploy(home: Home) -> dict[str, Any]:
    deploy.of_other_lists(home)
    return asdict(deploy.deploy(home))


def resume(home: Home, today: date) -> State:
    """Return the state for these inputs: what was done for other inputs, or before a refresh began, does not count."""
    with database.warehouse(home) as db:
        tables.prepare(db)
        key = inputs_key(db, str(today))
        is_refreshing = closing.is_refreshing(db)
    state = State.read(home)
    return state if state.key == key and not is_refreshing else State(key)


def released(home: Home, progress: Progress, today: date) -> str | None:
    """Return the current release if these inputs are published already, and what is published is whole."""
    return current_if_whole(home, resume(home, today), progress)


def _release(state: State) -> str | None:
    return state.done.get("publish", {}).get("release")


def note_begin(home: Home, progress: Progress, today: date, full_refresh: bool = False) -> None:
    """Note which inputs an orchestrator begins to build: nothing is done for them yet."""
    build.begin(home, progress, today, full_refresh)
    State(resume(home, today).key).write(home)


def close_dates(home: Home, progress: Progress, again: bool) -> int:
    """Close the dates that an orchestrator built; note that its features are of these inputs, if no more came since."""
    dates = build.close(home, progress, again)
    state = State.read(home)
    if state.key == resume(home, calendar.read(home)).key:
        state.done[FEATURES_BY_ORCHESTRATOR] = {"dates": dates}
        state.write(home)
    return dates


def publish_built(home: Home, progress: Progress) -> publish.PublishResult:
    """Publish what an orchestrator built step by step.

    The main job counts as done where features are of these very inputs: what landed meanwhile is still to be built.
    """
    day = calendar.read(home)
    state = State.read(home)
    score.scored(home)
    key = resume(home, day).key
    result = publish.publish(home, progress, key)
    if state.key == key and (FEATURES_BY_ORCHESTRATOR in state.done or "build" in state.done):
        state.done |= {name: {"by": "orchestrator"} for name in job(home, progress, day, key)}
        state.done["publish"] = asdict(result)
        state.write(home)
        summary.write_status(home, state)
    return result
