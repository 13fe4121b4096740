"""A bulletin as one self-contained HTML page without scripts, for phones, desks and print."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from great_tables import GT

from warehouse.report import headlines
from warehouse.report.charts import Drawing
from warehouse.report.figures import Bulletin
from warehouse.report.sections import Section, sections
from warehouse.report.wording import texts

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
WIDE = 6  # columns: such a table takes the whole width
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(bulletin: Bulletin) -> str:
    """Return a bulletin as a page."""
    words = texts()
    title = escape(f"{words['title']}: {bulletin.name}")
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
            *(f'<p class="notice">{escape(notice)}</p>' for notice in notices(bulletin)),
            f'<ul class="lead" aria-label="{words["lead"]}">',
            *(f"<li>{escape(sentence)}</li>" for sentence in headlines.sentences(bulletin)),
            f'</ul><p class="small">{escape(notes(bulletin))}</p>',
            *map(_section, sections(bulletin)),
            f"</main><footer><p>{escape(words['sheets'])}</p></footer></body></html>",
            "",
        ]
    )


def notices(bulletin: Bulletin) -> list[str]:
    """Return what a reader has to know before any figure."""
    words = texts()
    return [words["synthetic"]] * bulletin.is_synthetic + [words["internal"]] * bulletin.is_internal


def notes(bulletin: Bulletin) -> str:
    """Return how the figures are to be read."""
    words = texts()
    return words["reading"] if bulletin.is_internal else f"{words['reading']} {words['rounding']}"


def _section(section: Section) -> str:
    """Return a section: title, definition, limits, charts, rows and notes."""
    words = texts()
    n_drawings = len(section.drawings)
    is_beside = n_drawings in (1, 2) and not section.is_folded and len(section.headings) < WIDE
    layout = f' class="beside beside{n_drawings}"' if is_beside else ""
    return (
        f"<section><h2>{escape(section.title)}</h2><p>{escape(section.definition)} "
        f"<strong>{words['limits']}</strong> {escape(section.limits)}</p>"
        f"<div{layout}>{_charts(section)}<div>{_table(section)}"
        + "".join(f"<p>{escape(note)}</p>" for note in section.notes)
        + "</div></div></section>"
    )


def _charts(section: Section) -> str:
    """Return the charts with labels for screen readers; empty where there are none."""
    if not section.drawings:
        return ""
    return f'<div class="charts">{"".join(_figure(section, drawing) for drawing in section.drawings)}</div>'


def _figure(section: Section, drawing: Drawing) -> str:
    """Return a chart under its title."""
    label = escape(texts()["chart"].format(title=f"{section.title}. {drawing.title}".rstrip(". ")))
    title = f"<h3>{escape(drawing.title)}</h3>" if drawing.title else ""
    return f'<div>{title}<figure role="img" aria-label="{label}">{drawing.svg}</figure></div>'


def _table(section: Section) -> str:
    """Return the rows, folded where the charts say the most of them; empty where there are none."""
    if not section.rows:
        return ""
    body = _rows(section)
    if section.is_folded:
        body = f"<details><summary>{texts()['fold'].format(n=len(section.rows))}</summary>{body}</details>"
    return f'<div class="table" tabindex="0" role="region" aria-label="{escape(section.title)}">{body}</div>'


def _rows(section: Section) -> str:
    """Return the rows as HTML; great_tables escapes the values."""
    labels: dict[str, Any] = {f"c{number}": name for number, name in enumerate(section.headings)}
    frame = pd.DataFrame(section.rows, columns=list(labels))
    right = [name for name, is_numeric in zip(labels, section.numeric, strict=True) if is_numeric]
    styled = (
        GT(frame, id=section.key)
        .cols_label(labels)
        .cols_align("left")
        .tab_options(
            table_width="100%" if len(section.headings) >= WIDE else "auto",
            table_font_size="14px",
            table_font_color="#1f2933",
            table_margin_left="0px",
            data_row_padding="4px",
            column_labels_font_weight="bold",
        )
    )
    return (styled.cols_align("right", right) if right else styled).as_raw_html()
