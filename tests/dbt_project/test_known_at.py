"""The past does not depend on the future: replayed with the future deleted, it is the same; planted leaks are not."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests import few
from tests.conftest import Country, qhawaq
from warehouse import contracts, keys
from warehouse.build import dbt
from warehouse.landing import standing
from warehouse.pipeline import build
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

LEAKS = Path(__file__).parent / "leaks"
DAYS = ("2022-10-31", "2023-07-31")  # a correction comes after the one; a region is withheld on the other


def forget(home: Home, day: str) -> None:
    """Delete from a warehouse everything that was not yet known on a day."""
    with duckdb.connect(str(home.warehouse)) as db:
        for table in contracts.read(DBT_PROJECT):
            db.execute(f"delete from raw.{table} where known_at > date '{day}'")
        for table in ("child_merges", "withheld"):
            db.execute(f"delete from raw.{table} where known_at > date '{day}'")
        db.execute(f"update raw.withheld set resolved_at = null where resolved_at > date '{day}'")
        db.execute(f"delete from raw.deliveries where effective_at > date '{day}'")
        db.execute(
            "update raw.deliveries set status = 'landed', superseded_at = null "
            f"where superseded_at > date '{day}'"
        )  # fmt: skip
        for table in ("coverage", "standing"):
            db.execute(f"delete from raw.{table} where file not in (select file from raw.deliveries)")
        for contract in contracts.read(DBT_PROJECT).values():
            if contract.has_whole_files:
                standing.settle_all(db, contract)
        db.execute("delete from raw.closed_dates")
        db.execute(f"delete from ml.lists where as_of_date > date '{day}'")


def built(home: Home, project: Path, *nodes: str, today: str | None = None) -> None:
    """Build with another project's models: without tests, which judge other promises, and without views and seeds."""
    build.set_day(home, date.fromisoformat(today) if today else None)
    selection = ("--select", *nodes, "--exclude", "path:models/*staging", "resource_type:seed")
    few.without_tests(
        home, *selection, full_refresh=today is not None, project=project, of=("+leak_*", "+child_features")
    )


@dataclass(frozen=True)
class Futures:
    """The whole country, and the same with all after a day forgotten; leaky models are built in both."""

    country: Country
    root: Path
    cut: dict[str, Home]

    @property
    def whole(self) -> Home:
        return Home(self.root / "whole")

    @property
    def project(self) -> Path:
        return self.root / "project"

    def until(self, day: str) -> Home:
        """Return the country as it was known on a day, built when it is first asked for."""
        if day not in self.cut:
            self.cut[day] = home = self.country.to_build(self.root / day)
            forget(home, day)
            built(home, self.project, "+features.leaks", "+child_features", today=day)
        return self.cut[day]

    def differing(self, table: str, day: str) -> int:
        """Count rows of dates up to the day that stand in one only."""
        with duckdb.connect() as db:
            db.execute(f"attach '{self.whole.warehouse}' as whole_country (read_only)")
            db.execute(f"attach '{self.until(day).warehouse}' as cut (read_only)")
            (common,) = db.execute(
                f"select count(distinct as_of_date) from whole_country.features.{table} as w "
                f"semi join cut.features.{table} as c using (as_of_date) where as_of_date <= date '{day}'"
            ).fetchone()
            (all_,) = db.execute(
                f"select count(distinct as_of_date) from whole_country.features.{table} where as_of_date <= date '{day}'"
            ).fetchone()
            assert (common, common > 10) == (all_, True)
            rows = [
                f"(select * from {name}.features.{table} where as_of_date <= date '{day}' "
                f"and as_of_date in (select as_of_date from whole_country.features.{table}))"
                for name in ("whole_country", "cut")
            ]
            return db.execute(
                f"select count(*) from (({rows[0]} except all {rows[1]}) union all ({rows[1]} except all {rows[0]}))"
            ).fetchone()[0]


