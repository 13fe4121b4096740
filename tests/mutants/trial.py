"""Mutants on trial: which are tried, what kills each, and what is said about those that live."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import yaml

from tests.mutants.country import Country
from tests.mutants.mutator import Mutant, mutants
from tests.mutants.unit_tests import InvalidMutant, UnitTests
from tests.mutants.workshop import Workshop

SURVIVORS = Path(__file__).with_name("survivors.yml")
ENOUGH = 0.95  # the share that tests must kill
ANY = "any model"
EACH = 2  # mutants of every model that has so many, before chance decides


class Verdict(Enum):
    """What became of a mutant."""

    UNIT = "killed by unit tests"
    DATA = "killed by data tests"
    STOPPED = "stopped: did not end in time on the country, so nothing is known"
    COMPARED = "alive, changes the country's features, outcomes or indicators"
    CHANGED = "alive, changes other tables of the country"
    UNCHANGED = "alive, changes no table of the country"
    EQUAL = "known to be equal"


KILLED = (Verdict.UNIT, Verdict.DATA)


@dataclass(frozen=True)
class Trial:
    """One mutant, what became of it, and what killed it or changed."""

    model: str
    mutant: Mutant
    verdict: Verdict
    by: str

    def __str__(self) -> str:
        """Say it in a few lines."""
        mutant = self.mutant
        return (
            f"{self.model} ({mutant.operator}): {self.verdict.value} {self.by}\n"
            f"    - {mutant.before}\n    + {mutant.after}"
        )


@dataclass(frozen=True)
class Report:
    """All trials of a run.

    Attributes:
        trials: what was tried.
        invalid: how many the database does not take for a query.
    """

    trials: list[Trial]
    invalid: int

    @property
    def share(self) -> float:
        """Return the share that unit tests and data tests killed, of mutants that are not known to be equal."""
        counts = Counter(trial.verdict for trial in self.trials)
        judged = len(self.trials) - counts[Verdict.EQUAL]
        return sum(counts[verdict] for verdict in KILLED) / judged if judged else 0.0

    @property
    def alive(self) -> list[Trial]:
        """Return those that no test killed and that are not known to be equal."""
        return [trial for trial in self.trials if trial.verdict not in (*KILLED, Verdict.EQUAL)]

    def __str__(self) -> str:
        """Say how many, by what."""
        counts = Counter(trial.verdict for trial in self.trials)
        lines = [f"{counts[verdict]:6} {verdict.value}" for verdict in Verdict]
        tried = f"{len(self.trials):6} mutants of {len({trial.model for trial in self.trials})} models tried"
        return "\n".join([tried, *lines, f"{self.invalid:6} were no valid query", f"{self.share:6.1%} killed"])


def known(path: Path = SURVIVORS) -> dict[tuple[str, str, str], str]:
    """Return the mutants that are known to be equal, (model or ANY, before, after) → why."""
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        (model, change["before"], change["after"]): group["reason"]
        for group in groups for change in group["changes"] for model in change.get("models", [ANY])
    }  # fmt: skip


def all_mutants(workshop: Workshop, models: Iterable[str] = ()) -> dict[str, list[Mutant]]:
    """Return every mutant of some models, or of all.

    Raises:
        KeyError: a model is not there or is no SQL.
    """
    return {model: mutants(workshop.models[model])[0] for model in models or workshop.models}


def sample(found: dict[str, list[Mutant]], size: int, seed: int) -> list[tuple[str, Mutant]]:
    """Choose mutants by chance, a few of every model first."""
    chance = random.Random(seed)
    first: list[tuple[str, Mutant]] = []
    rest: list[tuple[str, Mutant]] = []
    for model, of_model in sorted(found.items()):
        mixed = [(model, mutant) for mutant in chance.sample(of_model, len(of_model))]
        first += mixed[:EACH]
        rest += mixed[EACH:]
    chance.shuffle(first)
    chance.shuffle(rest)
    return sorted((first + rest)[:size], key=lambda chosen: (chosen[0], chosen[1].way, chosen[1].operator))


def judge(
    chosen: Sequence[tuple[str, Mutant]], tests: UnitTests, country: Country, say: Callable[[str], None]
) -> Report:
    """Try mutants one after the other, on what is cheapest first."""
    equal = known()
    trials: list[Trial] = []
    invalid = 0
    for number, (model, mutant) in enumerate(chosen, start=1):
        say(f"{number}/{len(chosen)} {model}")
        try:
            trials.append(Trial(model, mutant, *_verdict(model, mutant, tests, country, equal)))
        except InvalidMutant:
            invalid += 1
    return Report(trials, invalid)


def _verdict(
    model: str, mutant: Mutant, tests: UnitTests, country: Country, equal: dict[tuple[str, str, str], str]
) -> tuple[Verdict, str]:
    if killer := tests.killer(model, mutant):
        return Verdict.UNIT, killer
    for name in (model, ANY):
        if reason := equal.get((name, mutant.before, mutant.after)):
            return Verdict.EQUAL, reason
    effect = country.effect(model, mutant)
    if effect.is_stopped:
        return Verdict.STOPPED, ""
    if effect.killer:
        return Verdict.DATA, effect.killer
    if effect.is_compared:
        return Verdict.COMPARED, ", ".join(effect.changed)
    return (Verdict.CHANGED, ", ".join(effect.changed)) if effect.changed else (Verdict.UNCHANGED, "")
