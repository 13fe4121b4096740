"""Mutation testing of the SQL: which small changes of the models do the tests notice?

Needs the small country that `make test` keeps, or makes it (minutes). Nothing outside a temporary folder is changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests import homes
from tests.mutants import trial
from tests.mutants.country import Country
from tests.mutants.workshop import Workshop
from warehouse.settings import Home


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--models", nargs="+", default=[], metavar="NAME", help="models to change (all)")
    parser.add_argument("--sample", type=int, default=400, metavar="N", help="how many mutants, by chance (400)")
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="another seed is another sample (7)")
    parser.add_argument("--all", action="store_true", help="try every mutant")
    parser.add_argument("--list", action="store_true", help="list the mutants and try none")
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="a built home to copy instead of the small country")
    return parser.parse_args()


def main() -> int:
    """Try mutants; return 1 where fewer than 95 % were killed."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        source = asked.home or homes.get("country") / "home"
        home = homes.copy(source, Home(Path(folder) / "home"), "archive", "serving", "compiled")
        say("dbt compiles models and tests")
        workshop = Workshop.prepare(home)
        if unknown := set(asked.models) - workshop.models.keys():
            raise SystemExit(f"no model in SQL is called {', '.join(sorted(unknown))}")
        found = trial.all_mutants(workshop, asked.models)
        chosen = trial.sample(found, sys.maxsize if asked.all else asked.sample, asked.seed)
        if asked.list:
            print("\n".join(f"{model} ({one.operator}): {one.before}  ->  {one.after}" for model, one in chosen))
            return 0
        report = trial.judge(chosen, workshop.unit_tests(asked.models), Country(workshop), say)
    say("")
    for alive in report.alive:
        print(alive)
    print(report)
    return int(report.share < trial.ENOUGH)


def say(text: str) -> None:
    """Show on a terminal what is done now, in one line."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
