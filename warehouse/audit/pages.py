"""Pages for auditors and officials in `docs/` of a home: models, column lineage, dictionary and processing register.

`make docs` calls `python -m warehouse.audit.pages COLIBRI`; COLIBRI is the program that draws column lineage.
"""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

from warehouse import contracts, files
from warehouse.audit import register
from warehouse.build import dbt, manifest
from warehouse.errors import QhawaqError
from warehouse.files import write_whole
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
td, th { border-bottom: 1px solid #d5d5d5; padding: .25rem .6rem; text-align: left; vertical-align: top; }
td:first-child { width: 18rem; overflow-wrap: anywhere; }
code { background: #f2f2f2; padding: 0 .2rem; }
h2 { margin-top: 2.5rem; border-top: 2px solid #0b5c7a; padding-top: .5rem; }
li { overflow-wrap: anywhere; }
"""


class DocumentPage(NamedTuple):
    """A page of the documentation."""

    file: str
    title: str
    description: str


PAGES = (
    DocumentPage(
        "modelos.html", "Modelos, pruebas y linaje", "documentación de dbt: cada tabla, su SQL, sus pruebas, su origen"
    ),
    DocumentPage("linaje.html", "Linaje por columna", "de qué columnas viene cada columna, hasta las fuentes"),
    DocumentPage("diccionario.html", "Diccionario de datos", "cada tabla y columna, en español"),
    DocumentPage(
        "tratamientos.html",
        "Registro de tratamientos",
        "Ley 29733: qué se trata, para qué y hasta cuándo, por fuente",
    ),
)


def html_page(title: str, markdown: str, language: str = "es") -> str:
    """Return a self-contained HTML page, which loads nothing else."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)} · Qhawaq</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    )


def write(home: Home, progress: Progress, colibri: Path | None = None) -> list[Path]:
    """Write every page; return them.

    Args:
        home: the home.
        progress: where progress is logged.
        colibri: the program that draws column lineage; without it that page stays unchanged.

    Raises:
        QhawaqError: nothing has been built yet, or the lineage failed.
    """
    home.existing()
    manifest.path(home)
    home.docs.mkdir(mode=0o700, exist_ok=True)
    with progress.step("models"):
        dbt.document(home, progress)
        files.copied(home.dbt / "static_index.html", home.docs / "modelos.html")
    if colibri:
        with progress.step("lineage of columns"):
            _lineage(home, colibri)
    write_whole(home.docs / "diccionario.html", html_page("Diccionario de datos", register.dictionary(home)))
    processing = register.processing(contracts.read(DBT_PROJECT).values())
    write_whole(home.docs / "tratamientos.html", html_page("Registro de tratamientos", processing))
    return _index(home)


def _index(home: Home) -> list[Path]:
    """Write the page that links to the existing pages; return all of them."""
    kind = " (datos sintéticos: ninguna persona existe)" if home.kind == "synthetic" else ""
    existing = [page for page in PAGES if (home.docs / page.file).exists()]
    links = "\n".join(f"- [{page.title}]({page.file}): {page.description}" for page in existing)
    write_whole(home.docs / "index.html", html_page("Documentación", f"# Qhawaq: documentación{kind}\n\n{links}\n"))
    return [home.docs / "index.html", *(home.docs / page.file for page in existing)]


def _lineage(home: Home, colibri: Path) -> None:
    """Draw the lineage of columns as a page."""
    command = [
        str(colibri),
        "generate",
        f"--manifest={manifest.path(home)}",
        f"--catalog={home.dbt / 'catalog.json'}",
        f"--output-dir={home.dbt / 'colibri'}",
    ]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  a path from the Makefile
    drawn = home.dbt / "colibri" / "index.html"
    if completed.returncode or not drawn.exists():
        raise QhawaqError(f"{colibri} could not draw the lineage: {completed.stderr[-500:]}")
    files.copied(drawn, home.docs / "linaje.html")


def main() -> None:
    """Write the pages of the home that the environment names."""
    progress = Progress()
    try:
        paths = write(Home.find(), progress, Path(sys.argv[1]))
    except QhawaqError as error:
        sys.exit(f"qhawaq: {error}")
    progress.say("pages", open=str(paths[0]))


if __name__ == "__main__":
    main()
