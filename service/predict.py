"""Probability, tier and reasons in Spanish from features; base, reasons and rest add up exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import UNKNOWN
from ml.models import calibrate
from ml.models.trees import Points
from ml.score import largest, withheld_of
from service.live import LiveModel

NAMED = 5
FeatureValues = Mapping[str, float | bool | None]


class Unusable(Exception):
    """Features or records do not keep their contract."""


class NoModel(Exception):
    """Lists go by a rule: nothing gives probabilities."""


class ReasonJson(TypedDict):
    """A term of a score, as `schemas.Reason` documents it."""

    feature: str
    value: float | None
    contribution: float
    family: str | None
    text: str | None
    action: str | None


class PredictionJson(TypedDict):
    """A score, as `schemas.Prediction` documents it."""

    child_key: str | None
    as_of_date: date
    expires_on: date
    model_version: str
    outcome: str
    log_odds: float
    probability: float | None
    is_probability_withheld: bool
    tier: str | None
    base: float
    reasons: list[ReasonJson]
    rest: float
    missing: list[str]


@dataclass(frozen=True)
class PreparedRow:
    """One child on one date with the features of the model, and the facts that tier and calibration go by."""

    features: FeatureValues
    as_of_date: date
    child_key: str | None = None
    ugel_code: str | None = None
    level: str | None = None
    is_rural: bool | None = None


def predict(live: LiveModel, rows: Sequence[PreparedRow]) -> list[PredictionJson]:
    """Score rows and give reasons.

    Args:
        live: the live model.
        rows: at least one.

    Raises:
        NoModel: a rule is live.
        Unusable: a feature that the model needs is not named, or one is named that it does not know.
    """
    model = live.terms
    if model is None:
        raise NoModel(f"no model is live: lists go by {live.version}, which gives no probabilities")
    values = np.array([_values(row.features, model.features) for row in rows])
    level, area = (np.array(column) for column in zip(*map(_segment, rows), strict=True))
    segments = calibrate.segment_name(level, area, np.array([row.as_of_date.month for row in rows]))
    base, parts = model.contributions(values, segments)
    order = largest(parts, min(NAMED, len(model.features)))
    return [
        _prediction(live, row, _Explanation(model, float(base[at]), parts[at], values[at], order[at]))
        for at, row in enumerate(rows)
    ]


class _Explanation(NamedTuple):
    """A model's contributions to the score of one row; `order` begins with the largest."""

    model: Points
    base: float
    parts: NDArray[np.float64]
    values: NDArray[np.float64]
    order: NDArray[np.int64]


def _values(values: FeatureValues, names: Sequence[str]) -> list[float]:
    if values.keys() != set(names):
        raise Unusable(_fault(values, names))
    return [float("nan") if (value := values[name]) is None else float(value) for name in names]


def _fault(values: FeatureValues, names: Sequence[str]) -> str:
    missing = sorted(set(names) - values.keys())
    unknown = sorted(values.keys() - set(names))
    faults = [f"{len(missing)} are missing ({', '.join(missing[:5])})"] if missing else []
    faults += [f"{len(unknown)} are not known ({', '.join(name[:40] for name in unknown[:5])})"] if unknown else []
    return "features: " + "; ".join(faults) + "; give null for what is not known (GET /v1/model)"


def _segment(row: PreparedRow) -> tuple[str, str]:
    area = {True: "rural", False: "urban", None: UNKNOWN}[row.is_rural]
    return row.level or UNKNOWN, area


def _is_withheld(live: LiveModel, row: PreparedRow) -> bool:
    """Say whether the model ranks such a child and gives no probability."""
    region = row.ugel_code[:2] if row.ugel_code else None  # a UGEL's code begins with its department's
    level, is_rural, of_region = (np.array([value], dtype=object) for value in (row.level, row.is_rural, region))
    segments = live.config.get("withheld", [])  # deployed by former code: none
    return bool(withheld_of(segments, level=level, is_rural=is_rural, region=of_region)[0])


def _prediction(live: LiveModel, row: PreparedRow, explanation: _Explanation) -> PredictionJson:
    model, base, parts, values, order = explanation
    log_odds = base + float(parts.sum())
    reasons = [_reason(live, model.features[at], values[at], float(parts[at])) for at in order]
    day = row.as_of_date
    withheld = _is_withheld(live, row)
    return {
        "child_key": row.child_key,
        "as_of_date": day,
        "expires_on": day + timedelta(days=min(live.config["expires_after_days"], (date.max - day).days)),
        "model_version": live.version,
        "outcome": live.outcome,
        "log_odds": log_odds,
        "probability": None if withheld else 1 / (1 + float(np.exp(-log_odds))),
        "is_probability_withheld": withheld,
        "tier": _tier(log_odds, live.cut_off(row.ugel_code)),
        "base": base,
        "reasons": reasons,
        "rest": float(parts.sum()) - sum(reason["contribution"] for reason in reasons),
        "missing": [model.features[at] for at in np.isnan(values).nonzero()[0]],
    }


def _tier(log_odds: float, cut_off: float | None) -> str | None:
    """Return whether the score reaches into the UGEL's capacity; None where no list is published to compare with."""
    if cut_off is None:
        return None
    return "alto" if log_odds >= cut_off else "bajo"


def _reason(live: LiveModel, feature: str, value: float, contribution: float) -> ReasonJson:
    text = live.config["reasons"].get(feature)
    observation = sentence(text, value, live.config["singulars"]) if text and contribution > 0 else None
    return {
        "feature": feature,
        "value": _number(value),
        "contribution": contribution,
        "family": text["family"] if text else None,
        "text": observation,
        "action": text["action_text"] if text and observation else None,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def shown(value: float, unit: str) -> str:
    """Return a value as sentences give it, rounded as the warehouse rounds it; decimals after a point."""
    scaled = _whole(Decimal(f"{value:.4f}") * {"percent": 100, "points": 100, "decimal": 10}.get(unit, 1))
    return f"{scaled / 10:.1f}" if unit == "decimal" else str(scaled)


def sentence(text: Mapping[str, Any], value: float, singulars: Mapping[str, str]) -> str | None:
    """Say a value as an observation; None of a missing value, a flag not set, or what says nothing of a child."""
    unit = text["value_unit"]
    if np.isnan(value) or (unit == "flag" and value == 0) or unit == "unsaid":
        return None
    words = (words for begin, end, words in text.get("words", []) if begin <= value < end)  # former code deployed none
    observation: str = text["reason_text"].replace("{value}", next(words, shown(value, unit)))
    for plural, singular in singulars.items():
        observation = observation.replace(f" 1 {plural}", f" 1 {singular}")
    return observation


def _whole(value: Decimal) -> int:
    """Round half away from zero, as SQL does."""
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))
