"""The access log: lines that can only be appended, each sealed over all before it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from warehouse import clock, files

START = "0" * 64  # of the first line there is no seal before it
CUT = "cut off"  # of a line that names by its hash what a crash left of another one
TAIL = 65_536  # bytes: longer than any line
Line = dict[str, Any]


class Broken(Exception):
    """A line was changed, removed or put in."""


class Journal:
    """A log with a chain of seals that shows every change.

    Args:
        path: the file; made with mode 0600.
        key: without it the chain can neither be continued nor rewritten unseen.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self.key = key
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def note(self, caller: str, action: str, child: str | None, reason: str) -> None:
        """Append a line and have it on disk before anything is answered."""
        line = {"at": clock.now().isoformat(), "who": caller, "what": action, "child": child, "why": reason}
        files.append(self.path, lambda descriptor: self._next(descriptor, line))

    def _next(self, descriptor: int, line: Line) -> str:
        """Return a line with its seal; before it, a line that names what a crash cut off, which was never answered."""
        tail = self._tail(descriptor)
        seal, cut = _after_last(tail)
        end = "" if not tail or tail.endswith(b"\n") else "\n"
        if not cut:
            return f"{end}{self._sealed(seal, line)[0]}"
        named, seal = self._sealed(seal, line | {"who": None, "what": CUT, "child": None, "why": _hash(cut)})
        return f"{end}{named}\n{self._sealed(seal, line)[0]}"

    def _tail(self, descriptor: int) -> bytes:
        """Return the end of the log, from the beginning of a line on.

        Raises:
            Broken: it is longer than any line of ours and holds none.
        """
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, TAIL, max(0, size - TAIL))
        if size > TAIL and not _after_last(tail)[0]:
            raise Broken(f"{self.path} ends in what is no line of ours: keep it, look who wrote it, begin another")
        return tail

    def _sealed(self, before: str, line: Line) -> tuple[str, str]:
        """Return a line with its seal, and the seal."""
        seal = self._seal(before, line)
        return json.dumps(line | {"seal": seal}, ensure_ascii=False), seal

    def _seal(self, before: str, line: Line) -> str:
        text = json.dumps(line, sort_keys=True, ensure_ascii=False)
        return hmac.new(self.key, f"{before}{text}".encode(), hashlib.sha256).hexdigest()

    def lines(self) -> Iterator[Line]:
        """Return every line, verified against all before it; what a crash cut off last is not there yet.

        Raises:
            Broken: at the first that does not follow from those before it.
        """
        before, cut = START, []
        with self.path.open("rb") as file:
            for number, text in enumerate(file, 1):
                line, seal = _parted(text)
                if not seal:
                    cut.append((number, text))
                    continue
                names = _hash(b"".join(part for _, part in cut)) if cut else None
                if not self._follows(before, line, seal) or names != _named(line):
                    raise Broken(f"{self.path}, line {number}: it is not what was written there")
                before, cut = seal, []
                yield line
        if cut and cut[-1][1].endswith(b"\n"):
            raise Broken(f"{self.path}, line {cut[0][0]}: it is not what was written there")

    def _follows(self, before: str, line: Line, seal: str) -> bool:
        return hmac.compare_digest(seal.encode(), self._seal(before, line).encode())

    def n_cut(self) -> int:
        """Return how many lines name what a crash cut off."""
        return sum(_named(line) is not None for line in self.lines())


def _after_last(tail: bytes) -> tuple[str, bytes]:
    """Return the seal of the last whole line, and what is behind it."""
    parts = tail.splitlines(keepends=True)
    for n in range(len(parts), 0, -1):
        if seal := _parted(parts[n - 1])[1]:
            return seal, b"".join(parts[n:])
    return ("" if len(tail) == TAIL else START), tail


def _hash(cut: bytes) -> str:
    return hashlib.sha256(cut.removesuffix(b"\n")).hexdigest()


def _named(line: Line) -> str | None:
    """Return the hash of what was cut off where a line names it."""
    return line["why"] if line.get("what") == CUT and line.get("who") is None else None


def _parted(text: bytes) -> tuple[Line, str]:
    """Return a line and its seal; what is no line of ours has none."""
    try:
        line = json.loads(text)
        return line, str(line.pop("seal"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, ""
