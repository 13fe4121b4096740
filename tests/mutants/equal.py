"""Changes that are known to change nothing, whatever the data."""

from __future__ import annotations

from sqlglot import exp

from tests.mutants.places import DIALECT, FILTERS, Change


def is_same(node: exp.Expr, operator: str, change: Change) -> bool:
    """Say whether a change is known to change nothing, whatever the data."""
    return any(rule(node, operator, change) for rule in SAME)


def is_same_text(node: exp.Expr, operator: str, change: Change) -> bool:
    """Say whether it reads the same."""
    return node.sql(DIALECT) == change.instead.sql(DIALECT)


def is_placeholder(node: exp.Expr, operator: str, change: Change) -> bool:
    """`school_year between 0 and 9999` stands for every year, wherever its ends are."""
    return any(isinstance(one, exp.Between) and is_every_year(one) for one in (node, node.parent)) or (
        operator == "filter" and "school_year BETWEEN 0 AND 9999" in change.before
    )


def is_every_year(node: exp.Between) -> bool:
    """Say whether a range stands for every school year."""
    return (node.args["low"].sql(), node.args["high"].sql()) == ("0", "9999")


def is_null_in_condition(node: exp.Expr, operator: str, change: Change) -> bool:
    """A condition that is null keeps no row, just as one that is false."""
    if operator != "coalesce" or change.instead != node.this or node.expressions[-1] != exp.false():
        return False
    above = node.parent
    while isinstance(above, (exp.And, exp.Or, exp.Paren)):
        above = above.parent
    return isinstance(above, (*FILTERS, exp.Join, exp.If))


def is_distinct_in_set(node: exp.Expr, operator: str, change: Change) -> bool:
    """A value is in a list or not, however often it stands there."""
    return operator == "distinct" and isinstance(node, exp.Query) and isinstance(in_set(node), (exp.In, exp.Exists))


def in_set(node: exp.Expr) -> exp.Expr | None:
    """Return what a query is an operand of."""
    above = node.parent
    while isinstance(above, (exp.Subquery, exp.Union)):
        above = above.parent
    return above


def is_padding(node: exp.Expr, operator: str, change: Change) -> bool:
    """A code that has all its digits is the same with and without padding."""
    above = node if isinstance(node, exp.LT) else node.parent
    branch = above.parent if above is not None else None
    if not isinstance(above, exp.LT) or not isinstance(branch, exp.If) or not isinstance(branch.args["true"], exp.Pad):
        return False
    digits = branch.args["true"].expression
    if node is above:
        return operator == "comparison" and above.expression == digits
    return operator == "bound" and change.instead.sql() == str(int(digits.this) + 1)


def is_no_limit(node: exp.Expr, operator: str, change: Change) -> bool:
    """`least` and `greatest` pass over null: a default that could not win, or is another operand, is not needed."""
    if operator != "coalesce" or change.instead != node.this or not isinstance(node.parent, (exp.Least, exp.Greatest)):
        return False
    others = [node.parent.this, *node.parent.expressions]
    default = node.expressions[-1]
    return default in others or (isinstance(node.parent, exp.Least) and "9999-12-31" in default.sql())


def is_of_nothing(node: exp.Expr, operator: str, change: Change) -> bool:
    """Nothing added is nothing taken away."""
    return operator == "aggregate" and isinstance(node, (exp.Add, exp.Sub)) and node.expression.sql() == "0"


def is_unread(node: exp.Expr, operator: str, change: Change) -> bool:
    """A column of a CTE that nobody reads: a macro writes more columns than a model needs."""
    column = node
    while column.parent is not None and not isinstance(column.parent, exp.Select):
        column = column.parent
    query, cte = column.parent, column.parent and column.parent.parent
    is_column = isinstance(column, exp.Alias) and column.arg_key == "expressions"
    if not is_column or not isinstance(query, exp.Select) or not isinstance(cte, exp.CTE) or query.args.get("distinct"):
        return False
    grouped = query.args.get("group")
    if grouped is not None and any(isinstance(one, exp.Literal) for one in grouped.expressions):
        return False
    return not any(
        reads(reader, cte.alias, column.alias) for reader in cte.root().find_all(exp.Select) if reader is not query
    )


def reads(query: exp.Select, table: str, column: str) -> bool:
    """Say whether a query may read a column of a table: it names one that is called so, or takes all."""
    if table not in {one.name for one in query.find_all(exp.Table) if one.parent_select is query}:
        return False
    return query.is_star or any(
        one.name == column or isinstance(one.this, exp.Star) for one in query.find_all(exp.Column)
    )


SAME = (
    is_of_nothing,
    is_unread,
    is_same_text,
    is_placeholder,
    is_null_in_condition,
    is_distinct_in_set,
    is_padding,
    is_no_limit,
)
