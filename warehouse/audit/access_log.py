"""The access log: who looked at which child, when and why; lines can only be appended, each sealed over all before it.

Service and command line write the same file. The chain shows a line that was changed, moved or taken out; that lines
at the end are missing shows only beside an anchor (`warehouse.audit.anchors`).
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from warehouse import clock, files, keys
from warehouse.keys import Keys
from warehouse.settings import Home

START = "0" * 64  # of the first line there is no seal before it
CUT = "cut off"  # of a line that names by its hash what a crash left of another one
BLOCK = 65_536
AT_ONCE = 1000  # children a line holds at most


class Head(NamedTuple):
    """How far a log reaches: all before it cannot be changed without changing the seal."""

    n_lines: int = 0
    n_bytes: int = 0
    seal: str = START


BEGINNING = Head()


class LogLine(NamedTuple):
    """A line as it stands in the file."""

    number: int  # from 1
    written: dict[str, Any]  # at, who, what, child, why; empty where it is no line of ours
    head: Head  # the log's up to and with this line
    fault: str = ""  # why it is not what was written there
    content: bytes = b""  # of a line that is none of ours

    @property
    def children(self) -> list[str]:
        """The pseudonyms that were looked at."""
        child = self.written.get("child")
        return list(map(str, child)) if isinstance(child, list) else [str(child)] if child is not None else []


class AccessLog:
    """A log with a chain of seals that shows every change.

    Args:
        path: the file; made with mode 0600.
        key: without it the chain can neither be continued nor rewritten unseen.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self.key = key
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    def note(self, caller: str, action: str, child: str | Sequence[str] | None, reason: str) -> None:
        """Append a line and have it on disk before anything is answered.

        Args:
            caller: who looks.
            action: the kind of access.
            child: one pseudonym or several; None where no child is named.
            reason: why.
        """
        seen = child if child is None or isinstance(child, str) else list(child)
        line = {
            "at": clock.now().isoformat(),
            "who": " ".join(caller.split()),
            "what": action,
            "child": seen,
            "why": reason,
        }

        files.append(self.path, lambda descriptor: self._next(descriptor, line))

    def _next(self, descriptor: int, line: dict[str, Any]) -> str:
        """Return a line with its seal; before it, one that names what a crash cut off: nobody was answered then."""
        end = _end(descriptor)
        first = "" if end.is_ended else "\n"
        if not end.cut:
            return f"{first}{self._sealed(end.seal, line).text}"
        named = self._sealed(end.seal, line | {"who": None, "what": CUT, "child": None, "why": _hash(end.cut)})
        return f"{first}{named.text}\n{self._sealed(named.seal, line).text}"

    def _sealed(self, before: str, line: dict[str, Any]) -> _Sealed:
        seal = self._seal(before, line)
        return _Sealed(json.dumps(line | {"seal": seal}), seal)

    def _seal(self, before: str, line: dict[str, Any]) -> str:
        text = json.dumps(line, sort_keys=True, ensure_ascii=False)
        return hmac.new(self.key, f"{before}{text}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def lines(self, after: Head = BEGINNING) -> Iterator[LogLine]:
        """Yield every line after a head, verified against all before it; of a missing file nothing.

        What a crash cut off is passed over: the line after it names it, or it is the last.
        """
        head = after
        if not self.path.exists():
            return
        cut: list[LogLine] = []
        with self.path.open("rb") as file:
            file.seek(head.n_bytes)
            content = b""
            for content in file:
                line = self._read(content, head)
                head = line.head
                if not line.written:
                    cut.append(line)
                    continue
                if not _names(line, cut):
                    yield from cut
                cut = []
                yield line
        if content.endswith(b"\n") or len(cut) > 1:
            yield from cut

    def _read(self, content: bytes, before: Head) -> LogLine:
        """Return a line; the chain goes on with the seal that it states, so that one change is one fault."""
        written, seal = _parted(content)
        n_bytes = len(content.removesuffix(b"\n")) + 1  # a line that lacks only its end counts, and gets it
        head = Head(before.n_lines + 1, before.n_bytes + n_bytes, seal or before.seal)
        if not seal:
            fault = "is no line of the log: something else wrote it, or it was cut"
            return LogLine(head.n_lines, {}, head, f"{self.path}, line {head.n_lines}: it {fault}", content)
        if _is_as_written(content, written, seal) and hmac.compare_digest(
            seal.encode(), self._seal(before.seal, written).encode()
        ):
            return LogLine(head.n_lines, written, head)
        fault = "is not what was written there, or lines before it were changed, moved or taken out"
        return LogLine(head.n_lines, written, head, f"{self.path}, line {head.n_lines}: it {fault}")


class _Sealed(NamedTuple):
    """A line with its seal as it is written, and the seal."""

    text: str
    seal: str


def _is_as_written(content: bytes, written: dict[str, Any], seal: str) -> bool:
    """Return whether a line is byte for byte what a writer makes of it: the same said otherwise is not."""
    line = written | {"seal": seal}
    text = content.removesuffix(b"\n")
    return text in (json.dumps(line).encode(), json.dumps(line, ensure_ascii=False).encode(errors="replace"))


def _hash(cut: bytes) -> str:
    return hashlib.sha256(cut.removesuffix(b"\n")).hexdigest()


def _names(line: LogLine, cut: list[LogLine]) -> bool:
    """Return whether a line names by its hash what stands before it without a seal."""
    is_named = line.written.get("what") == CUT and line.written.get("who") is None
    return is_named and line.written.get("why") == _hash(b"".join(one.content for one in cut))


def of(home: Home, secret: Keys) -> AccessLog:
    """Return the access log of a home."""
    return AccessLog(home.access_log, secret.access_log)


def note(home: Home, action: str, child: str | Sequence[str] | None, reason: str, who: str | None = None) -> None:
    """Note what somebody sees on the command line, before it is shown.

    Args:
        home: the home.
        action: the kind of access.
        child: one pseudonym or several; None where no child is named.
        reason: why.
        who: who looks (default: the system's user).
    """
    of(home, keys.load(home.secrets)).note(who or getpass.getuser(), action, child, reason)


def note_all(home: Home, action: str, children: Sequence[int], reason: str, who: str | None = None) -> None:
    """Note what somebody sees of many children, before it is shown: no line of the log holds more than AT_ONCE."""
    for first in range(0, len(children), AT_ONCE):
        note(home, action, [str(child) for child in children[first : first + AT_ONCE]], reason, who)


class _End(NamedTuple):
    """The seal of the last line that has one, what stands behind it, and whether the log ends with a line's end."""

    seal: str
    cut: bytes
    is_ended: bool


def _end(descriptor: int) -> _End:
    """Return the end of the log, however long its last lines are."""
    end = os.fstat(descriptor).st_size
    rest = b""
    while end:
        begin = max(0, end - BLOCK)
        rest = os.pread(descriptor, end - begin, begin) + rest
        parts = rest.splitlines(keepends=True)
        for n in range(len(parts), 1 if begin else 0, -1):  # of a block the first line may lack its beginning
            if seal := _parted(parts[n - 1]).seal:
                return _End(seal, b"".join(parts[n:]), rest.endswith(b"\n"))
        end = begin
    return _End(START, rest, not rest or rest.endswith(b"\n"))


class _Parted(NamedTuple):
    """A line without its seal, and the seal; both empty where it is no line of ours."""

    written: dict[str, Any]
    seal: str


def _parted(content: bytes) -> _Parted:
    try:
        line = json.loads(content)
        return _Parted(line, str(line.pop("seal")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # no UTF-8 is a ValueError too
        return _Parted({}, "")
