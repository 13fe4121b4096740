"""dbt's unit tests as plain queries: each is compiled by dbt once, then asked of one mutant after the other in memory.

dbt writes what a unit test compares into its target folder: a query with a CTE for each input, and the expected rows. The
inputs become tables of a schema of the test's own, so that a mutant costs no more than its own query.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlglot import exp

from tests.mutants.mutator import Mutant
from tests.mutants.places import DIALECT, parse

LONGEST = 10  # seconds of a query on a few rows, which takes milliseconds: one stopped would never end
FIXTURE = "__dbt__cte__"
ACTUAL, EXPECTED = "dbt_internal_unit_test_actual", "dbt_internal_unit_test_expected"
BROKEN = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
Rows = Counter[tuple[str, ...]]


class UnitTestError(Exception):
    """A unit test does not pass as it stands: nothing can be said about mutants."""


class InvalidMutant(Exception):
    """The database does not take a mutant for a query."""


@dataclass(frozen=True)
class UnitTest:
    """One unit test of dbt.

    Attributes:
        model: the name of the model.
        name: the name of the test.
        schema: where its inputs lie as tables.
        body: the model's query on these tables.
        columns: what is compared.
        expected: the rows that must come, each as often as it must.
    """

    model: str
    name: str
    schema: str
    body: exp.Expr
    columns: str
    expected: Rows


class UnitTests:
    """The unit tests of all models on a database in memory."""

    def __init__(self, files: Iterable[tuple[str, Path]]) -> None:
        """Load tests.

        Args:
            files: model and the file with the query that dbt ran, of each test.

        Raises:
            UnitTestError: a test does not pass without a mutant.
        """
        self.db = duckdb.connect(config={"threads": 1, "memory_limit": "1GB"})
        self.tests: dict[str, list[UnitTest]] = defaultdict(list)
        for number, (model, file) in enumerate(files):
            test = self._load(model, file, f"test_{number}")
            self.tests[model].append(test)
            if self._fails(test, test.body.sql(DIALECT)):
                raise UnitTestError(f"{test.name} of {model} does not pass as it stands")

    def _load(self, model: str, file: Path, schema: str) -> UnitTest:
        ctes = {cte.alias: cte for cte in parse(file.read_text(encoding="utf-8")).args["with_"].expressions}
        body = ctes[ACTUAL].this.args["from_"].this.this
        self.db.execute(f"create schema {schema}; set schema = '{schema}'")
        for cte in body.args["with_"].expressions if body.args.get("with_") else ():
            if cte.alias.startswith(FIXTURE):
                self.db.execute(f'create table "{cte.alias}" as {cte.this.sql(DIALECT)}')
        columns = ", ".join(column.sql(DIALECT) for column in ctes[ACTUAL].this.expressions[:-1])
        given = ctes[EXPECTED].this.args["from_"].this.this
        is_empty = ACTUAL in {table.name for table in given.find_all(exp.Table)}  # where no row is expected
        expected = Counter() if is_empty else self._rows(f"select {columns} from ({given.sql(DIALECT)})")
        return UnitTest(model, file.stem, schema, without_fixtures(body), columns, expected)

    def killer(self, model: str, mutant: Mutant) -> str | None:
        """Return the name of a test that fails with a mutant; nothing where all pass."""
        for test in self.tests[model]:
            sql = mutant.sql(test.body)
            if sql is not None and self._fails(test, sql):
                return test.name
        return None

    def _fails(self, test: UnitTest, body: str) -> bool:
        self.db.execute(f"set schema = '{test.schema}'")
        try:
            return self._rows(f"select {test.columns} from ({body})") != test.expected
        except BROKEN as error:
            raise InvalidMutant(f"{test.name} of {test.model}: {error}") from error
        except duckdb.Error:  # of the values: dbt's test would end with it too
            return True

    def _rows(self, sql: str) -> Rows:
        with ended_after(LONGEST, self.db):
            return Counter(tuple(map(as_text, row)) for row in self.db.execute(sql).fetchall())


@contextmanager
def ended_after(seconds: float, db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt a statement that takes long: a mutant may join everything with everything, or never end."""
    timer = threading.Timer(seconds, db.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def as_text(value: object) -> str:
    """Return a value as text, the same for 1 and 1.0: a mutant may change the type and not the value."""
    return f"{float(value):.12g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def without_fixtures(body: exp.Expr) -> exp.Expr:
    """Return a unit test's query without its inputs: the shape that the model has."""
    kept = body.copy()
    if with_ := kept.args.get("with_"):
        own = [cte for cte in with_.expressions if not cte.alias.startswith(FIXTURE)]
        with_.set("expressions", own)
        if not own:
            kept.set("with_", None)
    return kept
