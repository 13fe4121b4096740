"""What a model is, for whom and how good: model card and impact assessment, in Spanish, filled from its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ml.judging.backtest import DECIDING, EVERYBODY, Figure
from ml.judging.evaluate import Metric
from ml.judging.fairness import PROTECTED

SMALLEST, HIDDEN = (
    10,
    "·",
)  # fewer children than this are not told of, nor their complement; one neutral sign for hidden
TEMPLATES = Path(__file__).with_name("templates")
OUTCOMES = {
    "interruption": "que la niña, el niño o adolescente no esté matriculado el año siguiente en ninguna modalidad",
    "repetition": "que la niña, el niño o adolescente termine el año desaprobado",
}
RANKERS = {
    "additive": "modelo aditivo", "boosting": "árboles con interacciones",
    "logistic": "regresión logística", "rule:abc": "regla ABC",
    "rule:over_age": "regla de extraedad", "rule:cut_offs": "cortes por grupo de grados",
    "baseline:last_year": "lista del año anterior", "baseline:school": "por escuelas enteras",
    "baseline:chance": "al azar",
}  # fmt: skip
# What a model is, and how somebody else gets its scores.
MADE_OF = {
    "additive": ("Modelo aditivo de puntos", "Cada puntaje se recalcula\nen SQL con `ml.model_terms`."),
    "boosting": ("Árboles con interacciones", "Cada puntaje sale\nde los nodos de `ml.model_trees`."),
}
KINDS = {
    "level": "nivel", "area": "área", "region": "región", "sex": "sexo", "language": "lengua materna",
    "disability": "discapacidad", "nationality": "nacionalidad", "listed": "estuvo en una lista",
    "served": "recibió un servicio",
}  # fmt: skip
VALUES = {"B0": "primaria", "F0": "secundaria", "urban": "urbana", "unknown": "sin dato"}
GATES = {
    "precision_ratio_to_best_rule": "precisión respecto de la mejor regla",
    "observed_over_expected_at_capacity": "observados entre esperados en la lista",
    "calibration_slope": "pendiente de calibración", "recall_gap": "mayor brecha de cobertura entre grupos protegidos",
    "list_kept": "parte de la lista que sigue en la fecha siguiente", "features_seen": "variables con algún valor",
}  # fmt: skip


@dataclass(frozen=True)
class Card:
    """What the documents say."""

    version: str
    outcome: str
    algorithm: str
    today: str
    share: float
    features: Sequence[str]
    years: Sequence[int]
    gate: str
    figures: Sequence[Figure]
    synthetic: bool

    def of(self, dataset: str, who: str, segment: str = EVERYBODY) -> dict[str, Metric]:
        """Return the figures of one who ranks, by name."""
        return {
            m.name: m for ranked, where, part, m in self.figures if (ranked, where, part) == (who, dataset, segment)
        }

    @property
    def test(self) -> str:
        """The data set of the test year."""
        return next(where for _, where, _, _ in self.figures if where.startswith("test_"))

    def model_card(self) -> str:
        """Return the model card as Markdown."""
        tested = self.of(self.test, self.algorithm)
        kind_of_model, recomputed = MADE_OF[self.algorithm]
        return self._filled(
            "ficha.md", kind_of_model=kind_of_model, recomputed=recomputed, n_features=len(self.features),
            today=self.today, years=", ".join(map(str, self.years)),
            test_year=self.test.removeprefix("test_"), gate=self._verdict(), comparison="\n".join(self._comparison()),
            observed=_value(tested["observed_over_expected"]),
            observed_listed=_value(tested["observed_over_expected_at_capacity"]), gates="\n".join(self._gates()),
            segments="\n".join(self._segments()),
        )  # fmt: skip

    def impact(self) -> str:
        """Return the impact assessment as Markdown, prefilled; what only a person can say is left open, visibly."""
        mine = self.of(DECIDING, self.algorithm)
        return self._filled(
            "impacto.md", precision=f"{100 * mine['precision_at_capacity'].value:.0f}",
            missed=_percent(1 - mine["recall_at_capacity"].value), gap=_value(mine["recall_gap"]),
            groups="\n".join(self._groups()),
        )  # fmt: skip

    def _filled(self, name: str, **words: object) -> str:
        """Fill a template; what every document says is the same in each."""
        kind = "Datos **sintéticos**: ninguna persona existe." if self.synthetic else "Datos reales, seudonimizados."
        text = Template((TEMPLATES / name).read_text(encoding="utf-8"))
        return text.substitute(
            words, version=self.version, kind=kind, outcome=OUTCOMES[self.outcome], share=_percent(self.share)
        )

    def _verdict(self) -> str:
        if self.gate.startswith("passed"):
            return "cumple todas"
        refused = [said for name, said in GATES.items() if name in self.gate.partition("; held")[0]]
        return f"no cumple ({', '.join(refused)}); no puede ordenar a nadie"

    def _comparison(self) -> list[str]:
        lines = ["| quién ordena | años que deciden | año de prueba |", "|---|---|---|"]
        for who in dict.fromkeys(who for who, where, _, _ in self.figures if where == DECIDING):
            cells = [self.of(where, who).get("precision_at_capacity") for where in (DECIDING, self.test)]
            lines.append(f"| {RANKERS.get(who, who)} | {' | '.join(map(_interval, cells))} |")
        return lines

    def _gates(self) -> list[str]:
        mine = self.of(DECIDING, self.algorithm)
        rows = [f"| {said} | {_value(mine[name])} |" for name, said in GATES.items() if name in mine]
        return ["| medida | valor |", "|---|---|", *rows]

    def _segments(self) -> list[str]:
        lines = ["| segmento | precisión | cobertura | observados entre esperados |", "|---|---|---|---|"]
        for segment in self._of_kinds(("level", "area", "region")):
            mine = self.of(DECIDING, self.algorithm, segment)
            shown = [_interval(mine["precision_at_capacity"], 0), _interval(mine["recall_at_capacity"], 0),
                     _value(mine["observed_over_expected_at_capacity"], 1)]  # fmt: skip
            lines.append(f"| {_named(segment)} | {' | '.join(shown if may_be_shown(mine) else [HIDDEN] * 3)} |")
        return lines

    def _groups(self) -> list[str]:
        lines = ["| grupo | casos | cobertura | parte que está en la lista |", "|---|---|---|---|"]
        segments = {s: self.of(DECIDING, self.algorithm, s) for s in self._of_kinds(PROTECTED)}
        hidden = {_traits(segment) for segment, mine in segments.items() if not may_be_shown(mine)}
        for segment, mine in segments.items():
            shown = ["evidencia insuficiente", "-"]
            if _traits(segment) not in hidden:  # with one group hidden so are the others: the total would give it away
                shown = [_interval(mine["recall_at_capacity"], 0), _percent(mine["selection_rate_at_capacity"].value)]
            lines.append(f"| {_named(segment)} | {_cases(mine['n_cases'])} | {' | '.join(shown)} |")
        return lines

    def _of_kinds(self, kinds: Iterable[str]) -> list[str]:
        segments = dict.fromkeys(
            part for who, where, part, _ in self.figures if (who, where) == (self.algorithm, DECIDING)
        )
        return [segment for segment in segments if segment.split("=")[0] in kinds]


def _named(segment: str) -> str:
    """Return «sex=mujer&area=rural» in words."""
    parts = [part.split("=") for part in segment.split("&")]
    return ", ".join(f"{KINDS.get(kind, kind)}: {VALUES.get(text, text)}" for kind, text in parts)


def _traits(segment: str) -> str:
    """Return «sex&area» of «sex=mujer&area=rural»."""
    return "&".join(part.split("=")[0] for part in segment.split("&"))


def may_be_shown(mine: Mapping[str, Metric]) -> bool:
    """Say whether a group's rates tell of no fewer than 10 children: neither of those found nor of those missed."""
    if "recall_at_capacity" not in mine:
        return False
    cases = mine["n_cases"].value
    found = round(mine["recall_at_capacity"].value * cases)
    return min(found, cases - found) >= SMALLEST


def _cases(metric: Metric) -> str:
    """Return a number of cases as others may see it: rounded, and hidden where small."""
    return f"menos de {SMALLEST}" if metric.value < SMALLEST else str(5 * round(metric.value / 5))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _interval(metric: Metric | None, digits: int = 1) -> str:
    """Return a share in hundredths, with its interval; with no digits where few are counted."""
    if metric is None:
        return "-"
    ends = "" if metric.low is None else f" [{100 * metric.low:.{digits}f}, {100 * metric.high:.{digits}f}]"
    return f"{100 * metric.value:.{digits}f}{ends}"


def _value(metric: Metric, digits: int = 2) -> str:
    ends = "" if metric.low is None else f" [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
    return f"{metric.value:.{digits}f}{ends}"
