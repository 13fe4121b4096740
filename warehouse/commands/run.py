"""`qhawaq run`: the main job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import click

from warehouse.build.state import State, inputs_key
from warehouse.commands import effects
from warehouse.pipeline import steps, summary
from warehouse.progress import Progress
from warehouse.settings import Home


@click.command()
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to build for (default: the newest delivery's)."
)
@click.option("--backfill", is_flag=True, help="A first historical load: facts keep their own dates.")
@click.pass_obj
def run(context: tuple[Home, Progress], today: datetime | None, backfill: bool) -> None:
    """Do the main job: land, build, train and deploy if due, score, publish.

    Interrupted, it resumes where it stopped; with nothing new it does nothing.
    """
    home, progress = context
    with progress.step("land"):
        landed = land(home, progress, backfill)
    day = steps.set_calendar(home, today.date() if today else None)
    state = resume(home, str(day))
    if "publish" in state.done:
        click.echo(f"nothing new: release {state.done['publish']['release']} is current ({summary.where(home)})")
        return
    for name, step in job(home, progress, day, state.key).items():
        if name not in state.done:
            with progress.step(name):
                state.done[name] = step()
            state.write(home)
    summary.write_status(home, state)
    click.echo(summary.closing(home, state, landed))


def land(home: Home, progress: Progress, backfill: bool) -> int:
    """Land what waits, and return how many files that were."""
    from warehouse.landing import land as landing

    return len(landing.land(home, progress, backfill))


def resume(home: Home, today: str) -> State:
    """Return the state for these inputs: what was done for other inputs does not count."""
    from warehouse import database

    db = database.warehouse(home)
    try:
        key = inputs_key(db, today)
    finally:
        db.close()
    state = State.read(home)
    return state if state.key == key else State(key)


def released(home: Home, today: date) -> object | None:
    """Return the release of these inputs if they are published already."""
    return resume(home, str(today)).done.get("publish", {}).get("release")


BUILT = "features by an orchestrator"  # a mark of its own: `qhawaq run` does the step again


def begun(home: Home, today: date) -> None:
    """Note which inputs an orchestrator begins to build: nothing is done for them yet."""
    steps.begin(home, today)
    State(resume(home, str(today)).key).write(home)


def closed(home: Home, progress: Progress, again: bool) -> int:
    """Close the dates that an orchestrator built; note that its features are of these inputs, if no more came since."""
    found, state = steps.close(home, progress, again), State.read(home)
    if state.key == resume(home, str(steps.calendar(home))).key:
        state.done[BUILT] = {"dates": found}
        state.write(home)
    return found


def published(home: Home, progress: Progress) -> dict[str, object]:
    """Publish what an orchestrator built step by step.

    The main job counts as done where features are of these very inputs: what landed meanwhile is still to be built.
    """
    day, state = steps.calendar(home), State.read(home)
    steps.scored(home)
    key = resume(home, str(day)).key
    found = steps.publish(home, progress, key)
    if state.key == key and (BUILT in state.done or "build" in state.done):
        state.done |= {name: {"by": "orchestrator"} for name in job(home, progress, day, key)} | {"publish": found}
        state.write(home)
        summary.write_status(home, state)
    return found


def job(home: Home, progress: Progress, today: date, key: str) -> dict[str, Callable[[], dict[str, object]]]:
    """Return the steps after landing, in order."""
    return {
        "build": lambda: steps.build(home, progress, today),
        "train": lambda: steps.train(home, progress),
        "deploy": lambda: steps.deploy(home),
        "effects": lambda: effects.if_due(home, progress),
        "score": lambda: steps.score(home, progress),
        "publish": lambda: steps.publish(home, progress, key),
    }
