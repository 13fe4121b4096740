"""A bulletin as one self-contained HTML page without scripts, for phones and for print."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
from great_tables import GT

from warehouse.report import charts
from warehouse.report.figures import Bulletin, BulletinTable, heading, is_share, shown_rows, texts

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
FOLDED = 15  # a table with a chart and more rows than this is folded
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(bulletin: Bulletin) -> str:
    """Return a bulletin as a page."""
    words = texts()
    title = escape(f"{words['title']}: {bulletin.name}")
    notices = [words["synthetic"]] * bulletin.is_synthetic + [words["internal"]] * bulletin.is_internal
    notes = [words["reading"]] if bulletin.is_internal else [words["reading"], words["rounding"]]
    date = words["as_of"].format(day=f"{bulletin.built_for:%d/%m/%Y}", release=bulletin.release)
    return "\n".join(
        [
            '<!doctype html><html lang="es-PE"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            f'<a class="skip" href="#contenido">{words["skip"]}</a>',
            f"<header><h1>{title}</h1><p>{escape(date)}</p></header>",
            '<main id="contenido">',
            *(f'<p class="notice">{escape(notice)}</p>' for notice in notices),
            f"<p>{escape(' '.join(notes))}</p>",
            *map(_section, bulletin.tables),
            f"</main><footer><p>{escape(words['sheets'])}</p></footer></body></html>",
            "",
        ]
    )


def _section(table: BulletinTable) -> str:
    """Return a table's section: title, definition, limits, chart and rows."""
    words = texts()
    own = words["tables"][table.key]
    figure = _figure(table, own["title"])
    body = _rows(table) if table.rows else f"<p>{escape(words['empty'])}</p>"
    if len(table.rows) > FOLDED and figure:
        body = f"<details><summary>{words['fold']}</summary>{body}</details>"
    scrolled = f'<div class="table" tabindex="0" role="region" aria-label="{escape(own["title"])}">{body}</div>'
    return (
        f"<section><h2>{escape(own['title'])}</h2><p>{escape(own['definition'])} "
        f"<strong>{words['limits']}</strong> {escape(own['limits'])}</p>"
        f'<div class="figures{" has-chart" if figure else ""}">{figure}{scrolled}</div></section>'
    )


def _figure(table: BulletinTable, title: str) -> str:
    """Return a table's chart with a label for screen readers; empty where it has none."""
    drawing = charts.svg(table)
    label = escape(texts()["chart"].format(title=title))
    return f'<figure role="img" aria-label="{label}">{drawing}</figure>' if drawing else ""


def _rows(table: BulletinTable) -> str:
    """Return a table's rows as HTML; great_tables escapes the values."""
    labels: dict[str, Any] = {f"c{number}": heading(column) for number, column in enumerate(table.columns)}
    frame = pd.DataFrame(shown_rows(table), columns=list(labels))
    right = [name for name, column in zip(labels, table.columns, strict=True) if _is_numeric(column)]
    styled = (
        GT(frame, id=table.key)
        .cols_label(labels)
        .cols_align("left")
        .tab_options(
            table_font_size="14px",
            table_font_color="#1f2933",
            table_margin_left="0px",
            data_row_padding="4px",
            column_labels_font_weight="bold",
        )
    )
    return (styled.cols_align("right", right) if right else styled).as_raw_html()


def _is_numeric(column: str) -> bool:
    """Return whether a column holds shares or counts."""
    return is_share(column) or column.startswith("n_")
