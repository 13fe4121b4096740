"""Variants: a candidate on all features or on some, as in «additive-grade» or «additive+is_female»."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ml.data import availability
from ml.data.dataset import Rows, Spec
from ml.models import candidates
from ml.models.candidates import Fitted


class UnknownVariant(Exception):
    """There is no such candidate or feature."""


@dataclass(frozen=True)
class Variant:
    """A candidate on some of the features, as in «additive-attendance_share» or «additive+is_female»."""

    name: str
    algorithm: str
    features: tuple[str, ...]

    def fit(self, spec: Spec, rows: Rows, without: Collection[str] = ()) -> Fitted:
        """Fit the recipe on the variant's features only, without those whose availability goes by year.

        Args:
            spec: the features.
            rows: those that train.
            without: features that the rows to be ranked lack.
        """
        steady = availability.steady(rows.labeled, spec)
        chosen = steady.only([name for name in self.features if name not in without])
        fitted = candidates.fit(self.algorithm, chosen, availability.seen_by(rows, spec, chosen))
        return replace(fitted, columns=availability.positions(spec, chosen))


def all_candidates(spec: Spec) -> list[Variant]:
    """Return every candidate on all features, the champion first."""
    names = sorted(candidates.CANDIDATES, key=lambda name: name != candidates.champion())
    return [Variant(name, name, spec.features) for name in names]


def parse(text: str, spec: Spec, usual: Sequence[str]) -> Variant:
    """Return the variant that a text names.

    Args:
        text: a candidate, then features that are added (`+`) or left out (`-`).
        spec: every feature there is.
        usual: those that are seen where the text names none.

    Raises:
        UnknownVariant: there is no such candidate or feature.
    """
    algorithm, *changes = re.split(r"(?=[+-])", text)
    if algorithm not in candidates.CANDIDATES:
        raise UnknownVariant(f"{text}: no candidate {algorithm}: {', '.join(candidates.CANDIDATES)}")
    seen = (set(usual) | added(text)) - {change[1:] for change in changes if change[0] == "-"}
    if unknown := {change[1:] for change in changes} - set(spec.features):
        raise UnknownVariant(f"{text}: no feature {', '.join(sorted(unknown))}")
    return Variant(text, algorithm, spec.only(tuple(seen)).features)


def added(text: str) -> set[str]:
    """Return the features that a variant adds."""
    return {change[1:] for change in re.split(r"(?=[+-])", text) if change.startswith("+")}
