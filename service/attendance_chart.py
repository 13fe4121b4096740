"""A year's attendance by month as a chart: where its bars, its class's line and their labels stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service import wording

# Lengths in the units of the picture.
STEP = 46
BAR = 26
LEFT = 40
TOP = 8
HEIGHT = 120
LABELS = 36
LOW = 0.9  # at this share or below attendance is low (low_attendance_share of the warehouse)
SMALLEST_CLASS = 5
Row = dict[str, Any]


def of_year(months: Sequence[Mapping[str, Any]], year: int) -> Row:
    """Return the chart of a school year: its bars, the points of the class, its size and what it says in words."""
    shown = [month for month in months if month["month_start"].year == year]
    bars = [_bar(at, month) for at, month in enumerate(shown)]
    points = [f"{bar['middle']},{bar['class_y']}" for bar in bars if bar["class_y"] is not None]
    return {
        "year": year,
        "bars": bars,
        "points": " ".join(points),
        "width": LEFT + STEP * max(len(bars), 1),
        "height": TOP + HEIGHT + LABELS,
        "lines": [(f"{percent}%", _y(percent / 100)) for percent in (0, 50, 90, 100)],
        "summary": _summary(bars),
        "class_note": _class_note(bars),
    }


def _y(share: float) -> float:
    return round(TOP + HEIGHT * (1 - share), 1)


def _bar(at: int, month: Mapping[str, Any]) -> Row:
    share = 1 - month["absence_days"] / month["open_days"]
    of_class = month["class_attendance_share"]
    name = wording.months()[month["month_start"].month - 1]
    return dict(month) | {
        "x": LEFT + STEP * at + (STEP - BAR) // 2,
        "middle": LEFT + STEP * at + STEP // 2,
        "y": _y(share),
        "bar_height": round(HEIGHT * share, 1),
        "share": share,
        "is_low": share <= LOW,
        "class_y": None if of_class is None else _y(of_class),
        "name": name,
        "short": name[:3],
    }


def _summary(bars: Sequence[Row]) -> str:
    """Say the year in a sentence: how many days of how many, and which months were low."""
    absent, opened = (sum(bar[part] for bar in bars) for part in ("absence_days", "open_days"))
    low = [bar["name"] for bar in bars if bar["is_low"]]
    months = wording.said("low_in").format(months=_joined(low)) if low else wording.said("none_low")
    return wording.said("absent").format(absent=absent, opened=opened, months=months)


def _class_note(bars: Sequence[Row]) -> str:
    """Say what the line is, or why there is none."""
    classmates = max((bar["n_classmates"] for bar in bars), default=0)
    if any(bar["class_y"] is not None for bar in bars):
        return wording.said("class_line").format(n=classmates)
    return wording.said("class_hidden").format(n=SMALLEST_CLASS)


def _joined(names: Sequence[str]) -> str:
    return wording.said("and").join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
