"""What stands where some deliveries are known: each replaces, of those before it, what its contract says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import duckdb

from warehouse.contracts import Contract
from warehouse.landing import losses
from warehouse.landing.losses import Part

FEWEST_TO_JUDGE = 5  # former rows of a region from which on a file can be seen to name nearly all
WHOLE_COUNTRY = ""  # the region of files that have none, and of rows whose region is not known


class Sent(NamedTuple):
    """A delivery that has rows, in the order in which deliveries replace each other."""

    period: str
    delivered_at: date
    number: int  # order of arrival: breaks the tie of two that state one day
    file: str
    since: date  # the first day on which it counts
    withdrawn_on: date
    rows: Mapping[str, int]  # by region


@dataclass
class Day:
    """What stands on a day, by region, and what is said of it."""

    parts: dict[str, tuple[Sent, ...]] = field(default_factory=dict)
    missing: dict[Part, losses.Loss] = field(default_factory=dict)  # against the former delivery
    withheld: dict[str, Withheld] = field(default_factory=dict)


class Withheld(NamedTuple):
    """A region with far fewer rows than in the period before."""

    file: str  # the newest of the period
    rows: int
    before: int


def day(db: duckdb.DuckDBPyConnection, contract: Contract, known: Iterable[Sent]) -> Day:
    """Return what stands where these deliveries are known, each after those that it replaces."""
    found = Day()
    for one in known:
        if contract.is_whole(one.file):
            _replace(db, contract, found, one)
        elif contract.has_whole_files:
            _replace_if_nearly_whole(db, contract, found, one)
        else:
            _add(found, one, one.rows or (WHOLE_COUNTRY,))
    return found


def _add(found: Day, one: Sent, regions: Iterable[str]) -> None:
    """Let a delivery stand beside the former ones: of a row that both name, the later word counts."""
    for region in regions:
        found.parts[region] = (*found.parts.get(region, ()), one)


def _replace_if_nearly_whole(db: duckdb.DuckDBPyConnection, contract: Contract, found: Day, one: Sent) -> None:
    """Take a file that is not marked as whole for one in the regions of which it names nearly all former rows."""
    former = {region: parts for region, parts in found.parts.items() if region in one.rows and region}
    lost = losses.found(db, contract, one.file, former)
    whole = {
        region
        for region, loss in lost.items()
        if loss.before >= FEWEST_TO_JUDGE and not loss.is_more_than(contract.scope.maximum_loss)
    }
    found.parts |= {region: (one,) for region in whole}
    _add(found, one, one.rows.keys() - whole)


def _replace(db: duckdb.DuckDBPyConnection, contract: Contract, found: Day, one: Sent) -> None:
    """Let a whole file replace what stands of its regions; a region that lacks too much keeps its former rows."""
    found.missing = {part: loss for part, loss in found.missing.items() if part.region not in one.rows}
    found.missing |= _missing(db, contract, found, one)
    for region in one.rows:
        if Part(one.file, region) not in found.missing and _is_replaceable(contract, region):
            found.parts[region] = (one,)
        elif contract.scope.keeps_rows or region not in found.parts:
            _add(found, one, (region,))


def _missing(db: duckdb.DuckDBPyConnection, contract: Contract, found: Day, one: Sent) -> dict[Part, losses.Loss]:
    """Return the regions that a whole file lacks, or of which it lacks more than the contract allows."""
    former = {region: parts for region, parts in found.parts.items() if _is_replaceable(contract, region)}
    if former.keys().isdisjoint(one.rows):  # no correction, but another part of the scope
        return {}
    return {
        Part(one.file, region): loss
        for region, loss in losses.found(db, contract, one.file, former).items()
        if region not in one.rows or loss.is_more_than(contract.scope.maximum_loss)
    }


def _is_replaceable(contract: Contract, region: str) -> bool:
    """Return whether a file can replace what stands of a region: of rows whose region is not known it cannot."""
    return bool(region) or contract.scope.region is None
