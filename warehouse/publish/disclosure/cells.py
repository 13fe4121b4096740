"""What a count is, how it may be shown, and which counts belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

SMALLEST = 10
ROUNDING = 5
POSSIBLE = 5
NATION = "00"
# Indicators over the same pupils are attacked together; counts of other services do not bound each other.
FLOWS = ("promotion", "grade_repetition", "dropout")  # each pupil is one of them, and no pupil two
ABSENCES = ("chronic_absence", "severe_absence")
AGES = ("official_age", "intake", "in_school")  # set against INEI's population
# Of pupils of the whole year, as known now: later deliveries change them, so a year is decided once.
OF_YEARS = (*FLOWS, "transition", *ABSENCES, *AGES)
# What is decided after what, so that it hides nothing of that: April's first.
TURNS = {**dict.fromkeys(OF_YEARS, 1), "official_age": 2, "intake": 2, "in_school": 3}
# Cases of the second are those of the first and nearly all its pupils: it is told only where they are.
SAME_CHILDREN = {"in_school": "official_age"}
TOGETHER = {
    "april": ("interruption", "ebr_exit", "repetition", "over_age", "unmet_need", *FLOWS, "transition", *AGES),
    "attendance": ("low_attendance", "TUTOR", "VISITA"),
    "absence": ABSENCES,
}


@dataclass(frozen=True)
class Cell:
    """One count of an indicator in a school year and level: of the nation, a department, a UGEL, or a group."""

    indicator: str
    department: str
    group: str = ""  # «sex=mujer»; nothing for everybody
    ugel: str = ""  # of the department; nothing for all of it

    @cached_property
    def _hash(self) -> int:
        return hash((self.indicator, self.department, self.group, self.ugel))

    def __hash__(self) -> int:
        """Return the hash, computed once: cells are looked up millions of times."""
        return self._hash

    @property
    def kind(self) -> str:
        """The ledger in which it is kept."""
        if self.ugel:
            return "ugel_groups" if self.group else "ugels"
        if self.group:
            return "groups" if self.department == NATION else "department_groups"
        return "cells"

    @property
    def table(self) -> tuple[str, str] | None:
        """The groups of UGELs that it is one of, by department and trait; nothing for any other count."""
        return (self.department, self.group.split("=")[0]) if self.kind == "ugel_groups" else None

    @cached_property
    def wholes(self) -> dict[str, Cell]:
        """The larger cells that contain this one, by the name of the split; the nation is part of none."""
        nation = Cell(self.indicator, NATION)
        department = Cell(self.indicator, self.department)
        trait = self.group.split("=")[0]
        if self.kind == "department_groups":
            of_nation = Cell(self.indicator, NATION, self.group)
            return {f"{trait} of {self.department}": department, f"department of {self.group}": of_nation}
        if self.kind == "ugel_groups":
            office = replace(self, group="")
            groups = f"ugel of {self.department} {self.group}"
            return {f"{trait} of {self.department} {self.ugel}": office, groups: replace(self, ugel="")}
        if self.kind == "ugels":
            return {f"ugel of {self.department}": department}
        return {} if self == nation else {trait or "department": nation}


@dataclass(frozen=True)
class Shown:
    """What officials see of a cell: both counts rounded, pupils alone, or neither."""

    n_pupils: int | None
    n_cases: int | None

    @property
    def is_hidden(self) -> bool:
        """Whether the neutral sign stands for the cases."""
        return self.n_cases is None

    def shows(self, quantity: str) -> bool:
        """Say whether pupils or cases are shown."""
        return (self.n_pupils if quantity == "pupils" else self.n_cases) is not None

    def without(self, quantity: str) -> Shown:
        """Return it with cases hidden, or with pupils and therefore all of it."""
        return HIDDEN if quantity == "pupils" else Shown(self.n_pupils, None)


HIDDEN = Shown(None, None)
Block = dict[Cell, Shown]
Split = tuple[str, str]  # an indicator, and by what the whole is split
Counts = dict[Cell, tuple[int, int]]  # true pupils and cases of cells
Of = tuple[int, str, str]  # school year, level, family of indicators


def of_same_children(cell: Cell) -> Cell | None:
    """Return the cell whose cases a cell would nearly tell; None of most."""
    other = SAME_CHILDREN.get(cell.indicator)
    return replace(cell, indicator=other) if other else None


def family(indicator: str) -> str:
    """Return with what an indicator is tried together."""
    return next((name for name, together in TOGETHER.items() if indicator in together), indicator)


def rounded(n: int) -> int:
    """Round a count to the nearest 5."""
    return ROUNDING * round(n / ROUNDING)


def is_small(n_pupils: int, n_cases: int) -> bool:
    """Say whether a count or its complement is below 10."""
    return min(n_cases, n_pupils - n_cases) < SMALLEST


def seen(n_pupils: int, n_cases: int) -> Shown:
    """Return what is seen of a cell by itself: no small count, no few pupils, the others rounded."""
    if n_pupils < 2 * SMALLEST:
        return HIDDEN
    return Shown(rounded(n_pupils), None if is_small(n_pupils, n_cases) else rounded(n_cases))


def to_hide(bounded: Iterable[str]) -> tuple[str, ...]:
    """Return what to hide, in order, against quantities that are bounded: pupils tell of pupils only."""
    return ("pupils",) if {*bounded} == {"pupils"} else ("cases", "pupils")


def told(block: Block) -> Block:
    """Leave out groups of UGELs by a trait of which a department shows nothing: they tell nothing."""
    speaking = {None, *(cell.table for cell, shown in block.items() if shown != HIDDEN)}
    return {cell: shown for cell, shown in block.items() if cell.table in speaking}
