"""Draw each dashboard as a page from its own JSON and queries, and take its picture: `make grafana-pictures`.

No Grafana draws here: panels stand where it puts them, with their titles, names, units and words; charts are Altair's.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from benchmarks.dashboards import largest
from grafana import build
from grafana.panels import SHARES
from tests.grafana import runner
from tests.service.browser import Browser
from warehouse.settings import REPOSITORY, Home

FOLDER = REPOSITORY / "docs" / "pictures" / "dashboards"
CELL, WIDTH, ROWS = 50, 1240, 6  # pixels of a column of the grid and of the page; rows of a table that are shown
STYLE = """
body { margin: 0; padding: 16px; width: 1208px; background: #f4f5f5; font: 13px/1.4 sans-serif; color: #1f2933; }
h1 { font-size: 20px; margin: 0; } .grid { display: grid; grid-template-columns: repeat(24, 1fr); gap: 8px; margin-top: 8px; }
.panel { background: #fff; border: 1px solid #d8dadd; padding: 8px; overflow: hidden; } h2 { font-size: 13px; margin: 0 0 6px; }
.stat { font-size: 28px; color: #0b5c7a; } table { border-collapse: collapse; font-size: 11px; width: 100%; }
td, th { text-align: left; padding: 2px 6px; border-bottom: 1px solid #e4e7eb; vertical-align: top; }
"""


def named(panel: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return column → name, unit and words, as the panel's own overrides say."""
    found: dict[str, dict[str, Any]] = {}
    for one in panel["fieldConfig"]["overrides"]:
        found.setdefault(one["matcher"]["options"], {}).update(
            {each["id"]: each["value"] for each in one["properties"]}
        )
    return found


def said(value: object, how: dict[str, Any]) -> str:
    """Return a value as the panel shows it."""
    if value is None:
        return "—"
    for mapping in how.get("mappings", []):
        options = mapping["options"]
        if mapping["type"] == "value" and (found := options.get(str(value)) or options.get(str(value).lower())):
            return found["text"]
        if mapping["type"] == "regex" and (match := re.fullmatch(options["pattern"], str(value))):
            text = options["result"]["text"]
            return match.expand(re.sub(r"\$(\d)", r"\\\1", text))
    if isinstance(value, date):
        return f"{value:%d/%m/%Y %H:%M}" if how.get("unit", "").endswith("mm") else f"{value:%d/%m/%Y}"
    if how.get("unit") == "percentunit" and isinstance(value, int | float):
        return f"{100 * value:.1f} %".replace(".", ",")
    if how.get("unit") == "none" and isinstance(value, float):
        return f"{value:.{how['decimals']}f}".replace(".", ",")
    return f"{value:,}".replace(",", " ") if how.get("unit") == "locale" else str(value)


def drawn(panel: dict[str, Any], frame: pd.DataFrame, names: dict[str, dict[str, Any]]) -> str:
    """Return a panel's inside as HTML."""
    kind, columns = panel["type"], list(frame.columns)
    if frame.empty:
        return '<div class="stat">—</div>'
    if kind == "stat":
        return f'<div class="stat">{escape(said(frame.iloc[-1, -1], names.get(columns[-1], {})))}</div>'
    width = panel["gridPos"]["w"] * CELL - 120
    if kind in ("trend", "barchart", "geomap"):
        frame = frame.infer_objects()
        return svg(chart(kind, frame, columns).properties(width=width, height=panel["gridPos"]["h"] * 30 - 110))
    heads = "".join(f"<th>{escape(names.get(one, {}).get('displayName', one))}</th>" for one in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(said(v, names.get(c, {})))}</td>" for c, v in zip(columns, row, strict=True))
        + "</tr>"
        for row in frame.head(ROWS).itertuples(index=False)
    )
    return f"<table><tr>{heads}</tr>{body}</table>"


def chart(kind: str, frame: pd.DataFrame, columns: list[str]) -> alt.Chart:
    """Return lines, bars or markers."""
    if kind == "geomap":
        x, y = (alt.X("longitude:Q", title=None, scale=alt.Scale(zero=False)),
                alt.Y("latitude:Q", title=None, scale=alt.Scale(zero=False)))  # fmt: skip
        marks = alt.Chart(frame).mark_circle(opacity=0.7, invalid=None)
        size, share = columns[-2:]
        colored = alt.Color(f"{share}:Q", legend=None)
        color = alt.condition(f"!isValid(datum.{share})", alt.value("#9aa5ab"), colored)  # hidden: a place all the same
        return marks.encode(x, y, size=alt.Size(f"{size}:Q", legend=None), color=color)
    first, second = (
        alt.Axis(title=None, labelFontSize=9),
        alt.Axis(title=None, format=".2~%" if columns[1].endswith(SHARES) else ",.3~f"),
    )
    if kind == "trend":
        return (
            alt.Chart(frame)
            .mark_line(point=True)
            .encode(alt.X(f"{columns[0]}:O", axis=first), alt.Y(f"{columns[1]}:Q", axis=second))
        )
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(alt.X(f"{columns[1]}:Q", axis=second), alt.Y(f"{columns[0]}:N", sort=None, axis=first))
    )


def svg(made: alt.Chart) -> str:
    """Return a chart as SVG."""
    written = io.StringIO()
    made.configure(font="sans-serif").save(written, format="svg")
    return written.getvalue()


def page(made: dict[str, Any], file: Path) -> str:
    """Return a dashboard as a page, with the first of each choice."""
    parts = []
    with runner.opened(file) as db:
        chosen = next(runner.choices(db, made))
        for panel in made["panels"]:
            found, at = db.execute(runner.put_in(panel["targets"][0]["rawSql"], chosen)), panel["gridPos"]
            frame = pd.DataFrame(found.fetchall(), columns=[column[0] for column in found.description], dtype=object)
            place = f"grid-column: {at['x'] + 1} / span {at['w']}; min-height: {at['h'] * 16}px"
            inside = drawn(panel, frame, named(panel))
            parts.append(f'<div class="panel" style="{place}"><h2>{escape(panel["title"])}</h2>{inside}</div>')
    title = f"<h1>{escape(made['title'])}</h1><div>{escape(made['description'])} Datos sintéticos.</div>"
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{title}<div class="grid">{"".join(parts)}</div>'


def main() -> None:
    """Draw all of a home's into docs/pictures/dashboards; of a synthetic home only."""
    home = Home(Path(sys.argv[1]).absolute())
    if home.kind != "synthetic":
        raise SystemExit(f"{home.root} is not synthetic: no picture is taken of real data")
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(Path(folder) / "browser")
        for module in build.modules():
            made = build.written(module)
            path = Path(folder) / f"{made['uid']}.html"
            path.write_text(page(made, largest(home, module.AUDIENCE)), encoding="utf-8")
            browser.open(f"file://{path}", WIDTH)
            height = int(browser.ask("document.body.getBoundingClientRect().height")) + 1
            browser.do(
                "Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False
            )
            browser.picture(FOLDER / f"{made['uid'].removeprefix('qhawaq-')}.png")
        browser.close()


if __name__ == "__main__":
    main()
