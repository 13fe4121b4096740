"""What the main job has done for its inputs: resuming after a crash, and nothing to do when nothing is new."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

from warehouse.build import code
from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole
from warehouse.settings import Home

# What a family said or asked for, and what the home states itself, changes the lists without a delivery.
DECIDED = ("raw.objections", "raw.human_reviews", "raw.child_merges", "raw.erasures", "raw.parameters")
AGAIN = "call 'qhawaq run': it does its steps again"


@dataclass
class State:
    """The key of the inputs, and step → what it found, for each step that is done for them."""

    key: str = ""
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, home: Home) -> State:
        """Read the state; none is the beginning, and so is a damaged one: each step can be done again."""
        if not home.state.exists():
            return cls()
        try:
            known = read_json(home.state, dict, AGAIN)
        except DamagedFile:
            return cls()
        key = known.get("key")
        done = known.get("done")
        whole = isinstance(key, str) and isinstance(done, dict) and all(isinstance(one, dict) for one in done.values())
        return cls(str(key), done or {}) if whole else cls()

    def write(self, home: Home) -> None:
        """Write the state whole."""
        write_whole(home.state, json.dumps(asdict(self), indent=1, default=str))


def inputs_key(db: duckdb.DuckDBPyConnection, today: str) -> str:
    """Return a hash of the ledger, the day and the code: the same key must give the same tables."""
    digest = hashlib.sha256(today.encode())
    rows = db.execute("select file, sha256, status, source, accepted_rows from raw.deliveries order by all").fetchall()
    for table in DECIDED:
        rows += db.execute(f"select * from {table} order by all").fetchall()
    digest.update(repr(rows).encode())
    digest.update(code.code_hash().encode())
    return digest.hexdigest()
