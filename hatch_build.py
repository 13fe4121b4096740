"""Notes in each wheel and source archive the commit that it was built from; `qhawaq --version` says it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NOTE = "warehouse/commit.txt"
DESCRIBE = ("git", "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty")


class CommitNote(BuildHookInterface):
    """Adds one small file; an editable installation needs none, since git is asked there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the note and add it to what is built."""
        if version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory()
        note = Path(self.folder.name) / "commit.txt"
        note.write_text(self._commit(), encoding="utf-8")
        build_data["force_include"][str(note)] = NOTE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was only written for the build."""
        if version != "editable":
            self.folder.cleanup()

    def _commit(self) -> str:
        """Return the commit of the folder, or of the source archive that it was unpacked from."""
        if (noted := Path(self.root) / NOTE).exists():
            return noted.read_text(encoding="utf-8")
        if not (Path(self.root) / ".git").exists():
            return "unknown"
        try:
            return subprocess.run(DESCRIBE, cwd=self.root, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  fixed words
        except (OSError, subprocess.CalledProcessError):  # git is not installed, or will not read another's folder
            return "unknown"
