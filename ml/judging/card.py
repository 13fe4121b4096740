"""Model card and impact assessment, in Spanish, filled from a model's figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ml.judging.backtest import DECIDING, EVERYBODY, Figure
from ml.judging.fairness import PROTECTED
from ml.judging.gates import GateCheck, GateResult, GateStatus
from ml.judging.metric import Metric

COUNTS = ("n_rows", "n_cases", "base_rate")  # and what tells of them
SMALLEST = 10  # counts of fewer children are hidden, and so is their complement
HIDDEN = "·"  # a neutral sign
TEMPLATES = Path(__file__).with_name("templates")
OUTCOMES = {
    "interruption": "que la niña, el niño o adolescente no esté matriculado el año siguiente en ninguna modalidad",
    "repetition": "que la niña, el niño o adolescente termine el año desaprobado",
}
# What the list of an outcome is for, as the documents say it.
USES = {
    "interruption": {
        "purpose": "Ordena a quién visitar primero",
        "length": "La lista de cada UGEL tiene tantos nombres como puede\nvisitar ({share} de sus estudiantes).",
        "aim": "Ordenar visitas y apoyos para evitar",
        "if_right": "se les visita antes",
        "if_too_many": "Los demás listados reciben una visita que no era la más urgente.",
        "if_too_few": "pueden quedar sin visita",
        "otherwise": "sin modelo que cumpla, la lista sigue la mejor regla, con su nombre",
    },
    "repetition": {
        "purpose": "Ordena a quién apoyar primero en sus estudios, para su tutor; no pide visitas ni abre casos",
        "length": "La lista de cada UGEL tiene el largo de\nla de visitas ({share} de sus estudiantes).",
        "aim": "Ordenar el apoyo de los tutores para evitar",
        "if_right": "se les apoya antes",
        "if_too_many": "Los demás listados reciben un apoyo que no era el más urgente.",
        "if_too_few": "pueden quedar sin apoyo",
        "otherwise": "sin modelo que cumpla no hay lista",
    },
}
RANKERS = {
    "additive": "modelo aditivo",
    "boosting": "árboles con interacciones",
    "logistic": "regresión logística",
    "rule:abc": "regla ABC",
    "rule:over_age": "regla de extraedad",
    "rule:cut_offs": "cortes por grupo de grados",
    "baseline:last_year": "lista del año anterior",
    "baseline:school": "por escuelas enteras",
    "baseline:chance": "al azar",
}
# What a model is, and how somebody else gets its scores.
MADE_OF = {
    "additive": ("Modelo aditivo de puntos", "Cada puntaje se recalcula\nen SQL con `ml.model_terms`."),
    "boosting": ("Árboles con interacciones", "Cada puntaje sale\nde los nodos de `ml.model_trees`."),
}
KINDS = {
    "level": "nivel",
    "area": "área",
    "region": "región",
    "sex": "sexo",
    "language": "lengua materna",
    "disability": "discapacidad",
    "nationality": "nacionalidad",
    "listed": "estuvo en una lista",
    "served": "recibió un servicio",
}
VALUES = {"B0": "primaria", "F0": "secundaria", "urban": "urbana", "unknown": "sin dato"}
GATES = {
    "precision_ratio_to_best_rule": "precisión respecto de la mejor regla",
    "observed_over_expected_at_capacity": "observados entre esperados en la lista",
    "calibration_slope": "pendiente de calibración",
    "recall_gap": "mayor brecha de cobertura entre grupos protegidos",
    "list_kept": "parte de la lista que sigue en la fecha siguiente",
    "features_seen": "variables con algún valor",
}


@dataclass(frozen=True)
class Card:
    """The facts of both documents."""

    version: str
    outcome: str
    algorithm: str
    today: str
    share: float
    features: Sequence[str]
    left_out: Sequence[str]
    years: Sequence[int]
    years_apart: Sequence[int]
    gate: GateResult
    belied: Sequence[GateCheck]  # what the test year says against it
    figures: Sequence[Figure]
    synthetic: bool

    def metrics(self, dataset: str, ranker: str, segment: str = EVERYBODY) -> dict[str, Metric]:
        """Return the metrics of one ranker, by name."""
        return {
            figure.metric.name: figure.metric for figure in self.figures if figure[:3] == (ranker, dataset, segment)
        }

    @property
    def test(self) -> str:
        """The data set of the test year."""
        return next(figure.dataset for figure in self.figures if figure.dataset.startswith("test_"))

    def model_card(self) -> str:
        """Return the model card as Markdown."""
        tested = self.metrics(self.test, self.algorithm)
        kind_of_model, recomputed = MADE_OF[self.algorithm]
        return self._filled(
            "ficha.md",
            kind_of_model=kind_of_model,
            recomputed=recomputed,
            n_features=len(self.features),
            left_out=self._left_out(),
            today=self.today,
            years=", ".join(map(str, self.years)),
            years_apart=", ".join(map(str, self.years_apart)) or "ninguno",
            test_year=self.test.removeprefix("test_"),
            gate=self._verdict(),
            belied=self._belied(),
            comparison="\n".join(self._comparison()),
            observed=_value(tested["observed_over_expected"]),
            observed_listed=_value(tested["observed_over_expected_at_capacity"]),
            gates="\n".join(self._gates()),
            segments="\n".join(self._segments()),
        )

    def impact(self) -> str:
        """Return the impact assessment as Markdown, prefilled; a person has to complete the marked blanks."""
        decided = self.metrics(DECIDING, self.algorithm)
        return self._filled(
            "impacto.md",
            precision=f"{100 * decided['precision_at_capacity'].value:.0f}",
            missed=_percent(1 - decided["recall_at_capacity"].value),
            gap=_value(decided["recall_gap"]),
            groups="\n".join(self._groups()),
        )

    def _filled(self, name: str, **words: object) -> str:
        """Fill a template; version, kind, outcome and capacity are the same in every document."""
        kind = "Datos **sintéticos**: ninguna persona existe." if self.synthetic else "Datos reales, seudonimizados."
        text = Template((TEMPLATES / name).read_text(encoding="utf-8"))
        share = _percent(self.share)
        uses = {key: use.format(share=share) for key, use in USES[self.outcome].items()}
        return text.substitute(
            words | uses, version=self.version, kind=kind, outcome=OUTCOMES[self.outcome], share=share
        )

    def _verdict(self) -> str:
        if self.gate.withheld:
            segments = ", ".join(map(_in_words, self.gate.withheld))
            return f"{self._of_ranks()}; **orden sin probabilidad** en: {segments}"
        return self._of_ranks()

    def _belied(self) -> str:
        if not self.belied:
            return "El año de prueba no contradice ninguna condición."
        said = "; ".join(map(_against, self.belied))
        return f"**El año de prueba contradice al modelo** (no decide nada, pero debe saberse): {said}."

    def _of_ranks(self) -> str:
        if self.gate.status is GateStatus.PASSED:
            return "cumple todas" if not self.gate.withheld else "puede ordenar"
        refused = [label for name, label in GATES.items() if name in self.gate.broken]
        return f"no cumple ({', '.join(refused)}); no puede ordenar a nadie"

    def _left_out(self) -> str:
        if not self.left_out:
            return "Ninguna variable falta en unos años de entrenamiento y está en otros."
        names = ", ".join(f"`{name}`" for name in self.left_out)
        return f"No entran, porque faltan en unos años de entrenamiento y en otros no, y así dirían el año: {names}."

    def _comparison(self) -> list[str]:
        lines = ["| quién ordena | años que deciden | año de prueba |", "|---|---|---|"]
        for ranker in dict.fromkeys(figure.ranker for figure in self.figures if figure.dataset == DECIDING):
            cells = [self.metrics(dataset, ranker).get("precision_at_capacity") for dataset in (DECIDING, self.test)]
            lines.append(f"| {RANKERS.get(ranker, ranker)} | {' | '.join(map(_interval, cells))} |")
        return lines

    def _gates(self) -> list[str]:
        decided = self.metrics(DECIDING, self.algorithm)
        rows = [f"| {label} | {_value(decided[name])} |" for name, label in GATES.items() if name in decided]
        return ["| medida | valor |", "|---|---|", *rows]

    def _segments(self) -> list[str]:
        lines = ["| segmento | precisión | cobertura | observados entre esperados |", "|---|---|---|---|"]
        for segment in self._of_kinds(("level", "area", "region")):
            metrics = self.metrics(DECIDING, self.algorithm, segment)
            shown = [
                _interval(metrics["precision_at_capacity"], 0),
                _interval(metrics["recall_at_capacity"], 0),
                _value(metrics["observed_over_expected_at_capacity"], 1),
            ]
            lines.append(f"| {_in_words(segment)} | {' | '.join(shown if may_be_shown(metrics) else [HIDDEN] * 3)} |")
        return lines

    def _groups(self) -> list[str]:
        lines = ["| grupo | casos | cobertura | parte que está en la lista |", "|---|---|---|---|"]
        segments = {s: self.metrics(DECIDING, self.algorithm, s) for s in self._of_kinds(PROTECTED)}
        hidden = {_traits(segment) for segment, metrics in segments.items() if not may_be_shown(metrics)}
        for segment, metrics in segments.items():
            # with one group hidden so are the others: the total would give it away
            rates = "evidencia insuficiente | -" if _traits(segment) in hidden else _rates(metrics)
            lines.append(f"| {_in_words(segment)} | {_cases(metrics['n_cases'])} | {rates} |")
        return lines

    def _of_kinds(self, kinds: Iterable[str]) -> list[str]:
        segments = dict.fromkeys(figure.segment for figure in self.figures if figure[:2] == (self.algorithm, DECIDING))
        return [segment for segment in segments if segment.split("=")[0] in kinds]


def _rates(metrics: Mapping[str, Metric]) -> str:
    """Return a group's cells of recall and selection rate."""
    recall = metrics["recall_at_capacity"]
    selection = metrics["selection_rate_at_capacity"]
    return f"{_interval(recall, 0)} | {_percent(selection.value)}"


