"""The operators of the mutator: every small change that each makes at one place of a model's syntax tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from tests.mutants.places import DIALECT, FILTERS, Change, at, instead_of, shown

OTHER_COMPARISON: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.LTE, exp.LTE: exp.LT, exp.GT: exp.GTE, exp.GTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
    exp.NullSafeEQ: exp.EQ, exp.NullSafeNEQ: exp.NEQ,
}  # fmt: skip
OTHER_SIDE: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.Min: exp.Max, exp.Max: exp.Min, exp.ArgMin: exp.ArgMax, exp.ArgMax: exp.ArgMin,
    exp.Greatest: exp.Least, exp.Least: exp.Greatest, exp.Add: exp.Sub, exp.Sub: exp.Add,
}  # fmt: skip
# A whole number beside one of these is a bound or an offset.
BESIDE_BOUND: tuple[type[exp.Expr], ...] = (*OTHER_COMPARISON, exp.Between, exp.Add, exp.Sub, exp.Neg)


def comparisons(node: exp.Expr) -> Iterator[Change]:
    """`<` and `<=`, `=` and `<>`; both ends of a range become open."""
    if other := OTHER_COMPARISON.get(type(node)):
        yield instead_of(node, other(this=node.this.copy(), expression=node.expression.copy()))
    if isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        for least, most in ((exp.GT, exp.LTE), (exp.GTE, exp.LT)):
            ends = (
                least(this=node.this.copy(), expression=low.copy()),
                most(this=node.this.copy(), expression=high.copy()),
            )
            yield instead_of(node, exp.Paren(this=exp.And(this=ends[0], expression=ends[1])))


def bounds(node: exp.Expr) -> Iterator[Change]:
    """A number that is a bound or an offset: one step more, one step less."""
    beside = node.parent
    if not isinstance(node, exp.Literal) or node.is_string or beside is None or not isinstance(beside, BESIDE_BOUND):
        return
    _, _, decimals = node.this.partition(".")
    for step in (1, -1):
        number = f"{float(node.this) + step * 10 ** -len(decimals):.{len(decimals)}f}"
        instead = exp.Literal.number(number)
        context = beside.copy()
        place = at(context, ((str(node.arg_key), node.index),))
        assert place is not None
        place.replace(instead.copy())
        yield Change(instead, shown(beside), shown(context))


def connectives(node: exp.Expr) -> Iterator[Change]:
    """`and` becomes `or`, `or` becomes `and`."""
    if isinstance(node, (exp.And, exp.Or)):
        other = exp.Or if isinstance(node, exp.And) else exp.And
        instead = exp.Paren(this=other(this=node.this.copy(), expression=node.expression.copy()))
        yield instead_of(node, instead)


def distincts(node: exp.Expr) -> Iterator[Change]:
    """`distinct` is dropped, in a query, in a count and in a union."""
    instead: exp.Expr = node
    if isinstance(node, exp.Select) and node.args.get("distinct") and not node.args["distinct"].args.get("on"):
        instead = node.copy()
        instead.set("distinct", None)
        columns = ", ".join(shown(column) for column in node.expressions)
        yield Change(instead, shown(f"select distinct {columns}"), shown(f"select {columns}"))
    if isinstance(node, exp.AggFunc) and isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1:
        instead = node.copy()
        instead.set("this", node.this.expressions[0].copy())
        yield instead_of(node, instead)
    if isinstance(node, exp.Union):
        instead = node.copy()
        instead.set("distinct", not node.args.get("distinct"))
        kinds = ("union", "union all") if node.args.get("distinct") else ("union all", "union")
        yield Change(
            instead,
            shown(f"{kinds[0]} {node.expression.sql(DIALECT)}"),
            shown(f"{kinds[1]} {node.expression.sql(DIALECT)}"),
        )


def joins(node: exp.Expr) -> Iterator[Change]:
    """A left join becomes an inner one, an inner one a left one, a full one a left one."""
    if not isinstance(node, exp.Join) or not (node.args.get("on") or node.args.get("using")):
        return
    side = str(node.args.get("side") or "").lower()
    others = {"left": "", "": "LEFT", "full": "LEFT"}
    if side in others and str(node.args.get("kind") or "inner").lower() in ("inner", "outer"):
        instead = node.copy()
        instead.set("side", others[side] or None)
        instead.set("kind", None if others[side] else "INNER")
        yield Change(
            instead,
            shown(f"{side or 'inner'} join {name_of(node)}"),
            shown(f"{others[side].lower() or 'inner'} join {name_of(node)}"),
        )


def name_of(join: exp.Expr) -> str:
    """Return what is joined and how, in few words."""
    on = join.args.get("on")
    return f"{join.this.alias_or_name} on {shown(on) if on else 'columns'}"


def defaults(node: exp.Expr) -> Iterator[Change]:
    """The default of `coalesce` becomes another value, or none."""
    if not isinstance(node, exp.Coalesce) or not node.expressions:
        return
    last = node.expressions[-1]
    for other in other_values(last):
        instead = node.copy()
        instead.expressions[-1].replace(other)
        yield instead_of(node, instead)
    instead = node.copy()
    instead.set("expressions", instead.expressions[:-1])
    yield instead_of(node, instead.this if not instead.expressions else instead)


def other_values(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield other values in a constant's place."""
    if isinstance(node, exp.Boolean):
        yield exp.Boolean(this=not node.this)
    elif isinstance(node, exp.Literal):
        yield exp.Literal.string(f"{node.this}x") if node.is_string else exp.Literal.number(f"{float(node.this) + 1:g}")


