"""What was cut off, a deletion or a switch of releases: the next command that writes ends it, before anything else."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from warehouse import keys
from warehouse.errors import DamagedFile
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.rights import deciding, deletion, erasure
from warehouse.rights.erasure import Erased
from warehouse.settings import Home


def finish(home: Home, progress: Progress) -> dict[int, Erased]:
    """End what was begun; return by key the persons whose erasure has ended now.

    A deletion at the end of retention periods is ended too; 'qhawaq run' and 'qhawaq retain --delete' then build,
    publish and prove it.
    """
    with suppress(DamagedFile):  # the main job says it, and publishes again
        switching.follow(home)
    if home.to_decide.exists():
        deciding.carry_out(home, progress)
    begun = (home.retaining, home.erasing, home.to_erase)
    return _finish_deletions(home, progress) if any(map(Path.exists, begun)) else {}


def _finish_deletions(home: Home, progress: Progress) -> dict[int, Erased]:
    secret = keys.load(home.secrets)
    if home.retaining.exists():
        deletion.carry_out(home, secret, deletion.noted(home, secret))
    erased = erasure.finish(home, secret)
    for one in erased.values():
        progress.say("an erasure that was cut off has ended", lines=one.lines, files=one.files)
    if home.to_erase.exists() and (persons := erasure.again(home, secret)):
        progress.say("persons that the restored backup still held were erased again", persons=persons)
    if waiting := erasure.waiting(home, secret):
        progress.say("an erasure waits for files of the archive that do not open", files=len(waiting))
    return erased
