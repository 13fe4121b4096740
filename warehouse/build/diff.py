"""What a change of SQL alters: both versions are built from the same raw tables, side by side, and compared by key."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from warehouse.build import closing, dbt, formulas, manifest
from warehouse.build.manifest import Manifest, Node
from warehouse.database import quoted
from warehouse.errors import UsageError
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

ASIDE = {"scored_at", "published_at", "landed_at"}  # when, not what
LISTS = {
    "priority_list": "ugel_code",
    "repetition_list": "ugel_code",
    "immediate_cases": "ugel_code",
    "work_referrals": "area_code",
}
SCORED = ("score_outputs", "risk_scores", "reason_outputs")  # history: scored anew only where it is dropped


@dataclass
class TableDiff:
    """How one table differs."""

    name: str
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: dict[str, int] = field(default_factory=dict)  # column → rows in which it differs
    moves: list[tuple[str, int, int]] = field(default_factory=list)  # of a list: area, entered, left

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.added or self.removed or self.changed)

    def lines(self) -> list[str]:
        """Say how, nothing where nothing does."""
        if not self.differs:
            return []
        return [
            f"  {self.name:<44} {self.before:>9,} → {self.after:>9,} rows   "
            f"+{self.added:,} -{self.removed:,} ~{self.changed:,}",
            *(f"      {name}: {n:,} rows" for name, n in self.columns.items()),
            *(f"      {area}: {entered} entered, {left} left" for area, entered, left in self.moves),
        ]


@dataclass
class Difference:
    """What a change alters."""

    changed: list[str]
    affected: list[str]
    tables: list[TableDiff]
    unknown: int | None = None  # closed dates of unknown code; none where two versions are compared

    def __str__(self) -> str:
        """Say it as text."""
        if not self.changed and self.unknown is None:
            return "no model compiles to other SQL: nothing changes"
        lines = [f"changed: {', '.join(self.changed) or 'nothing that is known'}"]
        if self.unknown:
            lines.append(f"{self.unknown} closed dates were made by code that was not recorded")
        lines += [f"built on both sides: {len(self.affected)} models", ""]
        for table in self.tables:
            lines += table.lines()
        same = sum(not table.differs for table in self.tables)
        return "\n".join([*lines, f"  {same} of {len(self.tables)} tables are the same, row by row"])


def project_at(revision: str, folder: Path) -> Path:
    """Write the dbt project as it stood at a git revision into a folder.

    Raises:
        UsageError: git does not know the revision, or is not installed.
    """
    command = ["git", "-C", str(REPOSITORY), "archive", "--end-of-options", revision, "dbt_project"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  git, with a revision as argument
    except FileNotFoundError:
        raise UsageError(
            f"git is not installed, so the dbt project at {revision!r} cannot be read: install git"
        ) from None
    if done.returncode:
        raise UsageError(f"git knows no revision {revision!r} with a dbt_project in {REPOSITORY}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "dbt_project"


def compare(home: Home, base: Path, progress: Progress, new: Path = DBT_PROJECT) -> Difference:
    """Build what differs between two versions of the dbt project on copies of a home, and compare.

    Raises:
        HomeError: the home has nothing built.
        BuildFailed: a version does not build.
    """
    manifest.path(home)
    projects = {"base": base, "new": new}
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".diff-") as folder:
        sides = {}
        sql = {}
        for name, project in projects.items():
            with progress.step(f"compile {name}"):
                sides[name] = copied(home, Path(folder) / name)
                dbt.compile_models(sides[name], progress, project)
            sql[name] = _sql(sides[name])
        changed = _changed(sql["base"], sql["new"])
        affected = _affected(sides["new"], changed)
        for name, side in sides.items():
            _build(side, projects[name], sorted(sql[name].keys() & affected), name, progress)
        common = sql["base"].keys() & sql["new"].keys()
        tables = (table_of(sides, model) for model in sorted(common & set(affected)))
        return Difference(changed, affected, list(filter(None, tables)))


def _changed(base: dict[str, str], new: dict[str, str]) -> list[str]:
    """Return the models that compile to something else, or stand on one side only."""
    return sorted({name for name, _ in base.items() ^ new.items()})


def _build(side: Home, project: Path, chosen: list[str], name: str, progress: Progress) -> None:
    """Build the chosen models of one side anew."""
    if not chosen:
        return
    _forget_scores(side, chosen)
    with progress.step(f"build {len(chosen)} models of {name}"):
        dbt.build(side, Progress(quiet=True), ("--select", *chosen), True, project, tests=False)
        _write_out(side, chosen)


def _write_out(side: Home, chosen: list[str]) -> None:
    """Put tables in the place of views, so that rows can be compared; not of staging: what that alters shows later."""
    with duckdb.connect(str(side.warehouse)) as db:
        views = db.execute(
            "select schema_name, view_name from duckdb_views() where not internal and schema_name not like '%staging' "
            "and list_contains(?, view_name)",
            [chosen],
        ).fetchall()
        for view in (".".join(map(quoted, names)) for names in views):
            db.execute(f"create temp table written as from {view}; drop view {view}")
            db.execute(f"create table {view} as from written; drop table written")


def copied(home: Home, root: Path) -> Home:
    """Copy what a build reads of a home."""
    root.mkdir()
    shutil.copy2(home.warehouse, root / home.warehouse.name)
    with duckdb.connect(str(root / home.warehouse.name)) as db:
        db.execute(closing.DDL + formulas.DDL)  # a home of former code has not all of it
    return Home(root)


def _sql(side: Home) -> dict[str, str]:
    """Return what each model and seed compiles to: a change of a macro or a variable shows there too."""
    nodes = Manifest.read(side).of_type(*SAID).values()
    return {node["name"]: SAID[node["resource_type"]](node).replace(str(side.root), "") for node in nodes}


def _compiled(node: Node) -> str:
    words = (node.get("compiled_code") or node["raw_code"]).split()  # how it is laid out changes nothing
    return json.dumps([" ".join(words), node["config"]["materialized"]])


# What a node of each kind says: where it differs, the node has changed.
SAID: dict[str, Callable[[Node], str]] = {
    "model": _compiled,
    "seed": lambda node: node["checksum"]["checksum"],
}


def _affected(side: Home, changed: list[str]) -> list[str]:
    """Return the changed models and seeds and every model below them."""
    known = Manifest.read(side)
    below = known.descendants({name for name, node in known.of_type(*SAID).items() if node["name"] in changed})
    return sorted({*changed, *(known.node(name)["name"] for name in below)})


def _forget_scores(side: Home, chosen: list[str]) -> None:
    """Drop the tables that keep their history, so that this school year's dates are scored anew on both sides."""
    with duckdb.connect(str(side.warehouse)) as db:
        for name in SCORED:
            if name in chosen:
                db.execute(f"drop table if exists scores.{name}")