def _against(check: GateCheck) -> str:
    """Say a figure that left its bounds; of a segment without its value, since few might stand behind it."""
    of_all = check.segment == EVERYBODY
    return f"{GATES[check.metric.name]}{f' {_value(check.metric)}' if of_all else f' en {_in_words(check.segment)}'}"


def _in_words(segment: str) -> str:
    """Return «sex=mujer&area=rural» in words; «all» is everybody."""
    if segment == EVERYBODY:
        return "todo el país"
    parts = [part.split("=") for part in segment.split("&")]
    return ", ".join(f"{KINDS.get(kind, kind)}: {VALUES.get(text, text)}" for kind, text in parts)


def _traits(segment: str) -> str:
    """Return «sex&area» of «sex=mujer&area=rural»."""
    return "&".join(part.split("=")[0] for part in segment.split("&"))


def may_be_shown(metrics: Mapping[str, Metric]) -> bool:
    """Say whether a group has at least 10 listed cases and 10 missed ones, so that its rates may be shown."""
    if "recall_at_capacity" not in metrics:
        return False
    cases = metrics["n_cases"].value
    listed = round(metrics["recall_at_capacity"].value * cases)
    return min(listed, cases - listed) >= SMALLEST


def published(figures: Sequence[Figure]) -> list[Figure]:
    """Return figures as files may tell them: counts rounded to five and of everybody only, no group of few children."""
    groups: dict[tuple[str, str, str], dict[str, Metric]] = {}
    for ranker, dataset, segment, metric in figures:
        groups.setdefault((ranker, dataset, segment), {})[metric.name] = metric
    shown = {group for group, metrics in groups.items() if group[2] == EVERYBODY or may_be_shown(metrics)}
    return [
        figure._replace(metric=_rounded(figure.metric, figure.segment == EVERYBODY))
        for figure in filter(_is_told, figures)
        if figure[:3] in shown
    ]


