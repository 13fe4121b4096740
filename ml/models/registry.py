"""Model files without pickle: written once, their checksum verified before a byte is parsed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import skops.io
from sklearn.pipeline import Pipeline

TRUSTED = [
    "ml.models.binning.QuantileBinner",
    "ml.models.binning.SeenColumns",
    "ml.models.boosting.BinnedBoosting",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]


class DamagedModel(Exception):
    """A model file has another content than the registered one."""


class SavedModel(NamedTuple):
    """A model's file, relative to the registry's folder, and its checksum."""

    file: str
    sha256: str


def save(
    folder: Path, version: str, model: Pipeline, card: dict[str, Any], texts: Mapping[str, str] | None = None
) -> SavedModel:
    """Write `<folder>/<version>/model.skops`, `card.json` and texts."""
    target = folder / version
    target.mkdir(parents=True, exist_ok=True)
    content = skops.io.dumps(model)
    sha256 = hashlib.sha256(content).hexdigest()
    _write(target / "model.skops", content)
    text = json.dumps(card | {"model_version": version, "sha256": sha256}, indent=2, ensure_ascii=False, default=str)
    _write(target / "card.json", text.encode())
    for name, content_text in (texts or {}).items():
        _write(target / name, content_text.encode())
    return SavedModel(f"{version}/model.skops", sha256)


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if temporary.read_bytes() != content:
        raise DamagedModel(f"{path} is not on the disk as it was written: look at the disk's health, then train again")
    temporary.replace(path)


def load(folder: Path, file: str, sha256: str) -> Pipeline:
    """Load a model.

    Raises:
        DamagedModel: the content is not what was registered, or needs types beyond those trusted.
    """
    content = (folder / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedModel(f"{file}: the checksum differs from the registered one; restore it from a backup")
    if unknown := set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED):
        raise DamagedModel(f"{file}: needs types that are not trusted: {sorted(unknown)}")
    return skops.io.loads(content, trusted=TRUSTED)
