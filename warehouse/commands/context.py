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
        from warehouse.rights import unfinished

        unfinished.finish(self.home.existing(), self.progress)
        return self.home
