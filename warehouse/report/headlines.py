"""The sentences that a bulletin opens with, each chosen by a rule from the figures that its tables show.

What disclosure hides is in no table of a bulletin, so no sentence can tell it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from warehouse import numbers
from warehouse.report.figures import Bulletin
from warehouse.report.tables import Row
from warehouse.report.wording import shown, texts

NOT_COMPARABLE = (2020, 2021)  # school years without open schools
CHANCE = 2.0  # standard errors: a smaller change may be chance


def sentences(bulletin: Bulletin) -> list[str]:
    """Return what changed most, where the area stands, and what is missing; at most three sentences."""
    rules = UGEL_RULES if bulletin.is_internal else OFFICIAL_RULES
    return [told for rule in rules if (told := rule(bulletin))]


def _say(name: str, **values: object) -> str:
    return texts()["headlines"][name].format(**values)


def _subject(row: Row) -> str:
    """Return an indicator at its level, such as «el ausentismo crónico en secundaria»."""
    return texts()["subjects"][row["indicator"]].format(level=shown("level", row["level"]).lower())


def largest_change(bulletin: Bulletin) -> str:
    """Tell the indicator that changed most since the year before, and whether that may be chance."""
    changes = list(filter(None, (_change(bulletin, row) for row in bulletin.table("indicators"))))
    if not changes:
        return _say("no_change")
    found = max(changes, key=lambda row: abs(row["change_share"]))
    move = "rose" if found["change_share"] > 0 else "fell"
    told = _say(
        move,
        subject=_subject(found),
        change=_points(found["change_share"]),
        year=found["school_year"],
        year_before=found["year_before"],
        before=shown("case_share", found["before"]),
        case_share=shown("case_share", found["case_share"]),
    )
    return told + (_say("chance") if _may_be_chance(found) else "")


def _change(bulletin: Bulletin, row: Row) -> Row | None:
    """Return an indicator's row with the year before and its share; None where they cannot be compared."""
    before = [one for one in bulletin.table("years") if _is_before(one, row)]
    if not before or row["change_share"] is None:
        return None
    last = max(before, key=lambda one: one["school_year"])
    years = {last["school_year"], row["school_year"]}
    if years & {*NOT_COMPARABLE} or round(row["change_share"], 3) == 0:
        return None
    return row | {"before": last["case_share"], "year_before": last["school_year"]}


def _is_before(one: Row, row: Row) -> bool:
    """Return whether a row is of an earlier year of the same indicator and level."""
    is_same = (one["indicator"], one["level"]) == (row["indicator"], row["level"])
    return is_same and one["school_year"] < row["school_year"]


def _may_be_chance(row: Row) -> bool:
    """Return whether a change is within what chance makes of so few pupils."""
    share = (row["case_share"] + row["before"]) / 2
    error = math.sqrt(2 * share * (1 - share) / max(row["n_pupils"] or 0, 1))
    return abs(row["change_share"]) < CHANCE * error


def position(bulletin: Bulletin) -> str:
    """Tell where the area is farthest from UGELs like it, else from the country."""
    for column, name in (("gap_to_similar", "similar"), ("gap_to_nation", "nation")):
        known = [row for row in bulletin.table("indicators") if round(row.get(column) or 0, 3)]
        if known:
            row = max(known, key=lambda one: abs(one[column]))
            return _standing(row, column, name)
    return _say("no_position")


def _standing(row: Row, column: str, name: str) -> str:
    """Tell how far an indicator is from others', and theirs."""
    side = "above" if row[column] > 0 else "below"
    return _say(
        f"{side}_{name}",
        subject=_subject(row),
        case_share=shown("case_share", row["case_share"]),
        other=shown("case_share", row["case_share"] - row[column]),
        gap=_points(row[column]),
        year=row["school_year"],
    )


def spread(bulletin: Bulletin) -> str:
    """Tell between which departments the interruption of the level with the widest spread lies."""
    levels: dict[str, list[Row]] = {}
    for row in bulletin.table("departments"):
        levels.setdefault(row["level"], []).append(row)
    if not (levels := {level: rows for level, rows in levels.items() if len(rows) > 1}):
        return _say("no_spread")
    rows = max(levels.values(), key=_range)
    high, low = (choose(rows, key=_share) for choose in (max, min))
    return _say(
        "spread",
        level=shown("level", high["level"]).lower(),
        year=high["school_year"],
        n=len(rows),
        low=low["department_name"],
        low_share=shown("case_share", low["case_share"]),
        high=high["department_name"],
        high_share=shown("case_share", high["case_share"]),
    )


def _share(row: Row) -> float:
    return row["case_share"]


def _range(rows: Sequence[Row]) -> float:
    return max(map(_share, rows)) - min(map(_share, rows))


def missing(bulletin: Bulletin) -> str:
    """Tell which deliveries and topics are missing, or that none is."""
    topics = [row["topic_name"].lower() for row in bulletin.table("available") if not row["is_available"]]
    withheld = [
        f"{shown('source', row['source'])} ({row['department_name']}, {row['period_start']:%m/%Y})"
        for row in bulletin.table("missing")
    ]
    found = [*topics, *withheld]
    if not found:
        return _say("nothing_missing")
    more = _say("and_more", n=len(found) - 3) if len(found) > 3 else ""
    return _say("missing", what="; ".join(found[:3]) + more)


def without_contact(bulletin: Bulletin) -> str:
    """Tell of how many cases of this year nobody has said that they contacted, served or dismissed the child."""
    cases = bulletin.table("cases")
    if not cases:
        return _say("no_cases")
    year = max(row["school_year"] for row in cases)
    newest = [row for row in cases if row["school_year"] == year]
    reached = sum(row["n_contacted"] for row in newest)
    total = shown("n_cases", sum(row["n_cases"] for row in newest))
    return _say("contacted" if reached else "none_contacted", n=total, reached=shown("n_cases", reached), year=year)


def _points(difference: float) -> str:
    """Return a difference of shares in points, such as «1.2 puntos»."""
    told = numbers.decimal(100 * abs(difference))
    return _say("point" if told == "1.0" else "points", n=told)


OFFICIAL_RULES: list[Callable[[Bulletin], str]] = [
    largest_change,
    lambda bulletin: spread(bulletin) if bulletin.table("departments") else position(bulletin),
    missing,
]
UGEL_RULES: list[Callable[[Bulletin], str]] = [largest_change, position, without_contact]
