"""The model that is live, as `model_config.json` says it: verified before it answers, replaced while others ask."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ml.models import terms, trees

LOG = logging.getLogger("qhawaq.serve")


class Disagreement(Exception):
    """The configuration is not whole, or says something else than the model's file."""


@dataclass(frozen=True)
class Live:
    """What answers: a model as points with what is needed to say them, or a rule, which gives no probabilities."""

    version: str
    outcome: str
    terms: trees.Points | None
    said: Mapping[str, Any]

    def cut_off(self, ugel: str | None) -> float | None:
        """Return the log-odds from which a UGEL's capacity reaches, where lists by this model are published."""
        return self.said["cut_offs"].get(ugel)


def checksum(said: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration without its own checksum, written in one canonical way."""
    rest = {name: value for name, value in said.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read(path: Path, models: Path) -> Live:
    """Read and verify what is live.

    Raises:
        Disagreement: the file is missing, changed by hand, for other features than the model's, or for another file.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Disagreement(f"{path} cannot be read ({error}): call 'qhawaq deploy'") from error
    if said.get("sha256") != checksum(said):
        raise Disagreement(f"{path} is not what was deployed: call 'qhawaq deploy'")
    if said["model_file"] is None:
        return Live(said["model_version"], said["outcome"], None, said)
    _agrees(models / said["model_file"], said["model_sha256"])
    return Live(said["model_version"], said["outcome"], _points(said), said)


def _agrees(file: Path, sha256: str) -> None:
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise Disagreement(f"{file} is not the model that was deployed: restore it, or deploy another")


def _points(said: Mapping[str, Any]) -> trees.Points:
    version = said["model_version"]
    of_terms = _table(said["terms"], terms.TABLE, version)
    of_trees = _table(said.get("trees", []), trees.TABLE, version)  # deployed before there were any: none
    found = trees.from_tables(version, said["intercept"], of_terms, of_trees)
    if set(found.features) != set(said["input_schema"]["properties"]):
        raise Disagreement(f"{said['model_version']}: its points are of other features than its input schema names")
    return found


def _table(rows: Sequence[Sequence[Any]], schema: pa.Schema, version: str) -> pa.Table:
    """Return rows without their model's version as a table with it."""
    return pa.Table.from_pylist([dict(zip(schema.names, (version, *row), strict=True)) for row in rows], schema=schema)


def mark(path: Path | None) -> tuple[int, int] | None:
    """Return what changes when a file is replaced, None where there is none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino) if found else None


class Current:
    """Holds what is live; a request keeps what it began with."""

    def __init__(self, path: Path, models: Path) -> None:
        self.path, self.models = path, models
        self.seen, self.fault = mark(path), ""
        self.live = read(path, models)

    def refresh(self) -> bool:
        """Take up another model if the file changed; say whether. What cannot be verified does not replace what is."""
        if (now := mark(self.path)) == self.seen:
            return False
        self.seen = now
        try:
            self.live, self.fault = read(self.path, self.models), ""
        except Disagreement as error:
            self.fault = str(error)
            LOG.error("still serving %s: %s", self.live.version, error)
            return False
        LOG.info("serving %s", self.live.version)
        return True
