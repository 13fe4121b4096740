"""A bulletin as one page of HTML that needs nothing else: no script, no network; for a telephone and for paper."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
from great_tables import GT

from warehouse.report import charts
from warehouse.report.figures import Bulletin, Table, heading, is_share, spoken, texts

STYLE = """
:root { color: #1f2933; background: #fff; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1rem 3rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; background: #fff; padding: .5rem; }
header { border-bottom: 3px solid #0b5c7a; padding: 1.5rem 0 1rem; } h1 { margin: 0; font-size: 1.7rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; color: #0b5c7a; } p { max-width: 60rem; margin: .4rem 0; }
.notice { border-left: 4px solid #b45309; padding: .3rem .8rem; background: #fff7ed; }
.figures { display: grid; gap: 1.5rem; grid-template-columns: 1fr; align-items: start; }
.table { overflow-x: auto; } .table:focus { outline: 3px solid #b45309; outline-offset: 2px; }
figure { margin: 0; } figure svg { max-width: 100%; height: auto; }
@media (min-width: 60rem) { .has-chart { grid-template-columns: 22rem minmax(0, 1fr); } }
@media print { body { max-width: none; font-size: 11pt; } .skip { display: none; } .table { overflow: visible; }
  .table table { font-size: 8.5pt !important; width: 100% !important; table-layout: auto; }
  .table td, .table th { padding: 2px 3px !important; overflow-wrap: anywhere; }
  h2 { break-after: avoid; } figure, tr { break-inside: avoid; } .has-chart { grid-template-columns: 1fr; } }
"""
FOLDED = 15  # rows from which a table that has a chart waits to be opened
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
OPTIONS: dict[str, Any] = {
    "table_font_size": "14px", "table_font_color": "#1f2933", "table_margin_left": "0px", "data_row_padding": "4px",
    "column_labels_font_weight": "bold",
}  # fmt: skip


def html(bulletin: Bulletin) -> str:
    """Return a bulletin as a page."""
    say, title = texts(), f"{texts()['title']}: {bulletin.name}"
    notices = [say["synthetic"]] * bulletin.is_synthetic + [say["internal"]] * bulletin.is_internal
    when = say["as_of"].format(day=f"{bulletin.built_for:%d/%m/%Y}", release=bulletin.release)
    return "\n".join([
        '<!doctype html><html lang="es-PE"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
        f'<a class="skip" href="#contenido">{say["skip"]}</a>',
        f"<header><h1>{escape(title)}</h1><p>{escape(when)}</p></header>",
        '<main id="contenido">',
        *(f'<p class="notice">{escape(one)}</p>' for one in notices),
        f"<p>{escape(say['reading'])}</p>",
        *map(_section, bulletin.tables),
        f"</main><footer><p>{escape(say['sheets'])}</p></footer></body></html>", "",
    ])  # fmt: skip


def _section(table: Table) -> str:
    say, own = texts(), texts()["tables"][table.key]
    figure = _figure(table, own["title"])
    shown = _rows(table) if table.rows else f"<p>{escape(say['empty'])}</p>"
    if len(table.rows) > FOLDED and figure:
        shown = f"<details><summary>{say['fold']}</summary>{shown}</details>"
    scrolled = f'<div class="table" tabindex="0" role="region" aria-label="{escape(own["title"])}">{shown}</div>'
    return (
        f"<section><h2>{escape(own['title'])}</h2><p>{escape(own['definition'])} "
        f"<strong>{say['limits']}</strong> {escape(own['limits'])}</p>"
        f'<div class="figures{" has-chart" if figure else ""}">{figure}{scrolled}</div></section>'
    )


def _figure(table: Table, title: str) -> str:
    """Return a table's chart, named for those who do not see it; nothing where it has none."""
    drawn, label = charts.svg(table), escape(texts()["chart"].format(title=title))
    return f'<figure role="img" aria-label="{label}">{drawn}</figure>' if drawn else ""


def _rows(table: Table) -> str:
    named = {f"c{at}": heading(column) for at, column in enumerate(table.columns)}
    # what a file says is text, never markup: great_tables escapes the body, and here the first to see it is it
    frame = pd.DataFrame(spoken(table), columns=list(named))
    right = [f"c{at}" for at, column in enumerate(table.columns) if is_share(column) or column.startswith("n_")]
    made = GT(frame, id=table.key).cols_label(named).cols_align("left").tab_options(**OPTIONS)
    return (made.cols_align("right", right) if right else made).as_raw_html()
