"""Places of a syntax tree and changes of one: a place is named by the way to it from the root.

So a change can be made in every tree of the same shape: in the model as it is built, and in the model as a unit test
compiles it, with other tables and other numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"
SHOWN = 110  # characters of a place before and after the change
Way = tuple[tuple[str, int | None], ...]
FILTERS = (exp.Where, exp.Having, exp.Qualify)


@dataclass(frozen=True)
class Change:
    """What stands at a place instead, and how that is shown."""

    instead: exp.Expr
    before: str
    after: str


def parse(sql: str) -> exp.Expr:
    """Return the tree of a query."""
    tree = sqlglot.parse_one(sql, read=DIALECT)
    for node in tree.walk():
        node.comments = None
    return tree


def way_to(node: exp.Expr) -> Way:
    """Return the way from the root of its tree to a node."""
    way: list[tuple[str, int | None]] = []
    while node.parent is not None:
        way.append((str(node.arg_key), node.index))
        node = node.parent
    return tuple(reversed(way))


def at(tree: exp.Expr, way: Way) -> exp.Expr | None:
    """Return the node at the end of a way; nothing where the tree has none."""
    node = tree
    for key, index in way:
        found = node.args.get(key)
        if index is not None:
            found = found[index] if isinstance(found, list) and index < len(found) else None
        if not isinstance(found, exp.Expr):
            return None
        node = found
    return node


def shown(node: exp.Expr | str) -> str:
    """Return a place as text, without the middle where it is long."""
    text = node if isinstance(node, str) else node.sql(DIALECT, normalize_functions="lower")
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]} … {text[-SHOWN // 2 :]}"


def instead_of(node: exp.Expr, instead: exp.Expr) -> Change:
    """Return a change that shows the whole place."""
    return Change(instead, shown(node), shown(instead))
