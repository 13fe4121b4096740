"""What is sent and answered, as OpenAPI documents it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

ChildKey = Annotated[str, Path(pattern=r"^[0-9]{1,16}$", examples=["1606454508730549"], description="Pseudonym")]
MAX_FEATURES = 500
LARGEST = 1e9  # of any feature: whatever is larger is no observation
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class Row(BaseModel):
    """One child on one date, with the features that `GET /v1/model` names."""

    model_config = ConfigDict(extra="forbid")
    child_key: str | None = Field(None, pattern=r"^[0-9]{1,16}$", examples=["1606454508730549"])
    as_of_date: date
    ugel_code: str | None = Field(None, pattern=r"^[0-9]{6}$", examples=["150101"])
    level: str | None = Field(None, max_length=8, examples=["F0"], description="B0 primary, F0 secondary")
    is_rural: bool | None = None
    features: dict[str, bool | Number | None] = Field(
        max_length=MAX_FEATURES, examples=[{"attendance_share": 0.8, "is_working": None}]
    )


class Rows(BaseModel):
    """Children to score."""

    model_config = ConfigDict(extra="forbid")
    rows: list[Row] = Field(min_length=1)


class Reason(BaseModel):
    """A term of a score: what was observed, how much it adds to the log-odds, what to do."""

    feature: str
    value: float | None
    contribution: float
    family: str | None
    text: str | None
    action: str | None


class Prediction(BaseModel):
    """A score; base, reasons and rest add up to the log-odds."""

    child_key: str | None
    as_of_date: date
    expires_on: date
    model_version: str
    outcome: str
    log_odds: float
    probability: float
    tier: str | None
    base: float
    reasons: list[Reason]
    rest: float
    missing: list[str]


class Predictions(BaseModel):
    """Scores in the order of the rows."""

    predictions: list[Prediction]


class Why(BaseModel):
    """Why a name is needed; it is logged for ever."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=10, max_length=500, examples=["visita domiciliaria acordada con la dirección"])
