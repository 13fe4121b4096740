"""Seconds and peak memory of a command."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil


def command(*arguments: str) -> tuple[float, float]:
    """Run a Python module quietly; return its seconds and its peak memory in GiB.

    Raises:
        SystemExit: the command failed.
    """
    begun, peak = time.monotonic(), 0
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL)
    watched, stop = psutil.Process(process.pid), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.05):
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    stop.set()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(arguments)} ended with {code}")
    return time.monotonic() - begun, peak / 2**30
