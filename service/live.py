"""The live model of `model_config.json`: verified before it answers, replaced while requests run."""

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
from warehouse.errors import DamagedFile
from warehouse.files import read_json

LOG = logging.getLogger("qhawaq.serve")
FileMark = tuple[int, int, int]


class Disagreement(Exception):
    """The configuration is not whole, or says something else than the model's file."""


@dataclass(frozen=True)
class LiveModel:
    """A model as points with its deployed configuration, or a rule, which gives no probabilities."""

    version: str
    outcome: str
    terms: trees.Points | None
    config: Mapping[str, Any]  # the JSON of `model_config.json`

    def cut_off(self, ugel: str | None) -> float | None:
        """Return the log-odds from which a UGEL's capacity reaches, where lists by this model are published."""
        cut_off: float | None = self.config["cut_offs"].get(ugel)
        return cut_off


def checksum(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a configuration without its own checksum, written in one canonical way."""
    rest = {name: value for name, value in config.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_live_model(path: Path, models: Path) -> LiveModel:
    """Read and verify the live model.

    Raises:
        Disagreement: the file is missing, changed by hand, for other features than the model's, or for another file.
    """
    try:
        config = read_json(path, dict, "call 'qhawaq deploy'")
    except OSError as error:
        raise Disagreement(f"{path} cannot be read ({error.strerror}): call 'qhawaq deploy'") from error
    except DamagedFile as error:
        raise Disagreement(str(error)) from error
    if config.get("sha256") != checksum(config):
        raise Disagreement(f"{path} is not what was deployed: call 'qhawaq deploy'")
    if config["model_file"] is None:
        return LiveModel(config["model_version"], config["outcome"], None, config)
    _verify(models / config["model_file"], config["model_sha256"])
    return LiveModel(config["model_version"], config["outcome"], _points(config), config)


def _verify(file: Path, sha256: str) -> None:
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise Disagreement(f"{file} is not the model that was deployed: restore it, or deploy another")


def _points(config: Mapping[str, Any]) -> trees.Points:
    version = config["model_version"]
    of_terms = _table(config["terms"], terms.TABLE, version)
    of_trees = _table(config.get("trees", []), trees.TABLE, version)  # deployed before there were any: none
    points = trees.from_tables(version, config["intercept"], of_terms, of_trees)
    if set(points.features) != set(config["input_schema"]["properties"]):
        raise Disagreement(f"{version}: its points are of other features than its input schema names")
    return points


def _table(rows: Sequence[Sequence[Any]], schema: pa.Schema, version: str) -> pa.Table:
    """Return rows without their model's version as a table with it."""
    return pa.Table.from_pylist([dict(zip(schema.names, (version, *row), strict=True)) for row in rows], schema=schema)


def file_mark(path: Path | None) -> FileMark | None:
    """Return a mark that changes when a file is replaced, None where there is no file."""
    try:
        stat = path.stat() if path else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_ino, stat.st_size) if stat else None


class CurrentModel:
    """Holds the live model; a request keeps the one that it began with."""

    def __init__(self, path: Path, models: Path) -> None:
        self.path = path
        self.models = models
        self.seen = file_mark(path)
        self.fault = ""
        self.model = read_live_model(path, models)

    def refresh(self) -> bool:
        """Take up another model if the file changed; say whether. One that cannot be verified replaces nothing."""
        if (now := file_mark(self.path)) == self.seen:
            return False
        self.seen = now
        try:
            self.model = read_live_model(self.path, self.models)
            self.fault = ""
        except Disagreement as error:
            self.fault = str(error)
            LOG.error("still serving %s: %s", self.model.version, error)
            return False
        LOG.info("serving %s", self.model.version)
        return True
