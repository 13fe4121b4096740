"""The service as a process: allocators that suit its requests, and uvicorn on 127.0.0.1."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from service import api, connections, demo
from service.home import settings
from service.live import Disagreement
from warehouse.errors import QhawaqError
from warehouse.settings import Home

# Each request allocates and frees some thousand chunks of 16 KiB and more, of the C library and of DuckDB's jemalloc.
# Free lists that are too short are filled and emptied at every request, and glibc's grew long over it: features took
# 57 ms at first and 97 after 1,200 requests. With as many chunks kept for each thread as a request takes, they cost the
# same for good, and memory stays (docs/benchmarks.md); with 60,000 it grew for ten minutes.
ALLOCATORS = {
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000:glibc.malloc.tcache_max=262144",
    "DUCKDB_JE_MALLOC_CONF": f"tcache_nslots_large:1000,tcache_gc_incr_bytes:{2**30}",
}
SECONDS_TO_END = 15
BACKLOG = 128  # asyncio takes so many new connections before it goes on with those that it has


def with_allocators() -> None:
    """Begin again as the same process with what allocators read only when they start, unless somebody set it."""
    if not os.environ.keys() & ALLOCATORS.keys():
        os.execve(sys.executable, sys.orig_argv, os.environ | ALLOCATORS)  # noqa: S606  ourselves


def run(home: Home, port: int, say: Callable[[str], None]) -> None:
    """Serve until told to stop; what has begun is answered.

    Args:
        home: the home.
        port: on 127.0.0.1.
        say: takes the address and the live model once it is known.

    Raises:
        QhawaqError: what was deployed and the model's file do not agree.
    """
    address = f"http://127.0.0.1:{port}"
    people = demo.people(home)
    try:
        app = api.create(settings(home), demo.by_hash(people))
    except Disagreement as error:
        raise QhawaqError(str(error)) from None
    say(f"{address}  ({app.state.service.current.model.version})")
    for person in people:
        say(f"{person.title}: {address}{person.path}")
    uvicorn.Server(config(app, port)).run()


def config(app: FastAPI, port: int) -> uvicorn.Config:
    """Return how uvicorn serves an application on 127.0.0.1."""
    return uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=connections.protocol(app.state.service.settings.limits),
        ws="none",
        backlog=BACKLOG,
        timeout_graceful_shutdown=SECONDS_TO_END,
        access_log=False,
        log_level="error",  # anybody can cause a warning
        server_header=False,
        date_header=False,
    )
