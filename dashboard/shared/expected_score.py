"""What accuracy to expect of the draft, within which interval, and what vouches for it."""

import math
from collections.abc import Callable
from typing import Final

import streamlit as st

from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.dashboard.shared import measure_buttons
from prunescope.planning.prediction import missing_sweeps
from prunescope.planning.prediction.prediction import PAST, BackTest, Prediction
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.study.recoveries import MOVES_DENSE
from prunescope.text import plain, units
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of

BRACKETS: Final = "In brackets what nine plans of ten stay within."

_GAPS: Final = 3
_FEW: Final = 5
"""Measured plans below which an interval is mostly caution."""


def score(opened: StudyFolder, known: Curves, plan: Plan, prediction: Prediction) -> None:
    """Show the predicted score and its interval."""
    dense = dense_score(opened.manifest, known, plan.recovery)
    moved = plan.recovery in MOVES_DENSE
    words = words_of(opened.manifest)
    name = plain.text(words.name)
    if prediction.drop is None:
        st.metric(
            f"Predicted {name}", "unknown", help="Nothing is guessed of what no measurement covers."
        )
        st.caption("Parts of this plan were never measured; run a sweep of them, or measure it.")
        return
    open_ended = prediction.basis.one_sided  # past what was measured: only a lower end is known
    low = prediction.interval.low if prediction.interval else prediction.drop
    lost = low if open_ended else prediction.drop
    end = "at most" if words.metric.higher_is_better else "at least"
    ends = f", {end}" if open_ended else ""
    st.metric(
        f"Predicted {name}{ends}", words.score(dense - lost),
        words.delta(lost) if lost else None,
        delta_color=words.delta_colour,
        help="Predicted, not measured"
        + (f": {prediction.predictor}." if len(plan.active()) > 1 else ".")
        + (f" Dense with this recovery: {words.score(dense)}." if moved else ""),
    )  # fmt: skip
    if not plan.active():
        return
    st.caption(f"{words.loss_word.capitalize()} {prediction.drop_in_words()}.")


def vouched(opened: StudyFolder, plan: Plan, prediction: Prediction, measured: bool) -> None:
    """Show what is expected beside the drop, by what, and how far that was off so far.

    Args:
        opened: The study.
        plan: The draft.
        prediction: Of the draft.
        measured: Whether just the draft was measured.
    """
    if prediction.drop is None or not plan.active():
        return
    details = _details(opened, prediction)
    if details:
        known = (
            prediction.entropy_interval, prediction.divergence_interval, prediction.worst_interval
        )  # fmt: skip
        st.caption(" · ".join(details) + (f". {BRACKETS}" if any(known) else ""))
    if len(plan.active()) == 1:
        st.caption("One part alone: read off its own curve.")
    elif prediction.error is not None:
        st.caption(_back_tested(prediction, prediction.error))
    else:
        st.caption(_unchecked(plan, prediction, measured))
        measure_buttons.combinations(opened, plan)


def gaps(opened: StudyFolder, plan: Plan, prediction: Prediction) -> None:
    """Show which parts no measurement covers, and offer to measure exactly those."""
    if not prediction.missing:
        return
    for gap in prediction.missing[:_GAPS]:
        beyond = f", {PAST}" if gap.beyond else ""
        st.caption(
            f":material/warning: {plain.text(gap.subject)}: {plain.text(gap.reason)}{beyond}"
        )
    if len(prediction.missing) > _GAPS:
        st.caption(f":material/warning: and {len(prediction.missing) - _GAPS} more layers")
    measure_buttons.points(opened, missing_sweeps(plan, prediction.missing), "measure gaps")


def _back_tested(prediction: Prediction, error: BackTest) -> str:
    words = prediction.words
    plans = counted(error.plans, f"{'other ' if error.other else ''}measured plan")
    few = " So few leave the interval wide." if error.plans < _FEW else ""
    return (
        f"By {prediction.predictor}. Back-tested: off by {words.drop(error.mean)} on average "
        f"over {plans}, at worst {words.drop(error.worst)}.{few}"
    )


def _unchecked(plan: Plan, prediction: Prediction, measured: bool) -> str:
    """What is needed until the interval is this study's own."""
    itself = "This one does not count for itself: an" if measured else "An"
    alike = f" with recovery {plan.recovery}" if plan.recovery != "none" else ""
    return (
        f"By {prediction.predictor}, from single layers; **not yet checked** on another measured "
        f"plan. {itself} interval of this study's own takes at least one"
        f"{' other' if measured else ''} that prunes two layers or groups or more{alike}."
    )


def _details(opened: StudyFolder, prediction: Prediction) -> list[str]:
    """Loss, divergence and the class that suffers most, where they are known."""
    found = []
    more, less = (" or more", " or less") if prediction.missing else ("", "")
    if math.isfinite(prediction.entropy):
        around = more or _around(prediction.entropy_interval, "{:+.3f}".format)
        found.append(f"Cross-entropy {prediction.entropy:+.3f} nats{around}")
    if math.isfinite(prediction.divergence):
        around = more or _around(prediction.divergence_interval, "{:.3f}".format)
        found.append(f"KL {prediction.divergence:.3f} nats{around}")
    worst = prediction.worst
    if worst is not None:
        names = opened.manifest.classes
        name = plain.text(names[worst.label] if worst.label < len(names) else worst.label)
        around = less or _around(prediction.worst_interval, units.percent)
        found.append(
            f"worst class {name}: {units.percent(worst.pruned)} recalled{around}, dense "
            f"{units.percent(worst.dense)}"
        )
    return found


def _around(interval: Interval | None, form: Callable[[float], str]) -> str:
    """The interval in brackets; nothing where too little is known."""
    return "" if interval is None else f" ({form(interval.low)} to {form(interval.high)})"
