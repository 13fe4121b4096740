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

START = "0" * 64
BLOCK = 65_536


class Head(NamedTuple):
    """How far a log reaches: all before it cannot be changed without changing the seal."""

    n_lines: int = 0
    n_bytes: int = 0
    seal: str = START


class Line(NamedTuple):
    """A line as it stands in the file."""

    number: int  # from 1
    written: dict[str, Any]  # at, who, what, child, why; empty where it is no line of ours
    head: Head  # the log's up to and with this line
    fault: str = ""  # why it is not what was written there

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
        line = {"at": clock.now().isoformat(), "who": caller, "what": action, "child": seen, "why": reason}

        def sealed(descriptor: int) -> str:
            before = "" if _ends_whole(descriptor) else "\n"  # the machine stopped in the middle of a line
            return before + json.dumps(line | {"seal": self._seal(_last_seal(descriptor), line)})

        files.append(self.path, sealed)

    def _seal(self, before: str, line: dict[str, Any]) -> str:
        text = json.dumps(line, sort_keys=True, ensure_ascii=False)
        return hmac.new(self.key, f"{before}{text}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()

    def lines(self, after: Head | None = None) -> Iterator[Line]:
        """Yield every line after a head, verified against all before it; of a missing file nothing."""
        head = after or Head()
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(head.n_bytes)
            for content in file:
                line = self._read(content, head)
                head = line.head
                yield line

    def _read(self, content: bytes, before: Head) -> Line:
        """Return a line; the chain goes on with the seal that it states, so that one change is one fault."""
        written, seal = _parted(content)
        head = Head(before.n_lines + 1, before.n_bytes + len(content), seal or before.seal)
        if not seal or not content.endswith(b"\n"):
            fault = "is no line of the log: it was cut off, or something else wrote it"
        elif not hmac.compare_digest(seal, self._seal(before.seal, written)):
            fault = "is not what was written there, or lines before it were changed, moved or taken out"
        else:
            return Line(head.n_lines, written, head)
        return Line(head.n_lines, written, head, f"{self.path}, line {head.n_lines}: it {fault}")


def of(home: Home, secret: Keys) -> AccessLog:
    """Return the access log of a home."""
    return AccessLog(home.access_log, log_key(secret))


def log_key(secret: Keys) -> bytes:
    """Return the key of the chain."""
    return hmac.new(secret.secret.encode(), b"journal", hashlib.sha256).digest()


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


def _ends_whole(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return not size or os.pread(descriptor, 1, size - 1) == b"\n"


def _last_seal(descriptor: int) -> str:
    """Return the seal of the last line that has one, however long the lines after it are."""
    end = os.fstat(descriptor).st_size
    rest = b""
    while end:
        begin = max(0, end - BLOCK)
        parts = (os.pread(descriptor, end - begin, begin) + rest).split(b"\n")
        whole = parts[1:] if begin else parts
        if seal := next(filter(None, (_parted(part).seal for part in reversed(whole))), ""):
            return seal
        rest, end = parts[0] if begin else b"", begin
    return START


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
