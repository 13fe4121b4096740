"""Charts of bulletins as small SVG pictures, drawn by Altair: labels stand at what they name, there is no legend.

Each is as wide as a phone; a page puts as many beside each other as it has room for. They load and run nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import altair as alt
import pandas as pd

from warehouse.report.figures import Bulletin
from warehouse.report.tables import Row
from warehouse.report.wording import heading, shown, texts

Layers = alt.LayerChart | alt.FacetChart  # as Altair types what it layers
WIDTH = 330  # pixels of a whole picture
COLORS = {"B0": "#0b5c7a", "F0": "#b45309"}
INK = "#1f2933"
SOFT = "#4a5560"
LINE_HEIGHT = 110  # pixels of a chart of lines
LINE_GAP = 15  # pixels between the labels at its end
LABELS = 112  # pixels left of bars
VALUES = 58  # and right of them
MOST_BARS = 12
MOST_GAPS = 8
ROOM = {"left": 4, "right": 26, "top": 4, "bottom": 2}  # browsers' fonts are wider than the one measured here


class Drawing(NamedTuple):
    """A chart with its title."""

    title: str
    svg: str


class Bar(NamedTuple):
    """A bar with the texts at both ends; the whole that others are parts of is drawn in ink."""

    name: str
    value: float
    told: str
    is_part: bool = True


def drawings(bulletin: Bulletin, key: str) -> list[Drawing]:
    """Return the charts of a table; none where it has no chart or too few rows to compare."""
    rows = bulletin.table(key)
    return DRAWN[key](bulletin, rows) if key in DRAWN and len(rows) > 1 else []


def years(_: Bulletin, rows: Sequence[Row]) -> list[Drawing]:
    """Return lines of each indicator by year, one per level, named at their end."""
    indicators: dict[str, list[Row]] = {}
    for row in rows:
        indicators.setdefault(row["indicator"], []).append(row)
    drawn = {key: found for key, found in indicators.items() if len({row["school_year"] for row in found}) > 1}
    return [Drawing(shown("indicator", key), _svg(_lines(found))) for key, found in drawn.items()]


def _lines(rows: Sequence[Row]) -> Layers:
    """Return the lines of one indicator; one is cut where a year is missing."""
    frame = pd.DataFrame([row | {"run": _run(rows, row)} for row in rows])
    scale = alt.Scale(domain=_domain([row["case_share"] for row in rows]), nice=False)
    span = [int(frame.school_year.min()), int(frame.school_year.max())]
    labelled = "format(100 * datum.value, '.3~r') + '%'"
    ends_only = alt.Axis(values=span, format="d", grid=False, domain=False, tickSize=0, labelPadding=6)
    x = alt.X("school_year:Q", title=None, scale=alt.Scale(domain=span, nice=False, padding=8), axis=ends_only)
    y = alt.Y(
        "case_share:Q",
        title=None,
        scale=scale,
        axis=alt.Axis(tickCount=3, labelExpr=labelled, domain=False, tickSize=0),
    )
    color = alt.Color("level:N", legend=None, scale=alt.Scale(domain=list(COLORS), range=list(COLORS.values())))
    base = alt.Chart(frame).encode(x, y, color)
    ends = pd.DataFrame(_ends(rows, scale.domain))
    at_end = alt.Y("at:Q", scale=scale, title=None)
    named = alt.Chart(ends).mark_text(align="left", dx=7, fontSize=12).encode(x, at_end, color, text="told:N")
    line = base.mark_line(strokeWidth=2).encode(detail="run:N")
    return alt.layer(line, base.mark_point(filled=True, size=22, opacity=1), named).properties(
        width=178, height=LINE_HEIGHT
    )


def _run(rows: Sequence[Row], row: Row) -> str:
    """Return a name for the years without a gap to which a row belongs."""
    known = {one["school_year"] for one in rows if one["level"] == row["level"]}
    first = row["school_year"]
    while first - 1 in known:
        first -= 1
    return f"{row['level']} {first}"


def _domain(values: Sequence[float]) -> list[float]:
    """Return the scale of some shares: from zero where that leaves their differences visible."""
    low = min(values)
    high = max(values)
    if low < high / 2:
        return [0, high * 1.12]
    room = max((high - low) * 0.35, 0.004)
    return [max(0, low - room), min(1, high + room) if high + room < 1 else 1.0]


def _ends(rows: Sequence[Row], domain: Sequence[float]) -> list[Row]:
    """Return the newest share of each level with its text, moved apart where two texts would touch."""
    newest = {row["level"]: row for row in sorted(rows, key=lambda row: row["school_year"])}
    ends = sorted(newest.values(), key=lambda row: row["case_share"])
    step = LINE_GAP * (domain[1] - domain[0]) / LINE_HEIGHT
    at = [row["case_share"] for row in ends]
    if len(at) == 2 and at[1] - at[0] < step:
        middle = min(max(sum(at) / 2, domain[0] + step / 2), domain[1] - step / 2)
        at = [middle - step / 2, middle + step / 2]
    return [row | {"at": y, "told": _end(row)} for row, y in zip(ends, at, strict=True)]


def _end(row: Row) -> str:
    return f"{shown('level', row['level'])} {shown('case_share', row['case_share'])}"


def departments(bulletin: Bulletin, rows: Sequence[Row]) -> list[Drawing]:
    """Return ranked bars of departments, a picture per level, the nation among them."""
    return [_ranked(_of_level(rows, level), _nation(bulletin, level)) for level in _levels(rows)]


def _levels(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["level"] for row in rows))


def _of_level(rows: Sequence[Row], level: str) -> list[Row]:
    return [row for row in rows if row["level"] == level]


def _nation(bulletin: Bulletin, level: str) -> list[Row]:
    """Return the nation's interruption at a level as a department's row."""
    found = [row for row in _of_level(bulletin.table("indicators"), level) if row["indicator"] == "interruption"]
    return [row | {"department_name": texts()["nation"]} for row in found]


def _ranked(rows: Sequence[Row], nation: Sequence[Row]) -> Drawing:
    """Return the bars of a level, with the nation's of the same year."""
    year = rows[0]["school_year"]
    bars = [_share_bar(row) for row in [*rows, *(row for row in nation if row["school_year"] == year)]]
    title = f"{shown('level', rows[0]['level'])}, {year}"
    return Drawing(title, _svg(_bars(sorted(bars, key=_value, reverse=True))))


