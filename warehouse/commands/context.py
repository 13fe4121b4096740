"""What every command is given: the home, and where progress is shown."""

from __future__ import annotations

from typing import NamedTuple

from warehouse.progress import Progress
from warehouse.settings import Home


class Context(NamedTuple):
    """The options before the command's name."""

    home: Home
    progress: Progress

    def to_write(self) -> Home:
        """Return the home for a command that writes: a deletion that was cut off is ended first."""
        from warehouse.operate import backup
        from warehouse.rights import unfinished

        self.narrowed()
        unfinished.finish(self.home.existing(), self.progress)
        backup.tell_backups(self.home)  # where an erasure was cut off before it told them
        return self.home

    def narrowed(self) -> Home:
        """Return the home, which nobody but its owner can read now."""
        from warehouse import modes

        if count := modes.narrow(self.home.existing()):
            self.progress.say("others could read or write the home: not any more", files=count)
        return self.home
