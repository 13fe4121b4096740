"""The table of measures in the docs, from dbt's semantic models.

`python -m warehouse.analysis.page` writes `docs/measures.md`; a test keeps the two equal.
"""

from __future__ import annotations

from typing import Any

from warehouse.settings import DBT_PROJECT, REPOSITORY, read_yaml

PAGE = REPOSITORY / "docs" / "measures.md"
FOLDER = DBT_PROJECT / "models" / "measures"
HEAD = """# Measures

Generated from `dbt_project/models/measures` by `python -m warehouse.analysis.page`. `qhawaq query` takes each by its
name or its Spanish label ([the star](star.md)).

| measure | label | what it means | formula | of | missing | source |
|---|---|---|---|---|---|---|
"""
COUNTS = """
## Counts

What the shares above are made of.

| count | label | what it means |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    shares: list[str] = []
    counts: list[str] = []
    for metric in metrics():
        words = [f"`{metric['name']}`", metric["label"], metric["description"]]
        meta = metric.get("config", {}).get("meta")
        if meta:
            words += [meta[name] for name in ("formula", "denominator", "missing", "basis")]
        (shares if meta else counts).append("| " + " | ".join(words) + " |\n")
    return HEAD + "".join(shares) + COUNTS + "".join(counts)


def metrics() -> list[dict[str, Any]]:
    """Return all metrics as the YAML has them, in the order of the alphabet."""
    found = [metric for path in FOLDER.glob("*.yml") for metric in read_yaml(path).get("metrics", [])]
    return sorted(found, key=lambda metric: str(metric["name"]))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
