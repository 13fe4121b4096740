"""Charts of bulletins as SVG, drawn by Altair from the table beside them; they load and run nothing."""

from __future__ import annotations

import io

import altair as alt
import pandas as pd

from warehouse.report.figures import BulletinTable, heading, shown

WIDTH = 300  # pixels; fits a phone
COLORS = ["#0b5c7a", "#b45309"]
INK = "#1f2933"
PADDING = {"left": 24, "right": 8, "top": 4, "bottom": 4}  # browsers' fonts are wider than the one measured here


def years(table: BulletinTable) -> alt.Chart:
    """Return lines of each indicator by year, one per level."""
    x = alt.X("school_year:O", title=None, axis=alt.Axis(labelAngle=-45))
    y = alt.Y("case_share:Q", title=None, axis=alt.Axis(format="%", tickCount=4))
    lines = (
        alt.Chart(_frame(table)).mark_line(point=True).encode(x, y, _levels()).properties(width=WIDTH - 60, height=90)
    )
    return lines.facet(row=alt.Row("indicator:N", title=None, header=_header())).resolve_scale(y="independent")


def departments(table: BulletinTable) -> alt.Chart:
    """Return ranked bars of departments, one per level."""
    y = alt.Y("department_name:N", title=None, sort="-x")
    x = alt.X("case_share:Q", title=heading("case_share"), axis=alt.Axis(format="%", tickCount=4))
    return alt.Chart(_frame(table)).mark_bar().encode(x, y, _levels(), yOffset="level:N").properties(width=WIDTH - 110)


def counts(table: BulletinTable) -> alt.Chart:
    """Return bars of numbers of children by the table's first column."""
    first = table.columns[0]
    y = alt.Y(f"{first}:N", title=None, sort=None, axis=alt.Axis(labelLimit=130))
    x = alt.X("n_children:Q", title=heading("n_children"), axis=alt.Axis(format="d", tickMinStep=1))
    return alt.Chart(_frame(table)).mark_bar(color=COLORS[0]).encode(x, y).properties(width=WIDTH - 150)


DRAWN = {"years": years, "departments": departments, "urgency": counts, "services": counts}


def svg(table: BulletinTable) -> str:
    """Return a table's chart as SVG; empty where it has no chart or no rows."""
    if table.key not in DRAWN or not table.rows:
        return ""
    chart = DRAWN[table.key](table).configure(font="sans-serif", background="white", padding=PADDING)
    chart = chart.configure_axis(labelColor=INK, titleColor=INK, labelFontSize=11).configure_legend(labelColor=INK)
    drawing = io.StringIO()
    chart.save(drawing, format="svg")
    return drawing.getvalue()


def _frame(table: BulletinTable) -> pd.DataFrame:
    """Return the rows with names instead of codes, and numbers unformatted."""
    frame = pd.DataFrame(table.rows, columns=list(table.columns))
    for column in ("level", "indicator", "need", "tutor_text", "probability_text"):
        if column in frame:
            frame[column] = [shown(column, value) for value in frame[column]]
    return frame


def _levels() -> alt.Color:
    return alt.Color("level:N", title=None, scale=alt.Scale(range=COLORS), legend=alt.Legend(orient="top"))


def _header() -> alt.Header:
    return alt.Header(
        labelAngle=0, labelOrient="top", labelAnchor="start", labelLimit=0, labelColor=INK, labelFontSize=12
    )
