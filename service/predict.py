"""From features to a probability, a tier and reasons in Spanish that add up exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from ml.data.dataset import UNKNOWN
from ml.models import calibrate
from ml.score import largest
from service.live import Live

NAMED = 5
Features = Mapping[str, float | bool | None]


class Unusable(Exception):
    """Features do not keep the contract of the model."""


class NoModel(Exception):
    """Lists go by a rule: nothing gives probabilities."""


def predict(live: Live, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Score rows and give reasons.

    Args:
        live: what is live.
        rows: each with `features`, `as_of_date`, and where known `ugel_code`, `level`, `is_rural`, `child_key`.

    Raises:
        NoModel: a rule is live.
        Unusable: a feature that the model needs is not named, or one is named that it does not know.
    """
    model = live.terms
    if model is None:
        raise NoModel(f"no model is live: lists go by {live.version}, which gives no probabilities")
    values = np.array([_values(row["features"], model.features) for row in rows])
    names = calibrate.named(*(np.array(column) for column in zip(*map(_segment, rows), strict=True)))
    base, parts = model.contributions(values, names)
    order = largest(parts, min(NAMED, len(model.features)))
    return [
        _answer(live, row, float(base[at]), parts[at], values[at], order[at]) for at, row in enumerate(rows)
    ]  # fmt: skip


def _values(given: Features, wanted: Sequence[str]) -> list[float]:
    if given.keys() != set(wanted):
        raise Unusable(_fault(given, wanted))
    return [float("nan") if (value := given[name]) is None else float(value) for name in wanted]


def _fault(given: Features, wanted: Sequence[str]) -> str:
    missing, strange = sorted(set(wanted) - given.keys()), sorted(given.keys() - set(wanted))
    said = [f"{len(missing)} are missing ({', '.join(missing[:5])})"] if missing else []
    said += [f"{len(strange)} are not known ({', '.join(name[:40] for name in strange[:5])})"] if strange else []
    return "features: " + "; ".join(said) + "; give null for what is not known (GET /v1/model)"


def _segment(row: Mapping[str, Any]) -> tuple[str, str]:
    area = {True: "rural", False: "urban", None: UNKNOWN}[row.get("is_rural")]
    return row.get("level") or UNKNOWN, area


def _answer(
    live: Live, row: Mapping[str, Any], base: float, parts: np.ndarray, values: np.ndarray, order: np.ndarray
) -> dict[str, Any]:  # fmt: skip
    features = live.terms.features  # type: ignore[union-attr]  predict has looked
    log_odds = base + float(parts.sum())
    reasons = [_reason(live, features[at], values[at], float(parts[at])) for at in order]
    day: date = row["as_of_date"]
    return {
        "child_key": row.get("child_key"),
        "as_of_date": day,
        "expires_on": day + timedelta(days=min(live.said["expires_after_days"], (date.max - day).days)),
        "model_version": live.version,
        "outcome": live.outcome,
        "log_odds": log_odds,
        "probability": 1 / (1 + float(np.exp(-log_odds))),
        "tier": _tier(log_odds, live.cut_off(row.get("ugel_code"))),
        "base": base,
        "reasons": reasons,
        "rest": float(parts.sum()) - sum(reason["contribution"] for reason in reasons),
        "missing": [features[at] for at in np.isnan(values).nonzero()[0]],
    }


def _tier(log_odds: float, cut_off: float | None) -> str | None:
    """Return whether the score reaches into the UGEL's capacity; None where no list is published to compare with."""
    if cut_off is None:
        return None
    return "alto" if log_odds >= cut_off else "bajo"


def _reason(live: Live, feature: str, value: float, contribution: float) -> dict[str, Any]:
    text = live.said["reasons"].get(feature)
    said = sentence(text, value, live.said["singulars"]) if text and contribution > 0 else None
    return {
        "feature": feature,
        "value": _number(value),
        "contribution": contribution,
        "family": text["family"] if text else None,
        "text": said,
        "action": text["action_text"] if said else None,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def shown(value: float, unit: str) -> str:
    """Return a value as sentences give it, rounded as the warehouse rounds it; decimals after a comma."""
    scaled = _whole(value * {"percent": 100, "points": 100, "decimal": 10}.get(unit, 1))
    return f"{scaled / 10:.1f}".replace(".", ",") if unit == "decimal" else str(scaled)


def sentence(text: Mapping[str, str], value: float, singulars: Mapping[str, str]) -> str | None:
    """Say a value as an observation; None for what is not so or not known, of which nothing can be said."""
    unit = text["value_unit"]
    if np.isnan(value) or (unit == "flag" and value == 0):
        return None
    said = text["reason_text"].replace("{value}", shown(value, unit))
    for many, one in singulars.items():
        said = said.replace(f" 1 {many}", f" 1 {one}")
    return said


def _whole(value: float) -> int:
    """Round half away from zero, as SQL does."""
    return int(np.sign(value) * np.floor(abs(value) + 0.5))
