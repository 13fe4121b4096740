"""What dbt-project-evaluator says of our graph: `python -m tests.dbt_project.evaluator EVALUATOR UTILS`.

The arguments are folders with copies of dbt-labs' dbt-project-evaluator and dbt-utils, which are no dependencies: no
registry of Python packages has them. It prints each finding that `evaluator.yml` gives no reason for, and ends in 1 where
there is one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from warehouse.settings import DBT_PROJECT, parse_yaml

REASONS = Path(__file__).with_suffix(".yml")
FIGURES = ("fct_documentation_coverage", "fct_test_coverage")  # shares, not findings


def without_reason(findings: dict[str, list[str]], reasons: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield what was found and has no reason, and reasons for more than was found.

    Args:
        findings: the evaluator's table → name of the resource in each of its rows.
        reasons: what `evaluator.yml` says.
    """
    for table, names in findings.items():
        kept = reasons.get(table, {"most": 0})
        if more := sorted(set(names) - set(kept.get("only", names))):
            yield f"{table}: no reason is stated for {', '.join(more)}"
        if "most" in kept and len(names) > kept["most"]:
            yield f"{table}: {len(names)} findings where {kept['most']} have a reason: {', '.join(sorted(set(names)))}"
    for table, kept in reasons.items():
        names = findings.get(table, [])
        if len(names) < kept.get("most", 0) or set(kept.get("only", ())) - set(names):
            yield f"{table}: fewer are found than evaluator.yml keeps: change it there"


def evaluate(evaluator: Path, utils: Path, folder: Path) -> dict[str, list[str]]:
    """Build the evaluator's tables over our project in an empty folder and return what they hold.

    Raises:
        CalledProcessError: dbt failed; what it said is above.
    """
    project = shutil.copytree(DBT_PROJECT, folder / "project", ignore=shutil.ignore_patterns("target", "dbt_packages"))
    packages = [utils, folder / "evaluator"]
    shutil.copytree(evaluator, packages[1], ignore=shutil.ignore_patterns(".git", "packages.yml"))
    (project / "packages.yml").write_text(
        "packages:\n" + "".join(f"  - local: {path.resolve()}\n" for path in packages)
    )
    dbt = [str(Path(sys.executable).parent / "dbt"), "--quiet"]
    here = ["--project-dir", str(project), "--profiles-dir", str(project)]
    home = os.environ | {"QHAWAQ_HOME": str(folder)}
    subprocess.run([*dbt, "deps", *here], check=True, env=home)
    subprocess.run([*dbt, "run", *here, "--select", "package:dbt_project_evaluator"], check=True, env=home)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        return dict(_findings(db))


def _findings(db: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, list[str]]]:
    reasons = parse_yaml(REASONS.read_text())
    tables = db.execute("select distinct table_name from information_schema.tables where table_name like 'fct_%'")
    for (table,) in sorted(tables.fetchall()):
        if table not in FIGURES:
            name = reasons.get(table, {}).get("column", "columns(*)")
            rows = db.execute(f"select {name} from {table}").fetchall()
            yield table, [" ".join(map(str, row)) for row in rows]


def main() -> None:
    """Print what has no reason."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        findings = evaluate(Path(sys.argv[1]), Path(sys.argv[2]), Path(folder))
    sys.stdout.write(
        f"{sum(map(len, findings.values()))} findings of {sum(map(bool, findings.values()))} kinds, {len(findings)} tried\n"
    )
    sys.exit("\n".join(without_reason(findings, parse_yaml(REASONS.read_text()))) or 0)


if __name__ == "__main__":
    main()
