"""A throw-away database for one file after the other, as landing has it: to open one takes longer than most files."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from warehouse import database
from warehouse.settings import Home


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch(Home(tmp_path_factory.mktemp("scratch"))) as db:
        yield db