def _is_told(figure: Figure) -> bool:
    """Return whether files tell such a figure: counts are told of everybody only."""
    return figure.segment == EVERYBODY or figure.metric.name not in COUNTS


def _rounded(metric: Metric, is_of_all: bool) -> Metric:
    if metric.name in ("n_rows", "n_cases"):
        return Metric(metric.name, 5 * round(metric.value / 5))
    ends = (None if end is None else round(end, 4 if is_of_all else 2) for end in (metric.low, metric.high))
    return Metric(metric.name, round(metric.value, 4 if is_of_all else 2), *ends)


def _cases(metric: Metric) -> str:
    """Return a number of cases rounded for publication, and hidden where small."""
    return f"menos de {SMALLEST}" if metric.value < SMALLEST else str(5 * round(metric.value / 5))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _interval(metric: Metric | None, digits: int = 1) -> str:
    """Return a share in hundredths, with its interval; with no digits where few are counted."""
    if metric is None:
        return "-"
    if metric.interval is None:
        return f"{100 * metric.value:.{digits}f}"
    low, high = metric.interval
    return f"{100 * metric.value:.{digits}f} [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def _value(metric: Metric, digits: int = 2) -> str:
    ends = "" if metric.low is None else f" [{metric.low:.{digits}f}, {metric.high:.{digits}f}]"
    return f"{metric.value:.{digits}f}{ends}"
