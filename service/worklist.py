"""Whom to see today: the published work of one UGEL or school, as the first page filters, orders and counts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from service import words
from service.access import Caller
from service.published import PublishedFile
from service.visit_book import Pending
from warehouse.paper.words import ugel

NEW_DAYS = 30  # since the listing, while nobody has been in contact
SHOWN = 25  # children on a page: as many names as one look shows
OPEN_STATES = ("listado", "asignado", "contactado")
# As the journal, the worklist and addresses have them; texts/list.yml has the words.
STATES = (*OPEN_STATES, "atendido", "descartado", "cerrado")
NEEDS = ("long_absence", "unregistered", "interruption")
ORDERS = ("urgencia", "escuela", "contacto")
WORK = """
select w.* exclude (release_id), s.school_name, s.district_name
from worklist as w left join schools as s using (service_code)
where {place} order by w.child_key
"""
UGELS = "select ugel_code, any_value(ugel_name) as ugel_name from schools group by ugel_code order by ugel_code"


@dataclass(frozen=True)
class WorkItem:
    """One child to see."""

    child_key: str
    school_year: int | None
    service_code: str | None
    school_name: str
    district_name: str | None
    grade: int | None
    grade_name: str | None
    section: str | None
    need: str
    rank: int | None
    is_within_capacity: bool
    listed_on: date
    reasons: tuple[str, ...]
    action: str
    state: str
    state_on: date | None
    contacted_on: date | None
    is_new: bool
    due_on: date | None = None  # the date that was promised
    assigned_to: str | None = None
    outcome: str | None = None  # of the newest visit, as people read it
    name: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN_STATES

    @property
    def is_urgent(self) -> bool:
        """Whether a rule calls for a visit now."""
        return self.need != "interruption"

    @property
    def place(self) -> str:
        """Grade and section, as people say them."""
        return " ".join(filter(None, (self.grade_name, self.section)))


class ListChoice(BaseModel):
    """What a person chose to see, as the address says it."""

    model_config = ConfigDict(frozen=True)
    place: str = Field("", max_length=20)
    text: str = Field("", max_length=100)
    school: str = Field("", max_length=20)
    grade: str = Field("", max_length=40)
    state: str = Field("", max_length=20)
    mine: bool = False
    order: str = Field("urgencia", max_length=20)
    begun: int = Field(0, ge=0, le=10_000_000, alias="desde")

    @property
    def is_narrowed(self) -> bool:
        """Whether it shows less than all, or in another order."""
        return bool(self.text or self.school or self.grade or self.state or self.mine) or self.order != "urgencia"

    def beginning_at(self, begun: int) -> str:
        """Return the address of the same choice from another child on."""
        stated = self.model_dump(exclude_defaults=True) | {"desde": begun}
        return "?" + urlencode({name: str(value).lower() if value is True else value for name, value in stated.items()})


@dataclass(frozen=True)
class WorkCount:
    """What is left of the work, against the capacity."""

    n_open: int
    n_new: int
    n_capacity: int
    n_contacted: int


def places(published: PublishedFile, caller: Caller) -> dict[str, str]:
    """Return the UGELs and schools of a caller: what the address says → what people read."""
    ugels = {
        row["ugel_code"]: ugel(row["ugel_name"] or "") or f"UGEL {row['ugel_code']}" for row in published.query(UGELS)
    }
    named = {f"ugel:{code}": name for code, name in ugels.items() if caller.sees(code, None)}
    named |= {area: f"UGEL {area[5:]}" for area in _areas(caller, "ugel") if area not in named}
    return dict(sorted((named | _schools(published, caller)).items()))


def _areas(caller: Caller, kind: str) -> list[str]:
    return [area for area in caller.areas if area.startswith(f"{kind}:")]


def _schools(published: PublishedFile, caller: Caller) -> dict[str, str]:
    codes = [area.partition(":")[2] for area in _areas(caller, "school")]
    known = published.query("select service_code, school_name from schools where service_code in ?", [codes])
    names = {row["service_code"]: row["school_name"] for row in known}
    return {
        f"school:{code}": names.get(code) or words.texts("list")["unknown_service"].format(code=code) for code in codes
    }


def chosen_place(places: Mapping[str, str], asked: str, kind: str = "") -> str:
    """Return the place that an address asks for, if it is one of the caller's; else their first; empty without any."""
    fitting = [place for place in places if place.startswith(kind)]
    return asked if asked in fitting else next(iter(fitting), "")


