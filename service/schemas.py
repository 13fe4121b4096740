"""Bodies of requests and answers, as OpenAPI documents them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from service.features import LONGEST, MOST_ROWS

ChildKey = Annotated[str, Path(pattern=r"^[0-9]{1,16}$", examples=["1606454508730549"], description="Pseudonym")]
MAX_FEATURES = 500
LARGEST = 1e9  # of any feature: a larger value is no observation
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class FeatureRow(BaseModel):
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


class FeatureRows(BaseModel):
    """Children to score."""

    model_config = ConfigDict(extra="forbid")
    rows: list[FeatureRow] = Field(min_length=1)


class Reason(BaseModel):
    """A term of a score: the observation, its contribution to the log-odds, and an action."""

    feature: str
    value: float | None
    contribution: float
    family: str | None
    text: str | None
    action: str | None


class Prediction(BaseModel):
    """A score; base, reasons and rest add up to the log-odds.

    Where the model's level is known to be wrong it ranks and gives no probability (`is_probability_withheld`).
    """

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
    reasons: list[Reason]
    rest: float
    missing: list[str]


class Predictions(BaseModel):
    """Scores in the order of the rows."""

    predictions: list[Prediction]


Value = bool | int | Number | Annotated[str, Field(max_length=LONGEST)] | None
Record = Annotated[dict[str, Value], Field(max_length=60)]
Records = dict[str, Annotated[list[Record], Field(max_length=MOST_ROWS)]]
Key = Annotated[str, Field(pattern=r"^[0-9]{1,16}$")]


class Child(BaseModel):
    """One child's records as its sources deliver them, without names or documents."""

    model_config = ConfigDict(extra="forbid")
    child_key: Key | None = Field(None, description="Its pseudonym, where it is known here")
    merged: dict[Key, Records] = Field(
        default_factory=dict,
        max_length=5,
        description="Other pseudonyms that turned out to be the same child, with what was recorded under them",
    )
    records: Records = Field(
        max_length=20,
        description="Source → rows by the columns of its contract (GET /v1/records)",
        examples=[{"siagie_enrollments": [{"ID_ANIO": 2025, "COD_MOD": "0123456", "ANEXO": "0", "ID_NIVEL": "F0"}]}],
    )


class Children(BaseModel):
    """Children to score by their records."""

    model_config = ConfigDict(extra="forbid")
    children: list[Child] = Field(min_length=1)


class Support(BaseModel):
    """A service whose rule the child meets."""

    support_code: str
    service_name: str
    need: str
    who_acts: str
    is_received: bool


class Scored(Prediction):
    """A score of records: position of the child in the request, services, sources without a record."""

    position: int
    services: list[Support]
    without: list[str]


class Unscored(BaseModel):
    """A child without a score, and the reason."""

    position: int
    child_key: str | None
    why: str


class ScoredRecords(BaseModel):
    """Scores as of the published date; children in `unscored` have none."""

    as_of_date: date
    predictions: list[Scored]
    unscored: list[Unscored]


class Why(BaseModel):
    """Why a name is needed; it is logged for ever."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=10, max_length=500, examples=["visita domiciliaria acordada con la dirección"])