def windows(node: exp.Expr) -> Iterator[Change]:
    """A bound of the frame moves; a column of the partition is dropped."""
    if isinstance(node, exp.WindowSpec):
        yield from frames(node)
    if isinstance(node, exp.Window):
        for n, column in enumerate(node.args.get("partition_by") or []):
            instead = node.copy()
            instead.set("partition_by", [c for m, c in enumerate(instead.args["partition_by"]) if m != n] or None)
            yield Change(instead, shown(f"partition by {column.sql(DIALECT)} in {shown(node)}"), "without it")


def frames(spec: exp.WindowSpec) -> Iterator[Change]:
    """Move one bound of a frame."""
    for end in ("start", "end"):
        bound = spec.args.get(end)
        if bound is None:
            continue
        instead = spec.copy()
        if isinstance(bound, exp.Literal) or str(bound).upper() == "UNBOUNDED":
            instead.set(end, "CURRENT ROW")
            instead.set(f"{end}_side", None)
        else:
            instead.set(end, "UNBOUNDED")
            instead.set(f"{end}_side", "PRECEDING" if end == "start" else "FOLLOWING")
        yield instead_of(spec, instead)


def orders(node: exp.Expr) -> Iterator[Change]:
    """The other direction, where it decides which rows are taken or in which order they are put together."""
    if not isinstance(node, exp.Ordered) or node.parent is None:
        return
    ordered = node.parent.parent
    if isinstance(ordered, exp.Query):
        distinct = ordered.args.get("distinct")
        if not ordered.args.get("limit") and not (distinct and distinct.args.get("on")):
            return
    instead = node.copy()
    instead.set("desc", not node.args.get("desc"))
    yield Change(instead, f"order by {shown(node)}", f"order by {shown(instead)}")


def conjuncts(node: exp.Expr) -> Iterator[Change]:
    """One condition of a filter or a join is dropped; a join keeps its last one."""
    if isinstance(node, FILTERS):
        yield from without_each(node, node.this, "this")
    elif isinstance(node, exp.Join) and isinstance(node.args.get("on"), exp.And):
        yield from without_each(node, node.args["on"], "on")


def without_each(node: exp.Expr, condition: exp.Expr, key: str) -> Iterator[Change]:
    """Yield a filter without each of its conditions."""
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    for n, part in enumerate(parts):
        kept = [other.copy() for m, other in enumerate(parts) if m != n]
        instead = node.copy()
        # A window must stand in `qualify`, whatever is asked of it.
        instead.set(
            key,
            exp.and_(*kept, wrap=False) if kept else exp.Or(this=exp.Paren(this=part.copy()), expression=exp.true()),
        )
        yield Change(instead, f"{node.key} {shown(part)}", "without it")


def aggregates(node: exp.Expr) -> Iterator[Change]:
    """Least and most, sum and difference."""
    if other := OTHER_SIDE.get(type(node)):
        yield instead_of(node, other(**{key: copied(value) for key, value in node.args.items()}))


def copied(value: object) -> object:
    """Return a copy of an argument of a node."""
    if isinstance(value, list):
        return [copied(one) for one in value]
    return value.copy() if isinstance(value, exp.Expr) else value


def branches(node: exp.Expr) -> Iterator[Change]:
    """A branch of `case` is dropped, or two change places."""
    if not isinstance(node, exp.Case):
        return
    ifs, default = node.args["ifs"], node.args.get("default")
    for n, branch in enumerate(ifs):
        instead = node.copy()
        instead.set("ifs", [one for m, one in enumerate(instead.args["ifs"]) if m != n])
        rest = instead if len(ifs) > 1 else (default.copy() if default else exp.null())
        yield Change(rest, f"case {shown(branch_text(branch))}", "without it")
    if default is not None and not isinstance(default, exp.Null):
        instead = node.copy()
        instead.set("default", None)
        yield Change(instead, shown(f"case … else {default.sql(DIALECT)}"), "without it")
    if len(ifs) > 1 and ifs[0].args["true"] != ifs[1].args["true"]:
        instead = node.copy()
        first, second = instead.args["ifs"][:2]
        one, other = first.args["true"].copy(), second.args["true"].copy()
        first.set("true", other)
        second.set("true", one)
        yield Change(instead, f"case {shown(branch_text(ifs[0]))}", f"then {shown(other)}, and the second {shown(one)}")


def branch_text(branch: exp.Expr) -> str:
    """Return a branch of `case` as it is written."""
    return f"when {branch.this.sql(DIALECT)} then {branch.args['true'].sql(DIALECT)}"


def negations(node: exp.Expr) -> Iterator[Change]:
    """`not` is dropped; `is null` and `exists` get one."""
    if isinstance(node, exp.Not):
        yield instead_of(node, node.this.copy())
    elif isinstance(node, (exp.Is, exp.Exists)) and not isinstance(node.parent, exp.Not):
        yield instead_of(node, exp.Not(this=node.copy()))


OPERATORS: dict[str, Callable[[exp.Expr], Iterable[Change]]] = {
    "comparison": comparisons, "bound": bounds, "and/or": connectives, "distinct": distincts, "join": joins,
    "coalesce": defaults, "window": windows, "order": orders, "filter": conjuncts, "aggregate": aggregates,
    "case": branches, "null": negations,
}  # fmt: skip
