"""Paths of a home and its kind; nothing is opened here."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import DamagedFile, HomeError
from warehouse.files import read_json, write_whole

REPOSITORY = Path(__file__).resolve().parents[1]
DBT_PROJECT = Path(os.environ.get("QHAWAQ_DBT_PROJECT") or REPOSITORY / "dbt_project")
KINDS = ("synthetic", "real")
SMALLEST_DATABASE = 12_288  # bytes: three headers; a shorter file was never a whole database
MEMORY_LIMIT = os.environ.get("QHAWAQ_MEMORY_LIMIT", "3GB")

MARK_AGAIN = """write {"kind": "real"} into it if it holds data of real children, else {"kind": "synthetic"}"""


@dataclass(frozen=True)
class Home:
    """The folder of one warehouse and all its files."""

    root: Path

    @classmethod
    def find(cls, given: str | None = None) -> Home:
        """Return the home in the given folder, else in $QHAWAQ_HOME, else in ./data."""
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
        """The folder of the generated secret and of API keys."""
        return self.root / "secrets"

    @property
    def collected(self) -> Path:
        """Periods and dates already collected from each API."""
        return self.root / "collected.json"

    @property
    def fault_sheets(self) -> Path:
        """Fault sheets for senders, in Spanish, one per faulty delivery."""
        return self.root / "fault_sheets"

    @property
    def spill(self) -> Path:
        """Encrypted spill files of DuckDB."""
        return self.root / "spill"

    @property
    def dbt(self) -> Path:
        """Compiled SQL and logs of dbt; they hold no identities."""
        return self.root / "dbt"

    @property
    def state(self) -> Path:
        """Completed steps of the main job, for resuming."""
        return self.root / "state.json"

    @property
    def status(self) -> Path:
        """The facts of `qhawaq status`, so that it never opens the warehouse."""
        return self.root / "status.json"

    @property
    def model_config(self) -> Path:
        """The live model's configuration for the prediction service."""
        return self.root / "model_config.json"

    @property
    def api_keys(self) -> Path:
        """Hashes of API keys for machines that call the service."""
        return self.secrets / "api_keys.json"

    @property
    def access_log(self) -> Path:
        """The service's access log: user, child, time and reason."""
        return self.root / "access_log.jsonl"

    @property
    def visits(self) -> Path:
        """The journal of visits: each in a sealed file of its own."""
        return self.root / "visits"

    @property
    def recipients(self) -> Path:
        """The routing table of notifications, which an administrator maintains."""
        return self.root / "recipients.csv"

    @property
    def outbox(self) -> Path:
        """Notifications and their recipients, without names and pseudonyms of children."""
        return self.root / "outbox.sqlite"

    @property
    def task_runs(self) -> Path:
        """Results of an orchestrator's tasks, read into the warehouse at the next build."""
        return self.root / "task_runs.jsonl"

    @property
    def docs(self) -> Path:
        """Documentation pages of the built warehouse."""
        return self.root / "docs"

    @property
    def retention(self) -> Path:
        """Deletions at the end of retention periods, with the proof by search."""
        return self.root / "retention.json"

    @property
    def retaining(self) -> Path:
        """The sealed note of a deletion that is not yet finished and proved; absent otherwise."""
        return self.root / "retaining"

    @property
    def erasing(self) -> Path:
        """The folder of sealed notes, one for each erasure of a person that is not yet finished and proved."""
        return self.root / "erasing"

    @property
    def erased(self) -> Path:
        """Keys of the persons that were erased here → the day: backups that are older hold them still."""
        return self.root / "erased.json"

    @property
    def decisions(self) -> Path:
        """Decisions of families and reviewers, by key: who may stand on no list."""
        return self.root / "decisions.json"

    @property
    def to_decide(self) -> Path:
        """Of a restored home: decisions since the backup, which the next command carries out; absent otherwise."""
        return self.root / "to_decide.json"

    @property
    def to_ask(self) -> Path:
        """Decisions that a restored backup could not carry out: a person asks for them again; absent otherwise."""
        return self.root / "to_ask.json"

    @property
    def decided(self) -> Path:
        """What families had corrected, sealed, for a home that is restored from an older backup."""
        return self.root / "decided"

    @property
    def backed_up(self) -> Path:
        """The folders into which backups were written: whom the home erases has to be noted there too."""
        return self.root / "backup_folders.json"

    @property
    def to_erase(self) -> Path:
        """Of a restored home: keys of persons that had been erased since the backup → the day; absent otherwise."""
        return self.root / "to_erase.json"

    @property
    def former_secrets(self) -> Path:
        """To whom what corrections say is sealed too, beside backups that open with a former secret: public keys."""
        return self.root / "former_secrets.json"

    @property
    def rotating(self) -> Path:
        """The note of a replacement of the secret that has not ended; absent otherwise."""
        return self.root / "rotating.json"

    @property
    def marker(self) -> Path:
        """The file that marks the home as synthetic or real."""
        return self.root / "home.json"

    @property
    def synthetic(self) -> Path:
        """The manifest of a synthetic home: the hashes of the only files that it lands."""
        return self.root / "SYNTHETIC.json"

    @property
    def kind(self) -> str | None:
        """`synthetic`, `real`, or None for a home that does not exist yet.

        The manifest of a synthetic home says so too: where the marker is lost, it counts.

        Raises:
            DamagedFile: the marker says neither and nothing else does, or the two contradict each other.
        """
        is_synthetic = self.synthetic.exists()
        if not self.marker.exists():
            return "synthetic" if is_synthetic else None
        try:
            kind = read_json(self.marker, dict, MARK_AGAIN).get("kind")
        except DamagedFile:
            if is_synthetic:
                return "synthetic"
            raise
        if kind not in KINDS:
            raise DamagedFile(f"{self.marker} says neither synthetic nor real: {MARK_AGAIN}")
        if is_synthetic and kind == "real":
            raise DamagedFile(
                f"{self.marker} says real, but {self.synthetic.name} beside it says synthetic: {MARK_AGAIN}; remove "
                f"{self.synthetic.name} if the data are real"
            )
        return str(kind)

    @property
    def has_landed(self) -> bool:
        """Whether deliveries have landed: then there were a warehouse and a vault."""
        return next((self.archive / "landed").glob("*.age"), None) is not None

    @property
    def holds_data(self) -> bool:
        """Whether there is anything of a warehouse, of real data or of synthetic."""
        return self.warehouse.exists() or self.vault.exists() or self.has_landed

    def claim(self, kind: str) -> None:
        """Mark the home permanently as synthetic or real.

        Raises:
            HomeError: it is of the other kind already, or holds data whose mark is lost.
        """
        held = self.kind
        if held not in (None, kind):
            raise HomeError(f"{self.root} is a {held} home and cannot hold {kind} data: use another --home")
        if held is None and self.holds_data:
            raise HomeError(f"{self.marker} is missing, and nothing else says what the home holds: {MARK_AGAIN}")
        for folder in (self.root, self.inbox, self.spill):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.marker.exists() or self.marker.read_bytes() != _mark(kind):
            write_whole(self.marker, _mark(kind))

    def existing(self) -> Home:
        """Return the home if it exists.

        Raises:
            HomeError: it does not.
        """
        if self.kind is None:
            if self.warehouse.exists() or self.has_landed:
                raise HomeError(f"{self.marker} is missing, and nothing else says what the home holds: {MARK_AGAIN}")
            raise HomeError(
                f"{self.root} is no Qhawaq home yet: put deliveries into {self.inbox} and call 'qhawaq land' "
                "or call 'qhawaq simulate' for a synthetic country"
            )
        return self


def _mark(kind: str) -> bytes:
    return json.dumps({"kind": kind}).encode()


def read_yaml(path: Path) -> Any:  # noqa: ANN401  what the file holds
    """Return the content of a YAML file."""
    return parse_yaml(path.read_text(encoding="utf-8"))


def parse_yaml(text: str) -> Any:  # noqa: ANN401  what the text holds
    """Return what a YAML text says; the parser in C takes a tenth of the time."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506  a safe loader
