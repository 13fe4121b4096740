"""The files of a trained model: the model, its cards and its figures, each with its hash in a list beside them.

The hash of the list stands in `ml.model_versions`; the list lets whoever does not open the warehouse find what is
damaged. Models that were trained before there was a list have none: of them only the model's own file is known.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from warehouse import files
from warehouse.errors import DamagedFile
from warehouse.registry import waivers
from warehouse.settings import Home

NAME = "files.json"
AGAIN = "restore it from a backup, or train a new model"
ANOTHER = "restore it from a backup, or name another model (qhawaq deploy VERSION)"


def state(folder: Path) -> str:
    """List the files of a model that was just registered; return the hash of the list.

    A training that was killed before may have left its list, or a file that it was writing.
    """
    hashes = {path.name: files.sha256(path) for path in sorted(folder.glob("[!.]*")) if _is_of_training(path)}
    text = json.dumps(hashes, indent=1)
    files.write_whole(folder / NAME, text)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_of_training(path: Path) -> bool:
    return path.is_file() and path.name not in (NAME, waivers.NAME) and path.suffix != ".tmp"


def faults(folder: Path) -> list[str]:
    """Say which files of a model's folder are not what its list states; nothing where it has no list."""
    if not (folder / NAME).is_file():
        return []
    try:
        stated = files.read_json(folder / NAME, dict, AGAIN)
    except DamagedFile as error:
        return [str(error)]
    return [one for name, sha256 in stated.items() if (one := fault(folder / name, str(sha256)))]


def fault(path: Path, sha256: str, advice: str = AGAIN) -> str | None:
    """Say what is wrong with a file; None where it is what is stated."""
    if not path.is_file():
        return f"{path} is missing: {advice}"
    return None if files.sha256(path) == sha256 else f"{path} is damaged: {advice}"


def read(path: Path) -> bytes | None:
    """Return the content of a card or of figures; None where the model was registered without.

    Raises:
        DamagedFile: it is not what the list beside it states.
    """
    if wrong := [one for one in faults(path.parent) if one.startswith((f"{path} ", f"{path.parent / NAME} "))]:
        raise DamagedFile(wrong[0])
    return path.read_bytes() if path.exists() else None


def of_live_model(home: Home) -> str | None:
    """Say what is wrong with the file of the model that the service answers with; None where it is whole, or a rule."""
    if not home.model_config.is_file():
        return None
    config = files.read_json(home.model_config, dict, "call 'qhawaq deploy'")
    if not config.get("model_file"):
        return None
    return fault(home.models / str(config["model_file"]), str(config.get("model_sha256")), f"it is live; {ANOTHER}")
