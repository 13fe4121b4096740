"""Progress of long work and log lines, as text for people or JSON for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Progress:
    """Writes events to a stream; they never hold an identity."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    as_json: bool = False
    quiet: bool = False
    started: float = field(default_factory=time.monotonic)

    def say(self, message: str, **facts: object) -> None:
        """Write one event with its facts."""
        if self.quiet:
            return
        seconds = round(time.monotonic() - self.started, 1)
        if self.as_json:
            line = json.dumps({"seconds": seconds, "event": message, **facts}, ensure_ascii=False, default=str)
        else:
            shown = "  ".join(f"{name}={value}" for name, value in facts.items())
            line = f"[{seconds:6.1f}s] {message}" + (f"  {shown}" if shown else "")
        print(line, file=self.stream, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Log the start of a step, its end and its duration."""
        start = time.monotonic()
        self.say(f"{name} …")
        yield
        self.say(f"{name} done", took=f"{time.monotonic() - start:.1f}s")
