"""`model_config.json`: what the prediction service needs of the live model, written where a model goes live.

It is made from the live row of `ml.model_versions` and its terms; the service refuses it where a byte was changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import duckdb

from warehouse import seeds
from warehouse.build import feature_catalog, policy
from warehouse.files import write_whole
from warehouse.registry import notes, versions
from warehouse.settings import Home

TERMS = """
select feature, bin, lower_edge, upper_edge, points from ml.model_terms where model_version = ? order by feature, bin
"""
TREES = """
select * exclude (model_version) from ml.model_trees where model_version = ? order by tree, node
"""
CUT_OFFS = """
select f.ugel_code, min(s.log_odds) from scores.risk_scores as s
join features.child_features as f on f.child_key = s.child_key and f.as_of_date = s.as_of_date
where s.model_version = $version and s.outcome = $outcome and s.tier = 'alto'
  and s.as_of_date = (select max(as_of_date) from scores.risk_scores where model_version = $version)
  and s.log_odds is not null group by f.ugel_code order by f.ugel_code
"""


def write(db: duckdb.DuckDBPyConnection, home: Home, outcome: str) -> bool:
    """Write what is live, if anything of it has changed; say whether."""
    name = versions.live(db, outcome)
    version = versions.find(db, outcome, name) if name else None
    if version is None:
        return False
    content = _content(db, version)
    text = json.dumps(content | {"sha256": checksum(content)}, ensure_ascii=False, indent=1)
    if home.model_config.exists() and home.model_config.read_text(encoding="utf-8") == text:
        return False
    write_whole(home.model_config, text)
    return True


def checksum(content: dict[str, Any]) -> str:
    """Return the SHA-256 of what is said, in one canonical way; the service computes the same."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _content(db: duckdb.DuckDBPyConnection, version: versions.Version) -> dict[str, Any]:
    variables = policy.variables()
    parameters = {"version": version.model_version, "outcome": version.outcome}
    return {
        "model_version": version.model_version,
        "outcome": version.outcome,
        "algorithm": version.algorithm,
        "gate": version.gate,
        "withheld": notes.withheld(db, version.model_version, version.outcome),
        "trained_at": str(version.trained_at),
        "model_file": version.file,
        "model_sha256": version.sha256,
        "endpoint": "/v1/predictions:from-features",
        "expires_after_days": variables["score_valid_days"],
        "cut_offs": dict(db.execute(CUT_OFFS, parameters).fetchall()) if _scored(db) else {},
        "intercept": version.intercept or 0.0,
        "terms": _rows(db, TERMS, version.model_version),
        "trees": _rows(db, TREES, version.model_version),
        "input_schema": _schema(set(versions.features(db, version.model_version))),
        "reasons": _texts(),
        "singulars": variables["singulars"],
    }


def _rows(db: duckdb.DuckDBPyConnection, sql: str, version: str) -> list[list[Any]]:
    return [list(row) for row in db.execute(sql, [version]).fetchall()]


def _scored(db: duckdb.DuckDBPyConnection) -> bool:
    is_there = "select count(*) from duckdb_tables() where schema_name = 'scores' and table_name = 'risk_scores'"
    return db.execute(is_there).fetchone() == (1,)


def _schema(used: set[str]) -> dict[str, Any]:
    """Return the features of a model as JSON Schema (2020-12)."""
    known = {feature.name: feature for feature in feature_catalog.read() if feature.name in used}
    properties = {
        name: {"type": ["boolean", "number", "null"], "description": known[name].description if name in known else ""}
        for name in sorted(used)
    }
    return {"type": "object", "properties": properties, "required": sorted(used), "additionalProperties": False}


def _texts() -> dict[str, dict[str, Any]]:
    """Return the text of each reason, with the words for spans of its values where its values are said in words."""
    words: dict[str, list[tuple[float, float, str]]] = {}
    for row in seeds.rows("value_words"):
        span = (float(row["from_value"]), float(row["until_value"]), row["words"])
        words.setdefault(row["value_unit"], []).append(span)
    return {row.pop("feature"): row | {"words": words.get(row["value_unit"], [])} for row in seeds.rows("reason_texts")}
