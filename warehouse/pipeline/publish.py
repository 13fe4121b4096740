"""The step that publishes the marts to each audience's serving files."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse import database
from warehouse.build import firewall
from warehouse.pipeline.learning import OUTCOME
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.registry import model_config
from warehouse.settings import Home


@dataclass(frozen=True)
class PublishResult:
    """The release and how many files it has."""

    release: str
    files: int


def publish(home: Home, progress: Progress, key: str) -> PublishResult:
    """Publish the marts to each audience's serving files.

    Args:
        home: the home.
        progress: where progress is shown.
        key: a hash of the inputs, of which the release's name has the beginning.
    """
    if (home.dbt / firewall.JUDGED).exists():  # what single tasks of an orchestrator built is judged here too
        firewall.check(home, progress)
    release, files = releases.publish(home, progress, key)
    with database.warehouse(home) as db:  # from where on a UGEL's capacity reaches now
        model_config.write(db, home, OUTCOME)
    return PublishResult(release, files)