def _share_bar(row: Row) -> Bar:
    name = row["department_name"]
    return Bar(name, row["case_share"], shown("case_share", row["case_share"]), name != texts()["nation"])


def _value(bar: Bar) -> float:
    return bar.value


def gaps(_: Bulletin, rows: Sequence[Row]) -> list[Drawing]:
    """Return the largest gaps of each level but grades', the group over its indicator."""
    kept = [row for row in rows if not row["group_name"].startswith("grade=")]
    return [_largest(_of_level(kept, level)) for level in _levels(kept)]


def _largest(rows: Sequence[Row]) -> Drawing:
    largest = sorted(rows, key=_gap, reverse=True)[:MOST_GAPS]
    return Drawing(shown("level", rows[0]["level"]), _svg(_labelled_above(list(map(_gap_bar, largest)))))


def _gap_bar(row: Row) -> Bar:
    name = f"{shown('group_name', row['group_name'])} · {shown('indicator', row['indicator']).lower()}"
    return Bar(name, row["gap_to_all"], shown("gap_to_all", row["gap_to_all"]))


def _gap(row: Row) -> float:
    return row["gap_to_all"]


def counts(name: str) -> Callable[[Bulletin, Sequence[Row]], list[Drawing]]:
    """Return what draws numbers of children by a column."""

    def draw(_: Bulletin, rows: Sequence[Row]) -> list[Drawing]:
        """Return bars, the longest list of them cut."""
        bars = [Bar(shown(name, row[name]), row["n_children"], shown("n_children", row["n_children"])) for row in rows]
        return [Drawing("", _svg(_labelled_above(bars[:MOST_BARS])))]

    return draw


def schools(_: Bulletin, rows: Sequence[Row]) -> list[Drawing]:
    """Return how many of the list each school has, the first schools."""
    listed = [row for row in rows if row["n_listed"]][:MOST_BARS]
    bars = [Bar(row["school_name"] or row["service_code"], row["n_listed"], str(row["n_listed"])) for row in listed]
    return [Drawing(heading("n_listed"), _svg(_labelled_above(bars)))] if len(bars) > 1 else []


def _bars(bars: Sequence[Bar]) -> Layers:
    """Return bars with short names at their left."""
    names = alt.Axis(labelLimit=0, domain=False, tickSize=0, labelPadding=6, minExtent=LABELS)
    base = _base(bars).encode(alt.Y("name:N", sort=None, title=None, axis=names))
    return _with_values(base, WIDTH - LABELS - VALUES, 20 * len(bars), 14)


def _labelled_above(bars: Sequence[Bar]) -> Layers:
    """Return bars with long names over them, which need no room at their left."""
    base = _base(bars).encode(alt.Y("at:O", sort=None, title=None, axis=None))
    names = base.mark_text(align="left", dy=-14, fontSize=12, color=INK, limit=WIDTH).encode(
        x=alt.value(0), text="name:N"
    )
    return _with_values(base, WIDTH - VALUES, 38 * len(bars), 12, names)


def _base(bars: Sequence[Bar]) -> alt.Chart:
    return alt.Chart(pd.DataFrame([bar._asdict() | {"at": at} for at, bar in enumerate(bars)]))


def _with_values(base: alt.Chart, width: int, height: int, size: int, *more: alt.Chart) -> Layers:
    """Return bars from zero with their values at the end, which need no axis."""
    drawn = base.encode(alt.X("value:Q", title=None, axis=None, scale=alt.Scale(zero=True, nice=False)))
    shift = 5 if more else 0
    bars = drawn.mark_bar(size=size, yOffset=shift).encode(
        color=alt.Color("is_part:N", legend=None, scale=alt.Scale(domain=[True, False], range=[COLORS["B0"], INK]))
    )
    values = drawn.mark_text(align="left", dx=5, dy=shift, fontSize=12, color=INK).encode(text="told:N")
    return alt.layer(bars, values, *more).properties(width=width, height=height)


def _svg(chart: Layers) -> str:
    """Return a chart as SVG of one width."""
    styled = (
        chart.configure(font="sans-serif", background="transparent", padding=ROOM)
        .configure_view(stroke=None)
        .configure_axis(labelColor=SOFT, labelFontSize=12, gridColor="#e4e8ec")
    )
    drawing = io.StringIO()
    styled.save(drawing, format="svg")
    return drawing.getvalue()


DRAWN: dict[str, Callable[[Bulletin, Sequence[Row]], list[Drawing]]] = {
    "years": years,
    "departments": departments,
    "gaps": gaps,
    "schools": schools,
    "urgency": counts("probability_text"),
    "at_once": counts("need"),
    "services": counts("tutor_text"),
}
