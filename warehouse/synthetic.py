"""Which files a synthetic home takes: those whose hashes its own simulator noted."""

from __future__ import annotations

import json
from pathlib import Path

from warehouse.files import sha256, write_whole
from warehouse.settings import Home

MANIFEST = "SYNTHETIC.json"


def noted(home: Home) -> set[str]:
    """Return the hashes of the files that the simulator wrote."""
    manifest = home.root / MANIFEST
    return set(json.loads(manifest.read_text())["sha256"]) if manifest.exists() else set()


def note(home: Home, file: Path) -> None:
    """Note one more file that landing may take."""
    known = json.loads((home.root / MANIFEST).read_text())
    known["sha256"] = sorted({*known["sha256"], sha256(file)})
    write_whole(home.root / MANIFEST, json.dumps(known))
