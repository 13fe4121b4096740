"""The mutator: every small change of a model's SQL, but those that are known to change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from sqlglot import exp

from tests.mutants.equal import is_same
from tests.mutants.operators import OPERATORS
from tests.mutants.places import DIALECT, Way, at, way_to


@dataclass(frozen=True)
class Mutant:
    """One change of one model.

    Attributes:
        operator: the kind of change.
        way: from the root to the place.
        number: which of the operator's changes of this place.
        before: the place as it is.
        after: the place as it becomes.
    """

    operator: str
    way: Way
    number: int
    before: str
    after: str

    def sql(self, tree: exp.Expr) -> str | None:
        """Return a tree with the change as SQL; nothing where it has no such place. The tree stays as it is."""
        place = at(tree, self.way)
        if place is None:
            return None
        change = next(islice(OPERATORS[self.operator](place), self.number, None), None)
        if change is None:
            return None
        if place is tree:
            return change.instead.sql(DIALECT)
        place.replace(change.instead)  # and back: a copy of the whole tree takes longer than the query
        try:
            return tree.sql(DIALECT)
        finally:
            change.instead.replace(place)


def mutants(tree: exp.Expr) -> tuple[list[Mutant], int]:
    """Return every change of a tree, and how many were left out since they cannot matter."""
    found: list[Mutant] = []
    left_out = 0
    for node in tree.walk():
        for name, operator in OPERATORS.items():
            for number, change in enumerate(operator(node)):
                if is_same(node, name, change):
                    left_out += 1
                else:
                    found.append(Mutant(name, way_to(node), number, change.before, change.after))
    return found, left_out
