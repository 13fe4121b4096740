"""Lineage of columns: by which way a value of a source column reaches a column of a model, from the compiled SQL.

What flows is the value itself, or what tells it (a copy, a cast, a minimum, a hash). A count or a comparison tells
no value, and conditions, partitions and orders only choose rows.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias, cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

DIALECT = "duckdb"
Node = Mapping[str, Any]  # a model or source as dbt's manifest has it
Way = tuple[str, ...]  # schema.table.column, from the column that is asked for to the source
Active: TypeAlias = frozenset[tuple[int, str]]
Defined: TypeAlias = "tuple[Scope, exp.Expr] | tuple[str, str]"  # an expression of a query, or a column of a table
# What these are told apart by, ordered by or chosen by flows into nothing; conditions.py looks at it.
ONLY_FIRST = (exp.Window, exp.Filter, exp.ArgMax, exp.ArgMin, exp.Order, exp.Ordered, exp.WithinGroup)
UNNAMED_JOINS = ("NATURAL", "POSITIONAL")
TELLS_NO_VALUE = (exp.Count, exp.CountIf, exp.ApproxDistinct, exp.Predicate, exp.Connector, exp.Not)


class ColumnLineage:
    """The ways of columns through the models of a project.

    Args:
        nodes: models with their compiled SQL, and sources.
        starts: columns of sources whose values are looked for, by name or as schema.table.column.
        ends: models that pass on nothing of these.
    """

    def __init__(self, nodes: list[Node], starts: Collection[str], ends: Collection[str] = ()) -> None:
        self.ends = ends
        self.models = {_relation(node): node for node in nodes if node["resource_type"] == "model"}
        self.starts = starts
        self.schema = _schema(nodes)
        self.ways: dict[tuple[str, str], Way | None] = {}
        self.tree = cache(self._tree)
        self.scope = cache(self._scope)

    def looking_for(self, starts: Collection[str], ends: Collection[str] = ()) -> ColumnLineage:
        """Return the ways of other columns through the same models, whose SQL is parsed once for both."""
        also = copy.copy(self)
        also.starts = starts
        also.ends = ends
        also.ways = {}
        return also

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a model: what its YAML says, and what its SQL selects whether that is said or not."""
        scope = self.scope(relation) if self.models[relation]["language"] == "sql" else None
        selected = query(scope).named_selects if scope else []
        return list(dict.fromkeys([*self.models[relation]["columns"], *selected]))

    def tables(self, relation: str) -> set[str]:
        """Return the tables that a model's SQL names, as schema and table; those of its own `with` are none."""
        return {f"{table.db}.{table.name}" for table in self.tree(relation).find_all(exp.Table) if table.db}

    def functions(self, relation: str) -> set[str]:
        """Return the functions that a model's SQL reads tables by, and those that the parser does not know."""
        tree = self.tree(relation)
        return {function.name.lower() for function in tree.find_all(exp.Anonymous)} | {
            type(table.this).__name__.lower()
            for table in tree.find_all(exp.Table)
            if isinstance(table.this, exp.Func) and not isinstance(table.this, exp.Anonymous)
        }

    def unseen(self, relation: str) -> set[str]:
        """Return what a model's SQL has that no column is named in: joins and orders by whatever there is, pivots."""
        tree = self.tree(relation)
        joins = {f"{join.method.lower()} join" for join in tree.find_all(exp.Join) if join.method in UNNAMED_JOINS}
        orders = {"order by all" for order in tree.find_all(exp.Ordered) if isinstance(order.this, exp.Var)}
        return joins | orders | {"pivot" for _ in tree.find_all(exp.Pivot)}

    def way(self, relation: str, column: str) -> Way | None:
        """Return one way from a column back to a source that is looked for, None where no value flows."""
        if relation in self.ends:
            return None
        if (relation, column) not in self.ways:
            self.ways[relation, column] = None  # of a model that reads itself: its other parts decide
            self.ways[relation, column] = self._found(relation, column)
        return self.ways[relation, column]

    def _found(self, relation: str, column: str) -> Way | None:
        here = f"{relation}.{column}"
        if relation not in self.models:
            return (here,) if {column.lower(), here.lower()} & set(self.starts) else None
        model = self.models[relation]
        origins = self.of_python(model, column) if model["language"] != "sql" else self._of_sql(relation, column)
        return next(((here, *way) for way in map(self._way, origins) if way), None)

    def way_of(self, scope: Scope, expression: exp.Expr) -> Way | None:
        """Return one way from an expression of a query back to a source that is looked for."""
        return next(filter(None, map(self._way, origins(scope, expression))), None)

    def way_of_defined(self, defined: Iterable[Defined]) -> Way | None:
        """Return one way from what defines a column of a query."""
        return next(filter(None, map(self._way, flowing(defined))), None)

    def _way(self, origin: tuple[str, str]) -> Way | None:
        return self.way(*origin)

    def of_python(self, model: Node, column: str) -> Iterator[tuple[str, str]]:
        """Yield the columns of the same name that a Python model reads: what else it does is not known."""
        for name in model["depends_on"]["nodes"]:
            parent = next((one for one in self.models.values() if one["unique_id"] == name), None)
            if parent and column in parent["columns"]:
                yield _relation(parent), column

    def _of_sql(self, relation: str, column: str) -> Iterator[tuple[str, str]]:
        scope = self.scope(relation)
        return flowing(selected(scope, column)) if scope else iter(())

    def _tree(self, relation: str) -> exp.Expr:
        return sqlglot.parse_one(self.models[relation]["compiled_code"], dialect=DIALECT)

    def _scope(self, relation: str) -> Scope | None:
        query = qualify(
            self.tree(relation).copy(),
            schema=self.schema,
            dialect=DIALECT,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        root = build_scope(query)
        return _close_circles(root) if root else None


def _schema(nodes: list[Node]) -> MappingSchema:
    """Return the columns of models and sources; as a mapping, the parser would read each name again for each model."""
    schema: dict[str, Any] = {}
    for node in nodes:
        if columns := dict.fromkeys(node["columns"], "VARCHAR"):
            schema.setdefault(node["schema"], {})[_table(node)] = columns
    return MappingSchema(schema, dialect=DIALECT)


def named(sql: str) -> set[str]:
    """Return the tables that a query names, as schema and table, and the functions that the parser does not know."""
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    tables = {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}
    return tables | {f"{function.name.lower()}()" for function in tree.find_all(exp.Anonymous)}


def _relation(node: Node) -> str:
    return f"{node['schema']}.{_table(node)}"


def _table(node: Node) -> str:
    return str(node.get("identifier") or node.get("alias") or node["name"])


def selected(scope: Scope, column: str) -> Iterator[Defined]:
    """Yield what defines a column of a query: in each part of a union its expression, or by a star a column read."""
    if scope.set_operation_scopes:
        yield from _of_union(scope.set_operation_scopes, column)
        return
    selects = {select.alias_or_name: select for select in query(scope).selects}
    if column in selects:
        yield scope, selects[column]
    elif query(scope).is_star:
        for name in scope.sources:
            yield from _of_source(scope, name, column)


def _of_union(united: list[Scope], column: str) -> Iterator[Defined]:
    """Yield what defines a column in each of the queries that are united: the first names it, its place counts."""
    names = query(united[0]).named_selects
    place = names.index(column) if column in names else None
    for part in united:
        its_names = query(part).named_selects
        yield from selected(part, its_names[place] if place is not None and place < len(its_names) else column)


def defined_by(scope: Scope, column: exp.Column) -> Iterator[Defined]:
    """Yield what defines a column that a query names, in what it reads; a last order may name what is selected."""
    order = column.find_ancestor(exp.Order, exp.Select)
    if not column.table and isinstance(order, exp.Order) and isinstance(order.parent, exp.Query):
        yield from selected(scope, column.name)
    for source in [column.table] if column.table else list(scope.sources):
        yield from _of_source(scope, source, column.name)


def of_subquery(scope: Scope, subquery: exp.Expr) -> Iterator[Defined]:
    """Yield what defines the columns of a query that stands within an expression."""
    for inner in scope.subquery_scopes:
        if inner.expression is subquery:
            for name in query(inner).named_selects:
                yield from selected(inner, name)


def _of_source(scope: Scope, name: str, column: str) -> Iterator[Defined]:
    """Yield what defines a column of a table or query in a `from`, of this query or of one around it."""
    source = scope.sources.get(name)
    match source:
        case None if scope.parent is not None:
            yield from _of_source(scope.parent, name, column)
        case exp.Table():
            yield f"{source.db}.{source.name}", column
        case Scope(is_udtf=True):
            yield from ((scope, inner) for inner in source.expression.find_all(exp.Column) if inner.table != name)
        case Scope():
            yield from selected(source, column)


def origins(scope: Scope, expression: exp.Expr, active: Active = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield the columns of tables, as relation and column, whose values flow into an expression.

    Args:
        scope: the query.
        expression: what stands in it.
        active: columns that are being looked at: a query that reads itself ends there.
    """
    if isinstance(expression, exp.Column):
        if (here := (id(scope), f"{expression.table}.{expression.name}")) not in active:
            yield from flowing(defined_by(scope, expression), active | {here})
    elif isinstance(expression, exp.Query | exp.Subquery):
        yield from flowing(of_subquery(scope, expression.unnest()), active)
    else:
        for part in parts(expression):
            yield from origins(scope, part, active)


def flowing(defined: Iterable[Defined], active: Active = frozenset()) -> Iterator[tuple[str, str]]:
    """Yield the columns of tables whose values flow into what defines a column."""
    for where, what in defined:
        if isinstance(where, Scope):
            yield from origins(where, cast("exp.Expr", what), active)
        else:
            yield where, cast("str", what)


def _close_circles(root: Scope) -> Scope:
    """Have a recursive query read all of itself: the parser has it read only what it begins with."""
    scopes = {id(scope.expression): scope for scope in root.traverse()}
    for scope in list(scopes.values()):
        for name, source in scope.sources.items():
            if isinstance(source, Scope) and scopes.get(id(source.expression), source) is not source:
                scope.sources[name] = scopes.get(id(source.expression.parent), source)
    return root


def parts(expression: exp.Expr) -> list[exp.Expr]:
    """Return the parts of an expression whose values flow through it."""
    if isinstance(expression, TELLS_NO_VALUE):
        return []
    if isinstance(expression, exp.Case):
        return [*(branch.args["true"] for branch in expression.args["ifs"]), *_given(expression, "default")]
    if isinstance(expression, exp.If):
        return [*_given(expression, "true"), *_given(expression, "false")]
    if isinstance(expression, ONLY_FIRST):
        return _given(expression, "this")
    return list(expression.iter_expressions())


def _given(expression: exp.Expr, name: str) -> list[exp.Expr]:
    return [expression.args[name]] if expression.args.get(name) else []


def query(scope: Scope) -> exp.Query:
    """Return the query of a scope."""
    return cast("exp.Query", scope.expression)