def table_of(sides: dict[str, Home], model: str) -> TableDiff | None:
    """Compare one table by the key that a test proves unique; None for a view of staging: it shows in tables."""
    known = Manifest.read(sides["new"])
    node = known.table(model)
    key = known.keys.get(node["unique_id"])
    with duckdb.connect() as db:
        for name, side in sides.items():
            db.execute(f"attach '{side.warehouse}' as {name}_side (read_only)")
        if not key or not _is_table_twice(db, node["schema"], model):
            return None
        left_out = {*key, *ASIDE}
        columns = [name for name in _common_columns(db, node["schema"], model) if name not in left_out]
        return _compared(db, Pair.of(node["schema"], model, key), columns)


def _is_table_twice(db: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    sides = db.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ? "
        "and database_name in ('base_side', 'new_side')",
        [schema, table],
    ).fetchone()
    return sides == (2,)


def _common_columns(db: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    rows = db.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ? "
        "and table_catalog in ('base_side', 'new_side') group by 1 having count(*) = 2 order by min(ordinal_position)",
        [schema, table],
    )
    return [row[0] for row in rows.fetchall()]


@dataclass(frozen=True)
class Pair:
    """One table on both sides, as SQL, and what joins their rows."""

    name: str
    base: str
    new: str
    on: str

    @classmethod
    def of(cls, schema: str, table: str, key: list[str]) -> Pair:
        """Name a table of both sides."""
        place = f"{quoted(schema)}.{quoted(table)}"
        on = " and ".join(f"b.{quoted(c)} is not distinct from n.{quoted(c)}" for c in key)
        return cls(f"{schema}.{table}", f"base_side.{place}", f"new_side.{place}", on)

    @property
    def joined(self) -> str:
        """Rows that are on both sides."""
        return f"from {self.base} as b join {self.new} as n on {self.on}"


def _compared(db: duckdb.DuckDBPyConnection, pair: Pair, columns: list[str]) -> TableDiff:
    differ = {c: f"b.{quoted(c)} is distinct from n.{quoted(c)}" for c in columns}
    anywhere = " or ".join(differ.values()) or "false"
    before, after, both, changed = db.execute(
        f"select (select count(*) from {pair.base}), (select count(*) from {pair.new}), count(*), "
        f"count(*) filter (where {anywhere}) {pair.joined}"
    ).fetchone() or (0, 0, 0, 0)
    table = TableDiff(pair.name, before, after, after - both, before - both, changed)
    if changed:
        table.columns = _by_column(db, pair, differ)
    table.moves = _moves(db, pair)
    return table


def _by_column(db: duckdb.DuckDBPyConnection, pair: Pair, differ: dict[str, str]) -> dict[str, int]:
    """Return in how many rows each column differs, where it does."""
    counts = ", ".join(f"count(*) filter (where {condition})" for condition in differ.values())
    each = db.execute(f"select {counts} {pair.joined}").fetchone() or ()
    return {column: n for column, n in zip(differ, each, strict=True) if n}


def _moves(db: duckdb.DuckDBPyConnection, pair: Pair) -> list[tuple[str, int, int]]:
    """Return of a list, by area, how many enter and leave."""
    area = LISTS.get(pair.name.partition(".")[2])
    if area is None:
        return []
    return db.execute(
        f"select area, sum(entered)::bigint, sum(gone)::bigint from ("
        f"select n.{area} as area, 1 as entered, 0 as gone "
        f"from {pair.new} as n anti join {pair.base} as b on {pair.on} union all "
        f"select b.{area}, 0, 1 from {pair.base} as b anti join {pair.new} as n on {pair.on}) "
        "group by 1 order by 1"
    ).fetchall()
