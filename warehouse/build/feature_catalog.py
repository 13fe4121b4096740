"""The features as the groups' YAML describes them: what training may use, and the wide table's generated YAML.

`python -m warehouse.build.feature_catalog` writes the wide table's YAML; a test keeps the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from warehouse.settings import DBT_PROJECT, read_yaml

WIDE = "child_features"
KEY = ["child_key", "as_of_date"]
PLACES = {
    "school_year": ("integer", "School year of the date."),
    "service_code": ("varchar", "School service the child is at: code and annex."),
    "level": ("varchar", "B0 primary, F0 secondary."),
    "ugel_code": ("varchar", "Local office of the school; null where the register lacks the school."),
    "department_code": ("varchar", "Department of the local office."),
}


@dataclass(frozen=True)
class Feature:
    """One column of a feature group."""

    name: str
    group: str
    data_type: str
    description: str
    direction: int  # +1: more of it means more risk, -1: less; 0: nothing is assumed
    in_model: bool
    unit: str | None  # None for what is true or false
    domain: str
    source: str  # the delivered table it comes from, the main one where there are more
    outcomes: tuple[str, ...] = ()  # only models of these learn from it; of all where none are named

    def may_tell(self, outcome: str) -> bool:
        """Return whether models of an outcome learn from it."""
        return self.in_model and (not self.outcomes or outcome in self.outcomes)


def read(project: Path = DBT_PROJECT) -> list[Feature]:
    """Read the features of all groups, in the order of the wide table."""
    return [feature for group in _groups(project) for feature in _of_group(project, group)]


def _groups(project: Path) -> list[str]:
    """Return the groups in the order in which the wide model names them."""
    text = (project / "models" / "features" / f"{WIDE}.sql").read_text(encoding="utf-8")
    return [word for word in text.split("'") if word.isidentifier()]


def _of_group(project: Path, group: str) -> list[Feature]:
    path = project / "models" / "features" / f"_child_{group}__models.yml"
    model = read_yaml(path)["models"][0]
    features = []
    for column in model["columns"]:
        if column["name"] in KEY:
            continue
        meta = (column.get("config") or {}).get("meta") or {}
        features.append(
            Feature(
                name=column["name"],
                group=group,
                data_type=column["data_type"],
                description=column["description"],
                direction=int(meta.get("direction", 0)),
                in_model=bool(meta.get("in_model")),
                unit=meta.get("unit"),
                domain=meta["domain"],
                source=meta["source"],
                outcomes=tuple(meta.get("outcomes", ())),
            )
        )
    return features


def wide_yaml(project: Path = DBT_PROJECT) -> str:
    """Return the YAML of the wide table: contract and descriptions, from the groups'."""
    columns = [
        {"name": "child_key", "data_type": "bigint", "description": "{{ doc('child_key') }}"},
        {"name": "as_of_date", "data_type": "date", "description": "{{ doc('as_of_date') }}"},
    ]
    columns += [{"name": n, "data_type": t, "description": d} for n, (t, d) in PLACES.items()]
    columns += [{"name": f.name, "data_type": f.data_type, "description": f.description} for f in read(project)]
    model = {
        "name": WIDE,
        "description": "One row per child and as-of date: the wide table over the feature groups, known on that date.",
        "config": {"contract": {"enforced": True}, "meta": {"domain": "education"}},
        "constraints": [{"type": "not_null", "columns": list(KEY)}],
        "data_tests": [{"unique_together": {"arguments": {"columns": list(KEY)}}}],
        "columns": columns,
    }
    head = "# Generated from the groups' YAML by python -m warehouse.build.feature_catalog; do not edit.\n"
    return head + yaml.safe_dump(
        {"version": 2, "models": [model]}, sort_keys=False, width=120, allow_unicode=True, default_flow_style=None
    )


def main() -> None:
    """Write the wide table's YAML."""
    (DBT_PROJECT / "models" / "features" / f"_{WIDE}__models.yml").write_text(wide_yaml(), encoding="utf-8")


if __name__ == "__main__":
    main()
