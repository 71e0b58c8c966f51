"""The plan in one line: the score that it keeps, its cost, how sure that is. No Streamlit."""

import math
from dataclasses import dataclass

from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.latency.table.predict_time import LatencyPrediction
from prunescope.planning.against_reference import AgainstReference
from prunescope.planning.prediction.prediction import Prediction
from prunescope.planning.preview import preview
from prunescope.study import Manifest
from prunescope.study.plan import Plan
from prunescope.text import units
from prunescope.text.scores import words_of


@dataclass(frozen=True)
class HeadWords:
    """The parts of the line, as people read them.

    Attributes:
        name: Of the metric.
        dense: Score of the dense network after the plan's recovery.
        score: What is expected of the plan, or ``unknown``.
        span: Its interval in brackets, or empty.
        macs: Share of the multiply-accumulates that a dense runtime still does.
        parameters: Share of the parameters that are left and not zero.
        speed: Such as ``1.98× faster here``; empty where nothing was timed.
        how: Whether that is predicted, and what was measured of just this plan.
        against: How it stands against the study's reference plan; empty without one.
    """

    name: str
    dense: str
    score: str
    span: str
    macs: str
    parameters: str
    speed: str
    how: str
    against: str = ""


def head_words(
    manifest: Manifest,
    plan: Plan,
    curves: Curves,
    guess: Prediction,
    measured: float | None,
    time: LatencyPrediction | None,
    against: AgainstReference | None = None,
) -> HeadWords:
    """Return the line of ``plan``.

    Args:
        manifest: Of the study.
        plan: The draft.
        curves: Of the study.
        guess: What is expected of ``plan``.
        measured: Score of just this plan on the validation split, as stored; None without.
        time: What this machine is expected to take, or None.
        against: How it stands against the study's reference plan, or None.
    """
    words, dense = words_of(manifest), dense_score(manifest, curves, plan.recovery)
    size = preview(manifest, plan, curves)
    score, span = "unknown", ""
    if guess.drop is not None and guess.basis.one_sided:  # past what was measured
        low = guess.interval.low if guess.interval else guess.drop
        end = "at most" if words.metric.higher_is_better else "at least"
        score = f"{end} {words.score(dense - low)}"
    elif guess.drop is not None:
        score = words.score(dense - guess.drop)
        if guess.interval is not None and plan.active():
            ends = words.scores_between(dense - guess.interval.high, dense - guess.interval.low)
            span = f"({ends})"
    return HeadWords(
        name=words.name, dense=words.score(dense), score=score, span=span,
        macs=units.percent(size.macs / max(manifest.macs, 1)),
        parameters=units.percent(size.kept / max(manifest.parameters, 1)),
        speed=_speed(time) if plan.active() else "",
        how="nothing is pruned yet" if not plan.active()
        else "predicted" if measured is None or math.isnan(measured)
        else f"predicted | measured {words.score(measured)}",
        against="" if against is None
        else f"Against the reference {against.reference}: {against.words(words)}",
    )  # fmt: skip


def _speed(time: LatencyPrediction | None) -> str:
    """How much faster this machine is expected to be, or how much slower."""
    if time is None or time.setting.elsewhere or not time.seconds > 0:
        return ""
    ratio = time.dense_seconds / time.seconds
    if f"{ratio:.2f}" == "1.00":
        return "as fast here"
    return f"{ratio:.2f}× faster here" if ratio > 1 else f"{1 / ratio:.2f}× slower here"
