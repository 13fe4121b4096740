"""Conditions on pseudonyms: what a query asks of one beyond whether two are the same.

Whether two keys are equal, how many there are, and what belongs to the same one tells nothing of a key: it would come
out alike if every key were exchanged for another. Any other condition (a limit, a digit, an order, a comparison with
what is no key) tells some of it by the rows that are left, so its column is a source as if it were selected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import cast

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from warehouse.build.column_lineage import (
    DIALECT,
    ColumnLineage,
    Defined,
    Way,
    defined_by,
    of_subquery,
    parts,
    selected,
)

Kinds = frozenset[str] | None  # names of the keys that an expression is a copy of; None where it is anything else
Active = frozenset[tuple[int, str]]  # columns that are being looked at: a query that reads itself ends there
SAME = {"merged_into": "child_key", "nino": "child_key", "line": "_line"}  # names that raw tables have for one thing
EQUAL = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
BY_KEY = (exp.Group, exp.Distinct, exp.Count)
WHOLE = {"BIGINT", "HUGEINT", "VARCHAR", "TEXT"}  # types into which every key fits as it is
COPIES = (exp.Alias, exp.Paren, exp.Coalesce, exp.Case, exp.If, exp.AnyValue, exp.Window)
MADE_OF_KEYS = frozenset({""})  # what is no copy of a key and yet tells of one
MANY_ROWS = (exp.Unnest, exp.Explode)  # what they are given tells how many rows there are
ROWS_APART = (exp.Union, exp.Intersect, exp.Except)  # they tell which rows of two queries are the same


class Conditions:
    """The conditions of models that tell a pseudonym.

    Args:
        lineage: the ways of columns through all models.
        ties: keys that may decide an order where all else is equal, by model; None where any condition tells.
    """

    def __init__(self, lineage: ColumnLineage, ties: Collection[tuple[str, str]] | None = None) -> None:
        self.lineage = lineage
        self.ties = ties
        self.copies: dict[tuple[str, str], Kinds] = {}
        self.told: dict[str, list[tuple[str, Way]]] = {}

    def telling(self, relation: str) -> list[tuple[str, Way]]:
        """Return each condition of a model that tells a pseudonym, as SQL, with the way of that from its source."""
        if relation not in self.told:
            self.told[relation] = [one for scope in self._scopes(relation) for one in self._of(relation, scope)]
        return self.told[relation]

    def _scopes(self, relation: str) -> list[Scope]:
        """Return the query of a model and those within it; of a Python model, and where ways end, none."""
        is_sql = self.lineage.models[relation]["language"] == "sql" and relation not in self.lineage.ends
        root = self.lineage.scope(relation) if is_sql else None
        return list(root.traverse()) if root else []

    def _of(self, relation: str, scope: Scope) -> Iterator[tuple[str, Way]]:
        for column in scope.find_all(exp.Column):
            condition = _condition_of(column)
            if condition is None or self._is_allowed(relation, scope, column, condition):
                continue
            if way := self.lineage.way_of(scope, column):
                yield condition.sql(DIALECT, comments=False), way
        for query, way in self._of_rows_apart(scope):
            yield query.sql(DIALECT, comments=False), way

    def _is_allowed(self, relation: str, scope: Scope, column: exp.Column, condition: exp.Expr) -> bool:
        """Return whether a condition tells nothing of a key, or may tell it by the list of exceptions."""
        return self.ties is not None and (
            self._asks_only_which(scope, column, condition) or self._breaks_a_tie(relation, scope, column, condition)
        )

    def _breaks_a_tie(self, relation: str, scope: Scope, column: exp.Column, condition: exp.Expr) -> bool:
        """Return whether a key only decides an order where all else is equal, and the list of exceptions has it."""
        if not isinstance(condition, exp.Order) or column.parent not in condition.expressions[1:]:
            return False
        kinds = self._kinds(scope, column) or frozenset()
        return bool(kinds) and all({(relation, key), ("*", key)} & set(self.ties or ()) for key in kinds)

    def _of_rows_apart(self, scope: Scope) -> Iterator[tuple[exp.Expr, Way]]:
        """Yield what is told by which rows are the same: each key that they hold has to be one as it is."""
        query = cast("exp.Query", scope.expression)
        if not _tells_rows_apart(query):
            return
        for name in query.named_selects:
            defined = list(selected(scope, name))
            if (way := self.lineage.way_of_defined(defined)) and not self._kinds_of(defined):
                yield query, way

    def _asks_only_which(self, scope: Scope, column: exp.Column, condition: exp.Expr) -> bool:
        """Return whether a condition only asks which keys are the same, or whether there is one."""
        asked = _whole(column)
        if sides := _compared(condition):
            return self._are_alike(_scope_of(scope, condition), *sides)
        if isinstance(condition, exp.Is):
            return isinstance(condition.expression, exp.Null) and bool(self._kinds(scope, condition.this))
        is_by_key = isinstance(condition, BY_KEY) or asked.arg_key == "partition_by"
        return is_by_key and asked.parent is condition and bool(self._kinds(scope, _inner(asked, column)))

    def _are_alike(self, scope: Scope, one: exp.Expr, other: exp.Expr) -> bool:
        """Return whether two sides of a comparison hold the same keys at the same places, and nothing made of keys."""
        sides = self._keys_in(scope, one), self._keys_in(scope, other)
        return sides[0] == sides[1] and MADE_OF_KEYS not in sides[0]

    def _keys_in(self, scope: Scope, side: exp.Expr) -> list[Kinds]:
        """Return of each part of a tuple, or of what a query selects, which keys it is; None of what has none in it."""
        if isinstance(side, exp.Query):
            queries = {id(inner.expression): inner for inner in scope.subquery_scopes}
            return self._keys_selected(queries[id(side)], side) if id(side) in queries else []
        each = side.expressions if isinstance(side, exp.Tuple) else [side]
        return [self._key(self._kinds(scope, one), self.lineage.way_of(scope, one)) for one in each]

    def _keys_selected(self, scope: Scope, query: exp.Query) -> list[Kinds]:
        """Return of each column of a query, or of each part of the one tuple that it selects, which keys it is."""
        if [type(select.unalias()) for select in query.selects] == [exp.Tuple]:
            return self._keys_in(scope, query.selects[0].unalias())
        defined = [list(selected(scope, name)) for name in query.named_selects]
        return [self._key(self._kinds_of(one), self.lineage.way_of_defined(one)) for one in defined]

    @staticmethod
    def _key(kinds: Kinds, way: Way | None) -> Kinds:
        return kinds or (MADE_OF_KEYS if way else None)

    def _kinds(self, scope: Scope, expression: exp.Expr, active: Active = frozenset()) -> Kinds:
        """Return which keys an expression is an unchanged copy of."""
        match expression:
            case exp.Column():
                return self._kinds_of_column(scope, expression, active)
            case exp.Null():
                return frozenset()
            case exp.Query() | exp.Subquery():
                return self._kinds_of(of_subquery(scope, expression.unnest()), active)
            case exp.TryCast():
                return None
            case exp.Cast() if expression.to.sql(DIALECT) in WHOLE:
                return self._kinds(scope, expression.this, active)
        if isinstance(expression, COPIES):
            return _together(self._kinds(scope, value, active) for value in _values(expression))
        return None

    def _kinds_of_column(self, scope: Scope, column: exp.Column, active: Active) -> Kinds:
        here = (id(scope), f"{column.table}.{column.name}")
        return frozenset() if here in active else self._kinds_of(defined_by(scope, column), active | {here})

    def _kinds_of(self, defined: Iterable[Defined], active: Active = frozenset()) -> Kinds:
        return _together(
            self._kinds(where, cast("exp.Expr", what), active)
            if isinstance(where, Scope)
            else self._of_relation(where, cast("str", what))
            for where, what in defined
        )

    def _of_relation(self, relation: str, column: str) -> Kinds:
        if (relation, column) not in self.copies:
            self.copies[relation, column] = frozenset()  # of a model that reads itself: its other parts decide
            self.copies[relation, column] = self._found(relation, column)
        return self.copies[relation, column]

    def _found(self, relation: str, column: str) -> Kinds:
        model = self.lineage.models.get(relation)
        if model is None:
            name = column.lower()
            return frozenset({SAME.get(name, name)}) if name in self.lineage.starts else None
        if model["language"] != "sql":
            return _together(self._of_relation(*origin) for origin in self.lineage.of_python(model, column))
        scope = self.lineage.scope(relation)
        return self._kinds_of(selected(scope, column)) if scope else None


def _values(expression: exp.Expr) -> list[exp.Expr]:
    """Return the parts of an expression that are no names."""
    return [part for part in parts(expression) if not isinstance(part, exp.Identifier)]


def _compared(condition: exp.Expr) -> tuple[exp.Expr, exp.Expr] | None:
    """Return the two sides of a comparison, or of a search in what a query selects; None of other conditions."""
    if isinstance(condition, EQUAL):
        return condition.left, condition.right
    searched = condition.args.get("query") if isinstance(condition, exp.In) else None
    return (condition.this, searched.unnest()) if searched else None


def _tells_rows_apart(query: exp.Expr) -> bool:
    """Return whether a query keeps one of several rows that are the same, by all that it selects."""
    if isinstance(query, exp.Select):
        group = query.args.get("group")
        return bool(query.args.get("distinct")) or bool(group and group.args.get("all"))
    return isinstance(query, ROWS_APART) and not (isinstance(query, exp.Union) and not query.args.get("distinct"))


def _together(found: Iterable[Kinds]) -> Kinds:
    kinds = list(found)
    if not kinds or None in kinds:
        return None
    return frozenset[str]().union(*cast("list[frozenset[str]]", kinds))


def _scope_of(scope: Scope, condition: exp.Expr) -> Scope:
    """Return the query that a condition stands in: a column of it may stand in a query within the condition."""
    query = condition.find_ancestor(exp.Query)
    while scope.expression is not query and scope.parent is not None:
        scope = scope.parent
    return scope


def _whole(column: exp.Column) -> exp.Expr:
    """Return what a column is all of, whatever parentheses, casts, alternatives, tuples or `distinct` are around it."""
    whole: exp.Expr = column
    while isinstance(whole.parent, exp.Paren | exp.Cast | exp.Coalesce | exp.Tuple) or (
        isinstance(whole.parent, exp.Distinct) and isinstance(whole.parent.parent, exp.Count)
    ):
        whole = whole.parent
    return whole


def _inner(whole: exp.Expr, column: exp.Column) -> exp.Expr:
    """Return the part of a count or a group that has to be a key as it is."""
    inner: exp.Expr = column
    while inner is not whole and not isinstance(inner.parent, exp.Distinct | exp.Tuple):
        inner = cast("exp.Expr", inner.parent)
    return inner


def _condition_of(column: exp.Column) -> exp.Expr | None:
    """Return the condition that a column stands in; nothing where its value is selected, which lineage follows."""
    part: exp.Expr = column
    while (parent := part.parent) is not None:
        if _gives_rows(part, parent):
            return None
        if isinstance(parent, exp.Query):
            if part.arg_key not in PASSED_ON:
                return part
        elif isinstance(parent, MANY_ROWS) or not any(part is one for one in parts(parent)):
            return parent
        part = parent
    return None


def _gives_rows(part: exp.Expr, parent: exp.Expr) -> bool:
    """Return whether rows are read from a part of a query: no condition on them stands in it."""
    is_joined = isinstance(parent, exp.Join) and part.arg_key == "this"
    return is_joined or isinstance(parent, exp.From | exp.CTE | exp.Exists)


PASSED_ON = ("expressions", "this", "expression")  # of a query: what it selects, and the queries that it unites
