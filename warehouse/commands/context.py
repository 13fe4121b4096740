"""What every command is given: the home, and where progress is shown."""

from __future__ import annotations

from typing import NamedTuple

from warehouse.progress import Progress
from warehouse.settings import Home


class Context(NamedTuple):
    """The options before the command's name."""

    home: Home
    progress: Progress
