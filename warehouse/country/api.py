"""The synthetic country's APIs on 127.0.0.1, with the files of `simulate --api`; every response is marked synthetic.

`python -m warehouse.country.api FOLDER -- COMMAND …` serves them on a free port while COMMAND runs, with their
addresses and token in its environment.
"""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from warehouse import seeds
from warehouse.collect.client import JSON, SYNTHETIC_HEADER

PAGE = 500  # rows
SCHOOLS_PER_PAGE = 50
NAME = re.compile(r"(?P<stem>.+)_(?P<period>\d{4})_(?P<delivered>\d{8})(?:_[A-Z0-9]+)?\.(?:txt|csv)")
CATALOGS = {"distritos": ("consulta_ubigeo", "idDistrito"), "ugels": ("consulta_ugel", "idUgel")}
STATISTICS = {"totalAlumnos": "talumno", "totalDocentes": "tdocente", "totalSecciones": "tseccion"}
ALWAYS_EMPTY = ("area", "distrito", "ugel", "nivelModalidad")
Query = dict[str, str]


class Page(NamedTuple):
    """A response."""

    status: int
    content_type: str
    body: str


@dataclass
class Country:
    """The data of the APIs, their token, and failures that tests plan."""

    folder: Path
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    failures: list[int] = field(default_factory=list)  # statuses of the next responses
    asked: list[str] = field(default_factory=list)  # paths of the requests
    _cache: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # files do not change while they are served

    def rows(self, stem: str) -> list[dict[str, str]]:
        """Return the rows of a source's files, in order of delivery, each with period and date."""
        if stem not in self._cache:
            self._cache[stem] = self._rows(stem)
        return self._cache[stem]

    def _rows(self, stem: str) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = []
        for path in sorted(self.folder.glob(f"{stem}_*"), key=lambda p: (p.name.split("_")[-1], p.name)):
            if name := NAME.fullmatch(path.name):
                stated = {"_period": name["period"], "_delivered": str(date.fromisoformat(name["delivered"]))}
                rows += [row | stated for row in _read(path)]
        return rows

    def answer(self, path: str, query: Query, token: str | None) -> Page:
        """Return the response to a request."""
        if self.failures:
            return Page(self.failures.pop(0), "text/plain", "busy")
        name, _, rest = path.strip("/").partition("/")
        if not rest:
            return Page(200, "text/plain", name)
        if name != "escale" and token != f"Bearer {self.token}":
            return Page(401, "text/plain", "sign in")
        apis = {"escale": self._escale, "juntos": self._juntos, "demuna": self._demuna}
        return apis.get(name, _not_found)(rest, query)

    def _juntos(self, rest: str, query: Query) -> Page:
        rows = self.rows("JUNTOS_PADRON")
        start = int(query.get("cursor", "0"))
        end = start + PAGE
        return _json({"datos": rows[start:end], "siguiente": str(end) if end < len(rows) else None})

    def _demuna(self, rest: str, query: Query) -> Page:
        rows = [row for row in self.rows("DEMUNA_CASOS") if row["_delivered"] > query.get("desde", "")]
        page = int(query.get("pagina", "1"))
        return _json({"datos": rows[(page - 1) * PAGE : page * PAGE], "paginas": max(1, -(-len(rows) // PAGE))})

    def _escale(self, rest: str, query: Query) -> Page:
        schools = self.rows("ESCALE_PADRON")
        if rest in CATALOGS:
            column, code = CATALOGS[rest]
            return _items([{code: value} for value in sorted({row[column] for row in schools})])
        matching = _matching(schools, query)
        if rest == "instituciones/cuenta":
            return Page(200, "text/plain", str(len(matching)))
        start = int(query.get("start", "0"))
        return _items(list(map(_school, matching[start : start + SCHOOLS_PER_PAGE])))


def _matching(schools: list[dict[str, str]], query: Query) -> list[dict[str, str]]:
    for kind in query.keys() & {"ubigeo", "ugel"}:
        schools = [row for row in schools if row[f"consulta_{kind}"].startswith(query[kind])]
    return schools


def _school(row: dict[str, str]) -> dict[str, Any]:
    """Return a school in the real register's format: numbers as text, nested statistics, some fields always empty."""
    plain = {k: v for k, v in row.items() if not k.startswith(("estadistica_", "consulta_", "_"))}
    counted = {k.removeprefix("estadistica_"): v for k, v in row.items() if k.startswith("estadistica_")}
    level = counted.pop("nivelModalidad")
    nested: dict[str, Any] = {STATISTICS.get(name, name): value for name, value in counted.items()}
    nested |= {"codMod": row["codMod"], "nivelModalidad": {"idCodigo": level, "valor": _levels()[level]}}
    return plain | dict.fromkeys(ALWAYS_EMPTY) | {"estadistica": nested}


@cache
def _levels() -> dict[str, str]:
    """Return the levels in words."""
    return {row["level"]: row["level_name"] for row in seeds.rows("levels")}


def _read(path: Path) -> list[dict[str, str]]:
    encoding, separator = ("latin-1", "|") if path.suffix == ".txt" else ("utf-8", ",")
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def _not_found(_rest: str, _query: Query) -> Page:
    return Page(404, "text/plain", "nothing here")


def _items(items: list[dict[str, Any]]) -> Page:
    """Return a list as the register's API does: a single one stands without a list."""
    return _json({"items": items[0] if len(items) == 1 else items})


def _in_xml(answer: Page) -> Page:
    """Return what the register's API does for whoever does not ask for JSON."""
    return Page(answer.status, "application/xml", "<?xml version='1.0'?><instituciones/>")


def _json(content: object) -> Page:
    return Page(200, JSON, json.dumps(content, ensure_ascii=False))


@contextmanager
def serving(country: Country) -> Iterator[dict[str, str]]:
    """Serve while the block runs; yield the environment for `qhawaq collect`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(country.answer, country.asked))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    urls = {f"QHAWAQ_{name.upper()}_URL": f"{base}/{name}" for name in ("escale", "juntos", "demuna")}
    tokens = {f"QHAWAQ_{name}_TOKEN": country.token for name in ("JUNTOS", "DEMUNA")}
    try:
        yield urls | tokens
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(answer: Callable[[str, Query, str | None], Page], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET requests."""

        def do_GET(self) -> None:
            """Record the path and send the response."""
            asked.append(self.path)
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            response = answer(url.path, query, self.headers.get("Authorization"))
            if response.content_type == JSON and JSON not in self.headers.get("Accept", ""):
                response = _in_xml(response)
            content = response.body.encode()
            self.send_response(response.status)
            self.send_header("Content-Type", f"{response.content_type}; charset=utf-8")
            self.send_header(SYNTHETIC_HEADER, "1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: a query can hold a child's data."""

    return Handler


def main(arguments: list[str]) -> int:
    """Serve a folder while a command runs; return the command's exit code."""
    folder = Path(arguments[0])
    command = arguments[2:]
    with serving(Country(folder)) as environment:
        return subprocess.run(command, env=os.environ | environment, check=False).returncode  # noqa: S603  our caller's


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