def items(published: PublishedFile, place: str, today: date) -> list[WorkItem]:
    """Return the work of a place that its caller may see, by pseudonym.

    Args:
        published: the current release.
        place: `ugel:150101` or `school:0123456-0`.
        today: the day as of which a child is new.
    """
    kind, _, code = place.partition(":")
    column = {"ugel": "w.ugel_code", "school": "w.service_code"}[kind]
    rows = published.query(WORK.format(place=f"{column} = ?"), [code])
    return [_item(row, today) for row in rows]


def _school_name(row: Mapping[str, Any]) -> str:
    """Return a school by its name, else by its code."""
    said = words.texts("list")
    code = row["service_code"]
    return row["school_name"] or (said["unknown_service"].format(code=code) if code else said["no_school"])


def _item(row: Mapping[str, Any], today: date) -> WorkItem:
    is_recent = row["listed_on"] >= today - timedelta(days=NEW_DAYS)
    return WorkItem(
        child_key=row["child_key"],
        school_year=row["school_year"],
        service_code=row["service_code"],
        school_name=_school_name(row),
        district_name=row["district_name"],
        grade=row["grade"],
        grade_name=row["grade_name"],
        section=row["section"],
        need=row["need"],
        rank=row["rank_in_ugel"],
        is_within_capacity=row["is_within_capacity"],
        listed_on=row["listed_on"],
        reasons=tuple(row["reason_text"].split("; ")),
        action=row["action_text"],
        state=row["case_state"],
        state_on=row["state_on"],
        contacted_on=row["last_contact_on"],
        is_new=is_recent and row["last_contact_on"] is None,
    )


def with_visits(found: Iterable[WorkItem], pending: Mapping[str, Pending]) -> list[WorkItem]:
    """Return work with what was recorded since the release, and with promises and who is in charge."""
    return [_with_visit(item, pending[item.child_key]) if item.child_key in pending else item for item in found]


def _with_visit(item: WorkItem, pending: Pending) -> WorkItem:
    contacts = [day for day in (item.contacted_on, pending.contacted_on) if day]
    merged = replace(
        item,
        contacted_on=max(contacts, default=None),
        is_new=item.is_new and not contacts,
        due_on=pending.due_on,
        assigned_to=pending.assigned_to,
    )
    return replace(merged, state=pending.state, outcome=pending.outcome) if _is_newer(pending, item) else merged


def _is_newer(pending: Pending, item: WorkItem) -> bool:
    """Whether the journal tells of the same day as the files, or of a later one."""
    return pending.state_on is not None and pending.state_on >= (item.state_on or date.min)


def with_names(found: Iterable[WorkItem], names: Mapping[str, str]) -> list[WorkItem]:
    """Return work with the names that are known."""
    return [replace(item, name=names.get(item.child_key)) for item in found]


def chosen(found: Iterable[WorkItem], choice: ListChoice, caller: Caller) -> list[WorkItem]:
    """Return the work that a choice asks for, in its order."""
    asked = choice.text.casefold().strip()
    kept = [item for item in found if _is_chosen(item, choice, caller.called) and asked in _searched(item)]
    return sorted(kept, key=ORDER_KEYS.get(choice.order, _urgency))


def _is_chosen(item: WorkItem, choice: ListChoice, who: str) -> bool:
    is_state = item.state == choice.state if choice.state else item.is_open
    is_place = choice.school in ("", item.service_code) and choice.grade in ("", item.grade_name)
    return is_state and is_place and (not choice.mine or item.assigned_to == who)


def _searched(item: WorkItem) -> str:
    return f"{item.name or ''} {item.child_key} {item.school_name}".casefold()


def _urgency(item: WorkItem) -> tuple[object, ...]:
    """New entries first; then what a rule calls for; then by the place on the list."""
    return not item.is_new, not item.is_urgent, item.rank or 0, item.child_key


def by_class(item: WorkItem) -> tuple[object, ...]:
    """School, grade and section, and no order of urgency within: what a tutor may see."""
    return item.school_name, item.grade or 0, item.section or "", item.child_key


ORDER_KEYS = {
    "urgencia": _urgency,
    "escuela": by_class,
    "contacto": lambda item: (item.contacted_on or date.min, *_urgency(item)),
}


def count(found: Iterable[WorkItem]) -> WorkCount:
    """Count what is left to do of what can be done."""
    due = [item for item in found if item.is_within_capacity]
    still = [item for item in due if item.is_open and item.contacted_on is None]
    return WorkCount(
        n_open=len(still),
        n_new=sum(item.is_new for item in due),
        n_capacity=len(due),
        n_contacted=len(due) - len(still),
    )
