"""What a caller may hold: scopes, and areas by their form."""

from __future__ import annotations

import re
from collections.abc import Iterable

SCOPES = {
    "predict": "ask for predictions of records that the caller holds",
    "education": "read children of lists and cases of education",
    "welfare": "read what records of household, work and language say of these children",
    "protection": "see cases of the protection offices, and decide whose records are",
    "identity": "see who a child is, for a stated reason",
    "feedback": "record visits and what came of them",
    "tutoring": "read what a tutor may know of pupils of a school: no score",
    "planning": "see the work of a UGEL, and state its capacity",
    "audit": "see who looked at what, and where numbers come from",
}
EVERYWHERE = "*"
AREA = re.compile(r"\*|region:[0-9]{2}|ugel:[0-9]{6}|school:[0-9]{7}-[0-9]|province:[0-9]{4}")
AREA_FORMS = "*, region:15, ugel:150101, school:0123456-0 or province:1501"


def wrong(scopes: Iterable[str], areas: Iterable[str]) -> str:
    """Say what is wrong with the scopes and areas of a key; empty where nothing is."""
    scopes = tuple(scopes)
    areas = tuple(areas)
    if not scopes or set(scopes) - SCOPES.keys():
        return f"a scope is one of {', '.join(SCOPES)}, and a key has at least one"
    if not areas or not all(map(AREA.fullmatch, areas)):
        return f"an area is written {AREA_FORMS}, and a key has at least one"
    return ""
