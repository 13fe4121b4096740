"""Where things are and what kind of home this is; paths only, nothing is opened here."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import HomeError
from warehouse.files import write_whole

REPOSITORY = Path(__file__).resolve().parents[1]
DBT_PROJECT = Path(os.environ.get("QHAWAQ_DBT_PROJECT") or REPOSITORY / "dbt_project")
MEMORY_LIMIT = os.environ.get("QHAWAQ_MEMORY_LIMIT", "3GB")


@dataclass(frozen=True)
class Home:
    """One warehouse with everything that belongs to it."""

    root: Path

    @classmethod
    def find(cls, given: str | None = None) -> Home:
        """Take the given folder, else $QHAWAQ_HOME, else ./data."""
        return cls(Path(given or os.environ.get("QHAWAQ_HOME") or "data").absolute())

    @property
    def inbox(self) -> Path:
        """Deliveries not yet landed."""
        return self.root / "inbox"

    @property
    def archive(self) -> Path:
        """Landed, refused and duplicate deliveries, encrypted."""
        return self.root / "archive"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds in."""
        return self.root / "warehouse.duckdb"

    @property
    def vault(self) -> Path:
        """The encrypted DuckDB file of identities."""
        return self.root / "vault.duckdb"

    @property
    def features(self) -> Path:
        """Closed as-of dates as hashed Parquet."""
        return self.root / "features"

    @property
    def models(self) -> Path:
        """The model registry."""
        return self.root / "models"

    @property
    def serving(self) -> Path:
        """Published files, one folder per audience."""
        return self.root / "serving"

    @property
    def secrets(self) -> Path:
        """The generated secret, where none is given from outside."""
        return self.root / "secrets"

    @property
    def collected(self) -> Path:
        """Which parts of each API are in the inbox or landed already."""
        return self.root / "collected.json"

    @property
    def fault_sheets(self) -> Path:
        """What senders have to put right, a sheet in Spanish for each delivery."""
        return self.root / "fault_sheets"

    @property
    def spill(self) -> Path:
        """Where DuckDB spills, encrypted."""
        return self.root / "spill"

    @property
    def dbt(self) -> Path:
        """What dbt compiles and logs; no identities are in its reach."""
        return self.root / "dbt"

    @property
    def state(self) -> Path:
        """Which steps of the main job are done, for resuming."""
        return self.root / "state.json"

    @property
    def status(self) -> Path:
        """What `qhawaq status` reads, so that it never opens the warehouse."""
        return self.root / "status.json"

    @property
    def model_config(self) -> Path:
        """What the prediction service needs of the live model."""
        return self.root / "model_config.json"

    @property
    def api_keys(self) -> Path:
        """Hashes of the keys of machines that may call the service."""
        return self.secrets / "api_keys.json"

    @property
    def journal(self) -> Path:
        """Who saw which child through the service, when and why."""
        return self.root / "access_log.jsonl"

    @property
    def recipients(self) -> Path:
        """Who hears of new entries and of what is missing, by which way: a table that an administrator keeps."""
        return self.root / "recipients.csv"

    @property
    def outbox(self) -> Path:
        """What was told to whom; no names and no pseudonyms."""
        return self.root / "outbox.sqlite"

    @property
    def task_runs(self) -> Path:
        """What an orchestrator's tasks note as they end, read into the warehouse at the next build."""
        return self.root / "task_runs.jsonl"

    @property
    def docs(self) -> Path:
        """Pages that document what was built."""
        return self.root / "docs"

    @property
    def retention(self) -> Path:
        """What was deleted when because its time was over, and how a search proved it."""
        return self.root / "retention.json"

    @property
    def retaining(self) -> Path:
        """There while a deletion is not finished and proved: sealed, what it did and whom it has to search for."""
        return self.root / "retaining"

    @property
    def marker(self) -> Path:
        """Says whether the home is synthetic or real."""
        return self.root / "home.json"

    @property
    def kind(self) -> str | None:
        """Return `synthetic`, `real`, or None for a home that does not exist yet."""
        return json.loads(self.marker.read_text())["kind"] if self.marker.exists() else None

    def claim(self, kind: str) -> None:
        """Mark the home as synthetic or real, for ever.

        Raises:
            HomeError: it is of the other kind already.
        """
        if self.kind not in (None, kind):
            raise HomeError(f"{self.root} is a {self.kind} home and cannot hold {kind} data: use another --home")
        for folder in (self.root, self.inbox, self.spill):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.marker, json.dumps({"kind": kind}))

    def existing(self) -> Home:
        """Return the home if it exists.

        Raises:
            HomeError: it does not.
        """
        if not self.marker.exists():
            raise HomeError(
                f"{self.root} is no Qhawaq home yet: put deliveries into {self.inbox} and call 'qhawaq land' "
                "or call 'qhawaq simulate' for a synthetic country"
            )
        return self


def read_yaml(path: Path) -> Any:  # noqa: ANN401  what the file holds
    """Return what a YAML file holds; the parser in C takes a tenth of the time."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  a safe loader
