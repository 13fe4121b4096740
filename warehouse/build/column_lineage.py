"""Lineage of columns: by which way a value of a source column reaches a column of a model, from the compiled SQL.

What flows is the value itself, or what tells it (a copy, a cast, a minimum, a hash). A count or a comparison tells
no value, and conditions, partitions and orders only choose rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

DIALECT = "duckdb"
Node = Mapping[str, Any]  # a model or source as dbt's manifest has it
Way = tuple[str, ...]  # schema.table.column, from the column that is asked for to the source
TELLS_NO_VALUE = (exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Predicate, exp.Connector, exp.Not)


class ColumnLineage:
    """The ways of columns through the models of a project.

    Args:
        nodes: models with their compiled SQL, and sources.
        starts: names of columns of sources whose values are looked for.
    """

    def __init__(self, nodes: list[Node], starts: Collection[str]) -> None:
        self.models = {_relation(node): node for node in nodes if node["resource_type"] == "model"}
        self.starts = starts
        self.schema: dict[str, Any] = {}
        for node in nodes:
            if columns := dict.fromkeys(node["columns"], "VARCHAR"):
                self.schema.setdefault(node["schema"], {})[_table(node)] = columns
        self.ways: dict[tuple[str, str], Way | None] = {}
        self.scope = cache(self._scope)

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a model: what its YAML says, and what its SQL selects whether that is said or not."""
        scope = self.scope(relation) if self.models[relation]["language"] == "sql" else None
        selected = _query(scope).named_selects if scope else []
        return list(dict.fromkeys([*self.models[relation]["columns"], *selected]))

    def tables(self, relation: str) -> set[str]:
        """Return the tables that a model's SQL names, as schema and table; those of its own `with` are none."""
        tree = sqlglot.parse_one(self.models[relation]["compiled_code"], dialect=DIALECT)
        return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}

    def functions(self, relation: str) -> set[str]:
        """Return the functions that a model's SQL reads tables by, and those that the parser does not know."""
        tree = sqlglot.parse_one(self.models[relation]["compiled_code"], dialect=DIALECT)
        return {function.name.lower() for function in tree.find_all(exp.Anonymous)} | {
            type(table.this).__name__.lower()
            for table in tree.find_all(exp.Table)
            if isinstance(table.this, exp.Func) and not isinstance(table.this, exp.Anonymous)
        }

    def way(self, relation: str, column: str) -> Way | None:
        """Return one way from a column back to a source that is looked for, None where no value flows."""
        if (relation, column) not in self.ways:
            self.ways[relation, column] = None  # of a model that reads itself: its other parts decide
            self.ways[relation, column] = self._found(relation, column)
        return self.ways[relation, column]

    def _found(self, relation: str, column: str) -> Way | None:
        here = f"{relation}.{column}"
        if relation not in self.models:
            return (here,) if column.lower() in self.starts else None
        model = self.models[relation]
        origins = self._of_python(model, column) if model["language"] != "sql" else self._of_sql(relation, column)
        return next(((here, *way) for way in map(self._way, origins) if way), None)

    def _way(self, origin: tuple[str, str]) -> Way | None:
        return self.way(*origin)

    def _of_python(self, model: Node, column: str) -> Iterator[tuple[str, str]]:
        """Yield the columns of the same name that a Python model reads: what else it does is not known."""
        for name in model["depends_on"]["nodes"]:
            parent = next((one for one in self.models.values() if one["unique_id"] == name), None)
            if parent and column in parent["columns"]:
                yield _relation(parent), column

    def _of_sql(self, relation: str, column: str) -> Iterator[tuple[str, str]]:
        scope = self.scope(relation)
        return _origins(scope, column) if scope else iter(())

    def _scope(self, relation: str) -> Scope | None:
        tree = sqlglot.parse_one(self.models[relation]["compiled_code"], dialect=DIALECT)
        return build_scope(
            qualify(
                tree,
                schema=self.schema,
                dialect=DIALECT,
                validate_qualify_columns=False,
                quote_identifiers=False,
                identify=False,
            )
        )


def _relation(node: Node) -> str:
    return f"{node['schema']}.{_table(node)}"


def _table(node: Node) -> str:
    return str(node.get("identifier") or node.get("alias") or node["name"])


def _origins(scope: Scope, column: str) -> Iterator[tuple[str, str]]:
    """Yield the columns of tables, as relation and column, whose values flow into a column of a query."""
    if scope.set_operation_scopes:
        names = _query(scope.set_operation_scopes[0]).named_selects
        position = names.index(column) if column in names else None
        for part in scope.set_operation_scopes:
            selected = _query(part).named_selects
            its = selected[position] if position is not None and position < len(selected) else column
            yield from _origins(part, its)
        return
    selects = {select.alias_or_name: select for select in _query(scope).selects}
    if column in selects:
        yield from _flowing(scope, selects[column])
    elif _query(scope).is_star:
        for name in scope.sources:
            yield from _from_source(scope, name, column)


def _query(scope: Scope) -> exp.Query:
    return cast("exp.Query", scope.expression)


def _flowing(scope: Scope, expression: exp.Expr) -> Iterator[tuple[str, str]]:
    """Yield the columns of tables whose values flow into an expression."""
    if isinstance(expression, exp.Column):
        for source in [expression.table] if expression.table else list(scope.sources):
            yield from _from_source(scope, source, expression.name)
    elif isinstance(expression, exp.Query | exp.Subquery):
        yield from _from_subquery(scope, expression.unnest())
    else:
        for part in _parts(expression):
            yield from _flowing(scope, part)


def _parts(expression: exp.Expr) -> list[exp.Expr]:
    """Return the parts of an expression whose values flow through it."""
    if isinstance(expression, TELLS_NO_VALUE):
        return []
    if isinstance(expression, exp.Case):
        return [*(branch.args["true"] for branch in expression.args["ifs"]), *_given(expression, "default")]
    if isinstance(expression, exp.If):
        return [*_given(expression, "true"), *_given(expression, "false")]
    if isinstance(expression, exp.Window | exp.Filter | exp.ArgMax | exp.ArgMin | exp.Ordered | exp.WithinGroup):
        return [expression.this]
    if isinstance(expression, exp.Order):
        return []
    return list(expression.iter_expressions())


def _given(expression: exp.Expr, name: str) -> list[exp.Expr]:
    return [expression.args[name]] if expression.args.get(name) else []


def _from_subquery(scope: Scope, query: exp.Expr) -> Iterator[tuple[str, str]]:
    for inner in scope.subquery_scopes:
        if inner.expression is query:
            for name in _query(inner).named_selects:
                yield from _origins(inner, name)


def _from_source(scope: Scope, name: str, column: str) -> Iterator[tuple[str, str]]:
    """Yield where a column of a table or query in a `from` comes from."""
    source = scope.sources.get(name)
    if isinstance(source, exp.Table):
        yield f"{source.db}.{source.name}", column
    elif isinstance(source, Scope) and source.is_udtf:
        for inner in source.expression.find_all(exp.Column):
            yield from _flowing(scope, inner) if inner.table != name else ()
    elif isinstance(source, Scope):
        yield from _origins(source, column)
