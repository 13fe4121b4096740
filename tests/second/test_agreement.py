"""The warehouse agrees with a second implementation that was written from the sentences of docs/definitions.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from tests.second import compare, draw, indicators
from tests.second.compare import Difference, report
from tests.second.indicators import Cells, Counts
from tests.second.outcomes import Labels
from tests.second.rows import Row, read
from tests.second.sweep import SWEPT, Sweep
from warehouse.publish.disclosure.cells import OF_YEARS

# Of each kind of date: of the first year, of closed schools, of a correction and the month withheld, of the newest year.
FEW_DATES = {
    dt.date(2018, 10, 31),
    dt.date(2021, 4, 30),
    dt.date(2022, 10, 31),
    dt.date(2023, 7, 31),
    dt.date(2025, 11, 30),
}


@dataclass(kw_only=True)
class Second(Sweep):
    """The second implementation beside all that the warehouse of one home says."""

    features: dict[dt.date, dict[int, Row]]
    outcomes: dict[dt.date, dict[int, Row]]
    labels: dict[int, Labels]

    @classmethod
    def of(cls, warehouse: Path) -> Second:
        raw, features = read(warehouse), compare.features(warehouse)
        labels = compare.labels_of_years(raw, (date.year for date in features))
        return cls(warehouse, raw, features=features, outcomes=compare.outcomes(warehouse), labels=labels)

    def differences(self, date: dt.date, keys: set[int]) -> Iterator[Difference]:
        pupils = self.pupils(date)
        yield from compare.children(date, self.features[date], pupils.features, keys)
        said = compare.outcomes_by_sentences(pupils, self.labels[date.year])
        yield from compare.children(date, self.outcomes[date], said, keys)

    @property
    def everyone(self) -> set[int]:
        return {row["child_key"] for row in self.raw.tables["siagie_enrollments"]}


@pytest.fixture(scope="module")
def second(country: Country) -> Second:
    return Second.of(country.home.warehouse)


@pytest.fixture(scope="module")
def drawn(country: Country, second: Second) -> set[int]:
    touched = draw.by_trap(country.home.warehouse, country.truth / "traps.parquet")
    return compare.keys_of(
        second.raw, draw.draw(touched, {key for of_date in second.features.values() for key in of_date})
    )


def test_the_draw_has_children_of_every_trap_that_touches_children(country: Country, drawn: set[int]) -> None:
    planted = {trap for (trap,) in country.ask(f"select distinct trap from '{country.truth / 'traps.parquet'}'")}
    touched = draw.by_trap(country.home.warehouse, country.truth / "traps.parquet")
    assert set(touched) == planted - draw.OF_NO_CHILD
    few = {trap: len(keys & drawn) for trap, keys in touched.items() if len(keys & drawn) < min(draw.QUOTA, len(keys))}
    assert not few
    assert len(drawn) >= draw.SIZE


def test_features_and_outcomes_of_children_drawn_by_trap_agree_on_a_date_of_each_kind(
    second: Second, drawn: set[int]
) -> None:
    assert set(second.features) >= FEW_DATES
    found = [one for date in sorted(FEW_DATES) for one in second.differences(date, drawn)]
    assert not found, report(found)


@pytest.mark.parametrize("what", ["services", "cases"])
def test_nothing_said_of_a_child_contradicts_the_raw_rows(second: Second, what: str) -> None:
    assert_borne_out(list(second.said(what)))


@pytest.mark.long
def test_no_reason_that_a_model_gives_contradicts_the_raw_rows(country: Country, tmp_path: Path) -> None:
    """The country's list goes by a rule, without reasons; here its model goes live as if its gates had passed."""
    home = country.to_build(tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as db:
        of_lists = "outcome = 'interruption' and algorithm = 'additive'"
        db.execute(f"update ml.model_versions set gate = 'passed' where {of_lists}")
        (name,) = db.execute(f"select max(model_version) from ml.model_versions where {of_lists}").fetchone()
    qhawaq(home.root, "deploy", name)
    qhawaq(home.root, "score")
    sweep = Sweep(home.warehouse, read(home.warehouse))
    for what in SWEPT:
        assert_borne_out(list(sweep.said(what)))


def assert_borne_out(said: list[str | None]) -> None:
    assert said, "nothing was checked"
    assert not list(filter(None, said)), "\n".join(filter(None, said))


@pytest.mark.long
def test_features_and_outcomes_of_every_child_agree_on_every_date(second: Second) -> None:
    found = [one for date in sorted(second.features) for one in second.differences(date, second.everyone)]
    assert not found, report(found)


@pytest.mark.long
def test_every_cell_before_disclosure_agrees(second: Second) -> None:
    april, groups, october = Cells(), Cells(), Cells()
    for date in second.features:
        if indicators.is_april(date):
            for row, name, is_case in indicators.of_april(second.pupils(date), second.labels[date.year]):
                april.add(row, name, is_case)
                groups.add_groups(row, name, is_case)
        elif indicators.is_october(date):
            for row, name, is_case in indicators.of_october(second.pupils(date)):
                october.add(row, name, is_case)
    of_group = "indicator || ' of ' || group_name"
    found = [
        *compare.counts(of_dates(compare.cells(second.warehouse, "int_indicators__counts")), april.counts),
        *compare.counts(compare.cells(second.warehouse, "int_indicators__services"), october.counts),
        *compare.counts(of_dates(compare.cells(second.warehouse, "int_indicators__groups", of_group)), groups.counts),
    ]
    assert not found, report(found)


def of_dates(cells: Counts) -> Counts:
    """Leave out the indicators of school years, which `test_years` counts."""
    return {cell: n for cell, n in cells.items() if cell[-1].split(" of ")[0] not in OF_YEARS}
