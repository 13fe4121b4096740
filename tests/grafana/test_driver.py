"""What Grafana's source would get: the driver that it embeds (DuckDB 1.5.4), frames of Grafana's SDK; Python agrees.

The source's own module is not to be had from the registries; what it is made of is (grafana/plugin_check).
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.conftest import Country
from tests.grafana import runner
from tests.grafana.test_dashboards import ATTACKS, DASHBOARDS, RULES, files
from warehouse.publish.serving import AUDIENCES
from warehouse.settings import REPOSITORY

CHECK = REPOSITORY / "grafana" / "plugin_check"
KINDS = {"VARCHAR": "string", "DATE": "time", "TIMESTAMP": "time", "BOOLEAN": "boolean"}  # all others are numbers
MOUNTED = "/data/current.duckdb"  # where a Grafana finds its audience's file


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.search(r"go ?([\d.]+)", text).group(1).split("."))  # type: ignore[union-attr]


def lacking() -> str:
    """Return why the check cannot be compiled here; nothing where it can."""
    if not (go := shutil.which("go")) or not shutil.which("gcc"):
        return "Go and a C compiler are not installed here"
    wanted = version((CHECK / "go.mod").read_text())
    found = version(subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout)
    return "" if found >= wanted else f"Go is {found} here; grafana/plugin_check/go.mod wants {wanted}"


pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())


def provisioned(audience: str) -> str:
    """Return the path of an audience's data source, with its options."""
    text = (REPOSITORY / "grafana" / "provisioning" / audience / "datasources" / "qhawaq.yml").read_text()
    (said,) = yaml.safe_load(text)["datasources"]
    return said["jsonData"]["path"]


class Source:
    """One data source that runs, as Grafana keeps it."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, **said: str) -> dict[str, Any]:
        print(json.dumps(said), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]

    def open(self, path: Path, audience: str = "") -> None:
        """Open a file as the provisioned data source of an audience says, or as it is."""
        said = provisioned(audience).replace(MOUNTED, str(path)) if audience else str(path)
        assert self.say(open=said, init=runner.INIT) == {}

    def ask(self, sql: str) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
        """Return names and kinds of fields, and rows."""
        said = self.say(sql=sql)
        assert "error" not in said, (sql, said)
        fields = [(field["name"], field["type"]) for field in said["frame"]["schema"]["fields"]]
        return fields, list(zip(*said["frame"]["data"]["values"], strict=True))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plugin") / "check"
    for command in (["vet", "."], ["build", "-o", str(made), "."]):
        done = subprocess.run(["go", *command], cwd=CHECK, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    return made


@pytest.fixture
def source(program: Path) -> Iterator[Source]:
    made = Source(program)
    yield made
    made.process.stdin.close()  # type: ignore[union-attr]
    assert made.process.wait(30) == 0


def asked(made: dict[str, Any], db: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield every query of a dashboard, its choices' too, for the first and last of each choice."""
    variables = made.get("templating", {}).get("list", [])
    for chosen in runner.choices(db, made):
        texts = [panel["targets"][0]["rawSql"] for panel in made["panels"]]
        texts += [one["query"] for one in variables if one["type"] == "query"]
        yield from (runner.put_in(sql, chosen) for sql in texts)


def in_python(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
    found = db.execute(sql)
    fields = [(name, KINDS.get(str(kind), "number")) for name, kind, *_ in found.description]
    return fields, [tuple(map(sent, row)) for row in found.fetchall()]


def sent(value: object) -> object:
    """Return a value as the browser gets it: a moment is milliseconds."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
    return value


@pytest.mark.parametrize("audience", sorted(set(AUDIENCES) - {"service"}))
def test_every_query_gives_the_frame_that_python_expects(country: Country, source: Source, audience: str) -> None:
    mine = [made for of, made in DASHBOARDS if of == audience]
    alerts = [rule["data"][0]["model"]["rawSql"] for rule in RULES] if audience == "operations" else []
    source.open(files(country, audience)[0], audience)
    with runner.opened(files(country, audience)[0]) as db:
        queries = {*itertools.chain.from_iterable(asked(made, db) for made in mine), *alerts}
        wanted = {sql: in_python(db, sql) for sql in sorted(queries)}
    assert {sql: source.ask(sql) for sql in wanted} == wanted
    assert len(wanted) >= len(mine)


@pytest.mark.parametrize("audience", ["officials", "operations"])
def test_the_driver_refuses_what_python_refuses(country: Country, source: Source, audience: str) -> None:
    source.open(files(country, audience)[0], audience)
    reached = [sql for sql in ATTACKS if "error" not in source.say(sql=sql)]
    assert all(sql.startswith("attach ':memory:'") for sql in reached), reached


def test_a_huge_number_is_no_number_there(source: Source) -> None:
    """Why marts hold none: the SDK refuses it, and the source makes a text of it."""
    source.open(Path(":memory:"))
    assert "big.Int" in source.say(sql="select sum(i) as n from range(3) as t (i)")["error"]
    assert source.ask("select cast(sum(i) as bigint) as n from range(3) as t (i)") == ([("n", "number")], [(3,)])


def test_a_switched_link_is_seen_by_a_source_that_opens_anew_only(
    program: Path, source: Source, tmp_path: Path
) -> None:
    """Why Grafana is started again after each publish."""
    link, say = tmp_path / "current.duckdb", "select n from told"
    for n in (1, 2):
        with duckdb.connect(str(tmp_path / f"{n}.duckdb")) as db:
            db.execute(f"create table told as select {n} as n")
    link.symlink_to(tmp_path / "1.duckdb")
    source.open(link)
    other = tmp_path / "new"
    other.symlink_to(tmp_path / "2.duckdb")
    other.replace(link)
    assert source.ask(say)[1] == [(1,)]
    source.open(link)
    assert source.ask(say)[1] == [(2,)]