@pytest.fixture(scope="module")
def futures(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Futures:
    found = Futures(country, tmp_path_factory.mktemp("futures"), {})
    project = found.project
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(LEAKS, project / "models" / "features" / "leaks")
    few.parse(project)
    built(country.to_build(found.whole.root), project, "features.leaks")
    return found


@pytest.mark.parametrize("day", [pytest.param(DAYS[0], marks=pytest.mark.long), DAYS[1]])
def test_with_the_future_deleted_the_past_is_the_same(futures: Futures, day: str) -> None:
    assert futures.differing("child_features", day) == 0


def test_a_column_filled_in_afterwards_is_caught(futures: Futures) -> None:
    assert futures.differing("leak_filled_in_afterwards", "2023-07-31") > 0


@pytest.mark.long
def test_a_late_correction_is_caught(futures: Futures) -> None:
    assert futures.differing("leak_late_correction", "2022-10-31") > 0


def test_an_aggregate_over_the_whole_year_is_caught(futures: Futures) -> None:
    assert futures.differing("leak_whole_year", "2023-07-31") > 0


def test_a_feature_made_of_the_label_is_caught(futures: Futures) -> None:
    assert futures.differing("leak_of_the_label", "2023-07-31") > 0


# Models that are built one as-of date at a time; all that they read must be guarded too.
DATED = sorted((DBT_PROJECT / "models" / "features").rglob("*.sql")) + sorted(
    path
    for path in (DBT_PROJECT / "models" / "intermediate").rglob("*.sql")
    if "materialized='as_of'" in path.read_text(encoding="utf-8")
)
TIMELESS = {"departments", "services"}  # seeds; services are chosen by their own dates


def reads_unguarded(sql: str) -> list[str]:
    """Return what a feature model reads other than by `known` or, of its own date, from a dated model."""
    dated = r"ref\('(\w+)'\) \}\}\s+where\s+as_of_date = \{\{ as_of\(\) \}\}|\bof_date\(ref\('(\w+)'\)\)"
    guarded = {name for names in re.findall(dated, sql) for name in names} & {path.stem for path in DATED}
    guarded |= set(re.findall(r"\bknown(?:_by_child)?\(ref\('(\w+)'\)\)", sql))
    return [name for name in re.findall(r"ref\('(\w+)'\)", sql) if name not in guarded | TIMELESS]


@pytest.mark.parametrize("path", DATED, ids=lambda p: p.stem)
def test_features_read_facts_only_as_known(path: Path) -> None:
    assert reads_unguarded(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", sorted(LEAKS.glob("*.sql")), ids=lambda p: p.stem)
def test_leaks_are_seen_in_the_text_too(path: Path) -> None:
    assert reads_unguarded(path.read_text(encoding="utf-8")) != []


@pytest.mark.long
def test_a_full_refresh_equals_what_was_built_month_by_month(tmp_path: Path) -> None:
    """Deliveries that arrive in two parts, the first built and closed before the other, then everything built anew."""
    template, home = tmp_path / "template", Home(tmp_path / "home")
    qhawaq(template, "simulate", "--children", "500", "--years", "2022-2024", "--truth", str(tmp_path / "truth"))
    shutil.copytree(template, home.root)
    keys.load(home.secrets)
    waiting = sorted((template / "inbox").iterdir())
    for day in ("20230720", "99999999"):
        for path in waiting:
            (home.inbox / path.name).unlink(missing_ok=True)
        for path in waiting:
            if re.search(r"_(\d{8})(_|\.)", path.name)[1] <= day:
                shutil.copy2(path, home.inbox / path.name)
        qhawaq(home.root, "--quiet", "land")
        closed(home)
    before = content(home)
    closed(home, again=True)
    assert content(home) == before
    assert len(before[1]) > 10


def closed(home: Home, again: bool = False) -> None:
    """Do what `qhawaq build` does, without dbt's tests."""
    build.begin(home, Progress(quiet=True))
    dbt.build(home, Progress(quiet=True), dbt.FEATURES, again, tests=False)
    build.close(home, Progress(quiet=True), again)


def content(home: Home) -> tuple[list[tuple], list[tuple]]:
    """Return features and outcomes as counts and hashes by date."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return tuple(
            db.execute(
                f"select as_of_date, count(*), sum(hash(t))::varchar from {t} as t group by 1 order by 1"
            ).fetchall()
            for t in ("outcomes.child_outcomes", "features.child_features")
        )
