"""Work on all cores by whole fits: each takes one thread, so that no thread waits for another.

Threads of OpenMP and BLAS meet after every loop and wait busily for the slowest; beside another process they take many
times as long. Whoever calls `one_thread_each` before numpy is imported has fits side by side instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
LIBRARIES = ("OMP", "OPENBLAS", "MKL")


def one_thread_each() -> None:
    """Let OpenMP and BLAS start no threads of their own; they read this once, when they are loaded."""
    os.environ |= {f"{library}_NUM_THREADS": "1" for library in LIBRARIES} | {"OMP_WAIT_POLICY": "PASSIVE"}


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do some work on each item, as many at once as there are cores; return the results in the items' order."""
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, items))
