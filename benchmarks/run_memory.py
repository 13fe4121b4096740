"""The main job with a limit of memory, step by step: `python -m benchmarks.run_memory [CHILDREN] [MIB]` (root, Linux).

A control group holds the job and all its processes to so many MiB; what needs more is killed. A country is run without
its last month, again with nothing new, and with that month. Of each step: the most memory that processes held and could
not give back, read ten times a second; of the whole run also with cached files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

GROUPS = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup"))
LAST = re.compile(r"_2025(11|12)\d\d\.")  # files that were delivered in the last month
STEP = re.compile(r"\] (\w+) …")
MIB = 1 << 20


class Group:
    """A control group with a limit, of the first or the second version."""

    def __init__(self, limit: int) -> None:
        is_first = (GROUPS[0] / "memory.limit_in_bytes").exists()
        self.path = GROUPS[0 if is_first else 1] / f"qhawaq-{os.getpid()}"
        self.path.mkdir()
        names = (
            ("memory.limit_in_bytes", "memory.max_usage_in_bytes", "rss")
            if is_first
            else ("memory.max", "memory.peak", "anon")
        )
        self.limit, self.peak, self.own = names
        (self.path / self.limit).write_text(str(limit))

    def held(self) -> int:
        """Return the bytes that processes hold and cannot give back."""
        facts = dict(line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        return int(facts[self.own])

    def most(self) -> int:
        """Return the most bytes there were, cached files too."""
        return int((self.path / self.peak).read_text())

    def enter(self) -> None:
        """Put this process into the group."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def remove(self) -> None:
        """Remove the group once the kernel has let go of its last process."""
        for _ in range(50):
            with suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.1)


def run(home: Path, limit: int) -> None:
    """Run the main job in a group of its own; print the most memory of each step."""
    group, peaks, step = Group(limit), defaultdict(int), "begin"
    with tempfile.NamedTemporaryFile("w+") as told:
        command = [sys.executable, "-m", "warehouse", "--home", str(home), "run"]
        job = subprocess.Popen(command, stdout=told, stderr=told, preexec_fn=group.enter)
        while job.poll() is None:
            step = (STEP.findall(Path(told.name).read_text()) or [step])[-1]
            peaks[step] = max(peaks[step], group.held())
            time.sleep(0.1)
        said = Path(told.name).read_text()
    print(f"exit {job.returncode}; with cached files {group.most() // MIB} of {limit // MIB} MiB")
    print(
        "".join(f"  {name:<10} {bytes_ // MIB:>6} MiB\n" for name, bytes_ in peaks.items()),
        said[-300:] if job.returncode else "",
    )
    group.remove()


def main(children: int, limit: int) -> None:
    """Simulate a country and run it three times."""
    folder = Path(tempfile.mkdtemp(prefix="memory-"))
    home, later = folder / "home", folder / "later"
    later.mkdir()
    try:
        subprocess.run([sys.executable, "-m", "warehouse", "--home", str(home), "simulate", "--children", str(children),
                        "--truth", str(folder / "truth")], check=True, capture_output=True)  # fmt: skip
        for path in (home / "inbox").iterdir():
            if LAST.search(path.name):
                path.rename(later / path.name)
        print(f"{children} children; {len(list(later.iterdir()))} files come later")
        for what in ("all new", "nothing new", "a new month"):
            if what == "a new month":
                for path in later.iterdir():
                    path.rename(home / "inbox" / path.name)
            print(what)
            run(home, limit)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(given[0] if given else 3000, (given[1] if len(given) > 1 else 2048) * MIB)
