"""What a mutant does to the small country: the mutated model and what is made of it are built again, and judged.

All of it happens in a transaction that is taken back. Scores come from Python and stay as they are; of what is built date
by date, a few dates are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import duckdb

from tests.mutants.mutator import Mutant
from tests.mutants.places import DIALECT
from tests.mutants.unit_tests import InvalidMutant, ended_after
from tests.mutants.workshop import SILENT, Workshop
from warehouse.build import history_tests
from warehouse.build.history_tests import HistoryTest, Split, TestedPart
from warehouse.build.manifest import Node
from warehouse.database import column, warehouse

LONGEST = 20  # seconds of one statement
DATES = (5, -10, -1)  # which as-of dates are built: early ones have final outcomes, the last has the newest deliveries
BUILT = ("table", "view", "as_of", "by_year")  # an incremental model would only add to what is there
NO_DATE = "1900-01-01"
# What a second implementation in another language answers for.
COMPARED = ("features", "outcomes", "officials")


@dataclass
class Effect:
    """What a mutant did.

    Attributes:
        killer: the data test that failed, the constraint, or the error; nothing where all passed.
        changed: the tables whose rows differ.
        is_stopped: a statement took so long that it was stopped; no test has judged the mutant.
    """

    killer: str | None = None
    changed: list[str] = field(default_factory=list)
    is_stopped: bool = False

    @property
    def is_compared(self) -> bool:
        """Say whether features, outcomes or indicators differ."""
        return any(table.split(".")[0] in COMPARED for table in self.changed)


class Country:
    """The small country's warehouse, and the data tests that its builds must pass."""

    def __init__(self, workshop: Workshop) -> None:
        """Compile the data tests, and see which of them pass."""
        self.workshop = workshop
        tests = history_tests.compiled(workshop.home, SILENT)
        self.db = warehouse(workshop.home)
        self.dates = self._dates()
        self.tests = [test for test in tests if not self._failures(test)]

    def _dates(self) -> list[str]:
        days = column(self.db, "select as_of_date::varchar from intermediate.int_calendar__as_of_dates order by 1")
        return [days[place] for place in DATES if -len(days) <= place < len(days)]

    def is_valid(self, model: str, mutant: Mutant) -> bool:
        """Say whether the database takes a mutant for a query."""
        sql = mutant.sql(self.workshop.models[model])
        try:
            self.db.execute(f"explain {sql}")
        except duckdb.Error:
            return False
        return True

    def effect(self, model: str, mutant: Mutant) -> Effect:
        """Build a mutant and what is made of it; return what came of it.

        Raises:
            InvalidMutant: the database does not take it for a query.
        """
        sql = mutant.sql(self.workshop.models[model])
        if sql is None or not self.is_valid(model, mutant):
            raise InvalidMutant(f"{model}: {mutant.before}")
        effect = Effect()
        self.db.execute("begin")
        try:
            self._build(model, sql, effect)
        except duckdb.InterruptException:
            effect.is_stopped = True
        except duckdb.Error as error:  # a build would end with it
            effect.killer = f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
        finally:
            self.db.execute("rollback")
        return effect

    def _build(self, model: str, sql: str, effect: Effect) -> None:
        """Build a mutant, then what reads a table that differs, until a data test fails."""
        differing: set[str] = set()
        for name in self._order(model):
            node = self.workshop.manifest.nodes[name]
            is_mutant = node["name"] == model
            if not is_mutant and not differing & set(self.workshop.manifest.parents[name]):
                continue
            tree = self.workshop.models[node["name"]]
            if not self._rebuilt(node, sql if is_mutant else tree.sql(DIALECT)):
                continue
            differing.add(name)
            table = f"{node['schema']}.{node['name']}"
            effect.changed.append(table)
            effect.killer = next((t.name for t in self.tests if table in t.reads and self._failures(t)), None)
            if effect.killer:
                return

    def _order(self, model: str) -> Iterator[str]:
        """Yield a model and what is made of it, parents first."""
        manifest = self.workshop.manifest
        name = next(name for name, node in manifest.of_type("model").items() if node["name"] == model)
        left = {one for one in manifest.descendants({name}) if self._is_built(manifest.nodes[one])} | {name}
        while left:
            ready = sorted(one for one in left if not left & set(manifest.parents[one]) - {one})
            yield from ready
            left -= set(ready)

    def _is_built(self, node: Node) -> bool:
        return node["name"] in self.workshop.models and node["config"]["materialized"] in BUILT

    def _rebuilt(self, node: Node, sql: str) -> bool:
        """Put a model's new rows into its table; say whether they differ from those that were there."""
        kind, table = node["config"]["materialized"], f'"{node["schema"]}"."{node["name"]}"'
        where = f"where as_of_date in ({self._listed})" if kind == "as_of" else ""
        self._run("drop table if exists temp.main.mutated")
        if kind == "as_of":
            self._run(f"create temp table mutated as select * from {table} where false")
            together = [self._listed] if node["config"].get("joins_dates") else [as_date(day) for day in self.dates]
            for dates in together:
                self._run(f"insert into mutated by name {sql.replace(as_date(NO_DATE), dates)}")
        else:
            self._run(f"create temp table mutated as {sql}")
        ours, theirs = f"from {table} {where}", "from temp.main.mutated"
        if not self._differ(f"select * {ours}", f"select * {theirs}"):
            return False
        if kind == "view":
            self._run(f"create or replace view {table} as {sql}")
        else:
            self._run(f"delete {ours}")
            self._run(f"insert into {table} by name select * {theirs}")
        return True

    def _differ(self, one: str, other: str) -> bool:
        both = f"({one} except all {other}) union all ({other} except all {one})"
        return bool(self._run(f"select 1 from ({both}) limit 1").fetchall())

    @cached_property
    def _listed(self) -> str:
        return ", ".join(map(as_date, self.dates))

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        with ended_after(LONGEST, self.db):
            return self.db.execute(sql)

    def _failures(self, test: HistoryTest) -> int:
        """Return how many rows fail a test, of the dates that are built and of all school years."""
        part = TestedPart(f"as_of_date in ({self._listed})" if test.split is Split.DATES else test.split.value, "")
        with ended_after(LONGEST, self.db):
            return test.failures(self.db, part)


def as_date(day: str) -> str:
    """Return a date as it stands in SQL that a tree is written as."""
    return f"CAST('{day}' AS DATE)"
