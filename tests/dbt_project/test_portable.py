"""Models use the SQL that DuckDB and Spark share: every compiled model parses as Spark SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot.errors import ParseError

from tests.conftest import Country


def compiled(country: Country) -> list[Path]:
    folder = country.home.dbt / "compiled" / "qhawaq" / "models"
    return [path for path in sorted(folder.rglob("*.sql")) if not path.parent.suffix]  # tests lie in folders *.yml


def test_every_compiled_model_parses_as_spark(country: Country) -> None:
    models = compiled(country)
    assert len(models) > 70
    unparsed = {}
    for path in models:
        try:
            sqlglot.parse_one(path.read_text(encoding="utf-8"), read="spark")
        except ParseError as error:
            unparsed[path.stem] = str(error).splitlines()[0]
    assert unparsed == {}


def test_what_only_duckdb_says_does_not_parse() -> None:
    """The test above would pass if the parser took everything."""
    with pytest.raises(ParseError):
        sqlglot.parse_one("select 7 // 2 as n", read="spark")
