"""The warehouse agrees with a second implementation that was written from the sentences of docs/definitions.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Country
from tests.second import compare, draw, indicators, reasons
from tests.second.compare import Difference, report
from tests.second.features import Pupils
from tests.second.indicators import Cells
from tests.second.outcomes import Labels
from tests.second.rows import Raw, Row, read

# Of each kind of date: of the first year, of closed schools, of a correction and the month withheld, of the newest year.
FEW_DATES = {
    dt.date(2018, 10, 31),
    dt.date(2021, 4, 30),
    dt.date(2022, 10, 31),
    dt.date(2023, 7, 31),
    dt.date(2025, 11, 30),
}


@dataclass
class Second:
    """The second implementation beside the warehouse of one home."""

    warehouse: Path
    raw: Raw
    features: dict[dt.date, dict[int, Row]]
    outcomes: dict[dt.date, dict[int, Row]]
    labels: dict[int, Labels]
    computed: dict[dt.date, Pupils] = field(default_factory=dict)

    @classmethod
    def of(cls, warehouse: Path) -> Second:
        raw, features = read(warehouse), compare.features(warehouse)
        labels = compare.labels_of_years(raw, (date.year for date in features))
        return cls(warehouse, raw, features, compare.outcomes(warehouse), labels)

    def pupils(self, date: dt.date) -> Pupils:
        if date not in self.computed:
            self.computed[date] = Pupils(self.raw, date)
        return self.computed[date]

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


def test_no_reason_of_the_newest_date_contradicts_the_raw_rows(second: Second) -> None:
    found = [*contradicted_terms(second), *contradicted_texts(second), *contradicted_services(second)]
    assert not found, "\n".join(found)


def test_no_immediate_case_contradicts_the_raw_rows_and_no_long_absence_is_left_out(second: Second) -> None:
    cases = compare.ask(second.warehouse, "select * from education.immediate_cases")
    pupils = second.pupils(second.raw.today)
    found = [reasons.unfounded_case(row["need"], row["reason_text"], pupils, int(row["child_key"])) for row in cases]
    assert cases
    assert not list(filter(None, found))
    assert {int(row["child_key"]) for row in cases if row["need"] == "long_absence"} == reasons.long_absences(pupils)


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
        *compare.counts(compare.cells(second.warehouse, "int_indicators__counts"), april.counts),
        *compare.counts(compare.cells(second.warehouse, "int_indicators__services"), october.counts),
        *compare.counts(compare.cells(second.warehouse, "int_indicators__groups", of_group), groups.counts),
    ]
    assert not found, report(found)


def contradicted_terms(second: Second) -> Iterator[str]:
    for row in compare.ask(second.warehouse, "select * from scores.risk_reasons order by as_of_date"):
        child = second.pupils(row["as_of_date"]).features.get(row["child_key"])
        said = reasons.contradiction(row["term"], row["value"], child) if child else "is no pupil"
        if said:
            yield f"child {row['child_key']} on {row['as_of_date']}: {said}"


def contradicted_texts(second: Second) -> Iterator[str]:
    for row in compare.ask(
        second.warehouse, "select * from education.priority_list where model_version not like 'rule:%'"
    ):
        child = second.pupils(row["as_of_date"]).features[int(row["child_key"])]
        for said in reasons.unfounded(row["reason_text"], child):
            yield f"child {row['child_key']} on {row['as_of_date']}: {said}"


def contradicted_services(second: Second) -> Iterator[str]:
    for row in compare.ask(second.warehouse, "select * from education.suggested_services"):
        pupils = second.pupils(row["as_of_date"])
        said = reasons.unfounded_service(row["support_code"], row["need_text"], pupils, int(row["child_key"]))
        if said:
            yield f"child {row['child_key']} on {row['as_of_date']}: {said}"
