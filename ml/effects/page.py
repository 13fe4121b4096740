"""An effect in words: the sentence of each verdict, and a page of Markdown about a study of other people's tables."""

from __future__ import annotations

from ml.effects.finding import Comparison, EffectFinding, EffectLimits, EffectVerdict
from ml.judging.metric import Metric

SENTENCES = {
    EffectVerdict.SHOWN: "The effect is the difference between the treated and comparable others.",
    EffectVerdict.FEW: "Not shown: too few were treated, or not treated.",
    EffectVerdict.OVERLAP: "Not shown: nearly everybody who is like the treated was treated too.",
    EffectVerdict.THIN: "Not shown: the others who count are too few, or lie in too few clusters.",
    EffectVerdict.BALANCE: "Not shown: the compared still differ in a covariate.",
    EffectVerdict.SECOND: "Not shown: two ways to estimate the effect say different things.",
    EffectVerdict.PLACEBO: "Not shown: the comparison finds an effect on what was over before the treatment.",
    EffectVerdict.NO_JUMP: "Not shown: the listed were hardly likelier to be treated.",
}


def markdown(finding: EffectFinding, outcome: str, treatment: str, n_rows: int, limits: EffectLimits) -> str:
    """Return the page.

    Args:
        finding: what came out.
        outcome: name of the outcome.
        treatment: name of the treatment.
        n_rows: how many rows were read.
        limits: when an effect is shown.
    """
    lines = [f"| {name} | {value} |" for name, value in _figures(finding, n_rows).items()]
    return "\n\n".join(
        [
            f"# Effect of {_text(treatment)} on {_text(outcome)}",
            SENTENCES[finding.verdict],
            "\n".join(["| figure | value |", "|---|---|", *lines]),
            _limits(limits),
            "It is the effect on those who were treated, as they were treated; a comparison cannot see what is in no "
            "column. Intervals are of 95%, by leaving out each cluster.",
        ]
    )


def _figures(finding: EffectFinding, n_rows: int) -> dict[str, str]:
    """Return what can be told: an effect that is not shown stands nowhere."""
    figures = {"rows": str(n_rows), "treated, with a known outcome": str(finding.n_served)}
    if (compared := finding.compared) is not None:
        figures |= _compared(compared, finding)
    if finding.plain is not None:
        figures["treated less all others, which misleads where need decides"] = _metric(finding.plain)
    figures["the same comparison on the placebo"] = (
        "none was named" if finding.placebo is None else _metric(finding.placebo)
    )
    return figures


def _compared(compared: Comparison, finding: EffectFinding) -> dict[str, str]:
    shown = {"effect": _metric(compared.effect), "mean without it": f"{finding.mean_without:.4g}"}
    return {
        "smallest effect that could be seen": f"{compared.visible:.4g}",
        **(shown if finding.verdict is EffectVerdict.SHOWN else {}),
        "treated who have comparable others": f"{compared.overlap:.1%}",
        "unweighted others that the weighted are worth": f"{compared.effective_others:.0f}",
        "largest difference of a covariate after weighting, in its spread": f"{compared.imbalance:.2f}",
        "second estimate, in half widths from the first": f"{compared.disagreement:.2f}",
        "model of who is treated, of the others' outcome": f"{compared.propensity_model}, {compared.prognosis_model}",
    }


def _limits(limits: EffectLimits) -> str:
    return (
        f"An effect is shown where at least {limits.least_served} were treated and as many not, "
        f"{limits.least_overlap:.0%} of the treated have comparable others, these are worth "
        f"{limits.least_effective:.0f}, no covariate differs by more than {limits.worst_imbalance:g} of its spread, "
        "and a second estimate lies within the interval."
    )


def _metric(metric: Metric) -> str:
    return f"{metric.value:+.4g} [{metric.low:+.4g}, {metric.high:+.4g}]"


def _text(name: str) -> str:
    """Return a column's name as text, whatever it holds."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+!|<>&~" else sign for sign in name)
