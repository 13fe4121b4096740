"""A bulletin as PDF: the sections of the page, laid out for A4."""

from __future__ import annotations

from dataclasses import asdict

from warehouse.paper import pdf
from warehouse.paper.pdf import PageData
from warehouse.report import headlines, page
from warehouse.report.figures import Bulletin
from warehouse.report.sections import Section, sections
from warehouse.report.wording import texts


def write(bulletin: Bulletin) -> bytes:
    """Return a bulletin as PDF."""
    words = texts()
    title = f"{words['title']}: {bulletin.name}"
    return pdf.pdf(
        "boletin",
        {
            "title": title,
            "footer": f"{title}. {words['synthetic']}" if bulletin.is_synthetic else title,
            "of": words["of"],
            "date": words["as_of"].format(day=f"{bulletin.built_for:%d/%m/%Y}", release=bulletin.release),
            "notices": page.notices(bulletin),
            "notes": page.notes(bulletin),
            "sentences": headlines.sentences(bulletin),
            "limits": words["limits"],
            "sheets": words["sheets"],
            "sections": [_section(section) for section in sections(bulletin)],
        },
    )


def _section(section: Section) -> PageData:
    """Return a section as the template takes it: rows that a page folds are in the sheet alone."""
    only_sheet = texts()["only_sheet"].format(n=len(section.rows)) if section.is_folded else None
    return asdict(section) | {
        "drawings": [drawing._asdict() for drawing in section.drawings],
        "only_sheet": only_sheet,
    }
