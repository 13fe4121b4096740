"""Lineage ends where people look: what each page, bulletin and notice asks is what its exposure says."""

from __future__ import annotations

import ast
import re

import pytest

from tests import few
from warehouse.report import queries
from warehouse.settings import REPOSITORY

ASKED = re.compile(r"\b(?:from|join)\s+(?:\w+\.)?(\w+)")
CODE = {  # exposure → the modules whose SQL it is
    "effects_of_services": ("warehouse/pipeline/effects.py", "warehouse/pipeline/learning.py"),
    "pages_of_children": ("service/children.py", "service/visit_book.py"),
    "pages_of_protection": ("service/offices.py",),
    "notices": ("warehouse/notify/news.py",),
}
SQL = {
    "bulletin_officials": (*queries.NATIONAL.values(), *queries.REGIONAL.values()),
    "bulletin_ugel": (*queries.OF_UGEL.values(), *queries.SEEN_OF_UGEL.values()),
}
BESIDES = {  # closed dates are read as files; capacities are those of the model's lists
    "effects_of_services": ({"child_features"}, {"int_places__ugel_capacities"}),
}


def strings(path: str) -> list[str]:
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@pytest.mark.parametrize("name", [*CODE, *SQL])
def test_an_exposure_depends_on_what_its_readers_ask(name: str) -> None:
    manifest = few.project()
    models = {node.name for node in manifest.nodes.values() if node.resource_type == "model"}
    texts = SQL.get(name) or [text for path in CODE[name] for text in strings(path)]
    asked = {table for text in texts for table in ASKED.findall(text)} & models
    also, not_of_it = BESIDES.get(name, (set(), set()))
    said = {node.rpartition(".")[2] for node in manifest.exposures[f"exposure.qhawaq.{name}"].depends_on.nodes}
    assert len(asked) > 2
    assert said == (asked | also) - not_of_it


def test_every_exposure_has_an_owner_and_a_label_for_people() -> None:
    for exposure in few.project().exposures.values():
        assert exposure.owner.name in ("data-engineering", "data-science", "data-protection"), exposure.name
        assert exposure.label, exposure.name
        assert exposure.description, exposure.name
