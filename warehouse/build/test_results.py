"""What each of dbt's tests last said: a run of dbt writes over the results of the one before, an auditor asks for all.

Kept beside the manifest as `tests.json`: a test's name → status (pass, warn, fail, error, skipped), how many rows
failed, and when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from warehouse.build.manifest import Manifest
from warehouse.files import read_json, write_whole
from warehouse.settings import Home

RUN = "run_results.json"
KEPT = "tests.json"
TESTED_AGAIN = "remove it, then call 'qhawaq build --full-refresh': it tests everything again"
TESTS = ("test.", "unit_test.")


def read(home: Home) -> dict[str, dict[str, Any]]:
    """Return what is kept; nothing where nothing was tested."""
    path = home.dbt / KEPT
    return read_json(path, dict, TESTED_AGAIN) if path.exists() else {}


def keep(home: Home) -> None:
    """Take over what the run that just ended said; forget tests that are no longer there."""
    run = read_json(home.dbt / RUN, dict, TESTED_AGAIN)
    manifest = Manifest.read(home)
    results = read(home) | {r["unique_id"]: _status(r, run["metadata"]["generated_at"]) for r in run["results"]}
    known = {*manifest.nodes, *manifest.unit_tests}
    kept = {name: results[name] for name in sorted(results) if name.startswith(TESTS) and name in known}
    write_whole(home.dbt / KEPT, json.dumps(kept, indent=1))


def _status(result: Mapping[str, Any], when: str) -> dict[str, Any]:
    return {"status": result["status"], "failures": result["failures"], "tested_at": when}
